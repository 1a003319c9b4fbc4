"""Numbers drawn by key: the generator's published answers, and what dropout and `torch.rand` make of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import vmap
from torch.nn import functional

from merbench.engine.draws import KeyedDraws, draw_keys, philox
from merbench.engine.loop import Group, train_group

ONES = 0xFFFFFFFF
# rounds, counter, key → words: the known answers that the generator's authors release with it (Random123, kat_vectors).
ANSWERS = [
    (7, (0, 0), 0, (0x257A3673, 0xCD26BE2A)),
    (7, (ONES, ONES), ONES, (0xAB302C4D, 0x3DC9D239)),
    (7, (0x243F6A88, 0x85A308D3), 0x13198A2E, (0xBEDBBE6B, 0xE4C770B3)),
    (10, (0, 0), 0, (0xFF1DAE59, 0x6CD10DF2)),
    (10, (ONES, ONES), ONES, (0x2C3F628B, 0xAB4FD7AD)),
    (10, (0x243F6A88, 0x85A308D3), 0x13198A2E, (0xDD7CE038, 0xF62A4C12)),
]
KEY = torch.tensor(1234)


def uniform(*size: int, key: Tensor = KEY) -> Tensor:
    return KeyedDraws(key).uniform(size)


@pytest.mark.parametrize(("rounds", "counter", "key", "words"), ANSWERS)
def test_the_generator_gives_its_authors_answers(rounds, counter, key, words) -> None:
    low, high = (torch.tensor(word) for word in counter)
    assert tuple(word.item() for word in philox(low, high, torch.tensor(key), rounds)) == words


def test_numbers_spread_evenly_below_one_and_do_not_follow_each_other() -> None:
    numbers = uniform(100, 1000)
    assert numbers.dtype == torch.float32
    assert 0 <= numbers.min() < 1e-3
    assert 1 - 1e-3 < numbers.max() < 1
    counts = torch.histc(numbers, 10, 0, 1)
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 27.9  # chi-squared of 9 degrees: exceeded once in a thousand
    flat = numbers.flatten()
    for other in (flat[1:], flat[2:], uniform(100, 1000, key=KEY + 1).flatten()):
        assert abs(torch.corrcoef(torch.stack((flat[: len(other)], other)))[0, 1]) < 4 / len(flat) ** 0.5


def test_a_longer_draw_begins_with_the_shorter_one() -> None:
    assert torch.equal(uniform(7, 3)[:4], uniform(4, 3))
    assert torch.equal(uniform(5), uniform(6)[:5])


def test_the_next_draw_is_another_and_all_of_them_come_again() -> None:
    one, other = KeyedDraws(KEY), KeyedDraws(KEY)
    first, second = one.uniform((8,)), one.uniform((8,))
    assert not torch.equal(first, second)
    assert torch.equal(other.uniform((8,)), first)
    assert torch.equal(other.uniform((8,)), second)


def test_under_vmap_each_key_gives_what_it_gives_alone() -> None:
    keys, x = torch.tensor([3, 4, 5]), torch.randn(3, 6, 5)

    def drawn(key: Tensor, x: Tensor) -> Tensor:
        with KeyedDraws(key):
            return functional.dropout(x, 0.3) + torch.rand(6, 1)

    together = vmap(drawn, randomness="error")(keys, x)
    for index in range(3):
        assert torch.equal(together[index], drawn(keys[index], x[index]))
    assert not torch.equal(together[0] - x[0], together[1] - x[1])


@pytest.mark.parametrize("p", [0.2, 0.5])
def test_dropout_leaves_out_the_share_that_it_is_told_and_makes_up_for_it(p: float) -> None:
    x = torch.ones(200, 500, requires_grad=True)
    with KeyedDraws(KEY):
        y = functional.dropout(x, p)
    left_out = (y == 0).float().mean().item()
    assert abs(left_out - p) < 4 * (p * (1 - p) / x.numel()) ** 0.5
    assert torch.allclose(y[y > 0], torch.tensor(1 / (1 - p)))
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert torch.equal(gradient, y)


def test_dropout_of_nothing_or_in_evaluation_hands_on_what_it_is_given() -> None:
    x = torch.randn(3, 4)
    with KeyedDraws(KEY) as draws:
        assert functional.dropout(x, 0.0) is x
        assert nn.Dropout(0.5).eval()(x) is x
        assert not functional.dropout(x, 1.0).any()
        assert draws.draws == 1


def test_dropout_keeps_the_dtype_and_can_work_in_place() -> None:
    x = torch.ones(64, dtype=torch.bfloat16)
    with KeyedDraws(KEY):
        y = functional.dropout(x, 0.5, inplace=True)
    assert y is x
    assert sorted(set(x.tolist())) == [0, 2]
    with KeyedDraws(KEY):
        again = nn.Dropout(0.5)(torch.ones(64, dtype=torch.bfloat16))
    assert again.dtype == torch.bfloat16
    assert torch.equal(again, x)


def test_dropout_of_channels_drops_whole_channels_by_the_numbers_of_the_key() -> None:
    with KeyedDraws(KEY):
        found = nn.Dropout2d(0.25)(torch.ones(2, 3, 4, 4))
    with KeyedDraws(KEY):
        kept = torch.rand(2, 3, 1, 1) >= 0.25
    assert torch.equal(found, (kept / 0.75).expand(2, 3, 4, 4))


@pytest.mark.parametrize("sizes", [(2, 3), ((2, 3),), ([2, 3],), (torch.Size([2, 3]),)], ids=str)
@pytest.mark.parametrize("device", [None, "cpu", torch.device("cpu")])
def test_rand_takes_its_sizes_in_either_way_and_its_device(sizes: Any, device: Any) -> None:
    with KeyedDraws(KEY):
        assert torch.equal(torch.rand(*sizes, device=device), uniform(2, 3))


@pytest.mark.parametrize(
    "draw",
    [
        lambda: torch.randn(4),
        lambda: torch.rand(4, dtype=torch.float64),
        lambda: torch.rand(4, generator=torch.Generator().manual_seed(7)),
        lambda: torch.rand(size=(4,)),
        lambda: nn.AlphaDropout()(torch.ones(2, 3)),
    ],
    ids=["randn", "dtype", "generator", "size", "alpha"],
)
def test_what_is_drawn_in_another_way_is_torchs_own(draw: Callable[[], Tensor]) -> None:
    torch.manual_seed(0)
    wanted = draw()
    torch.manual_seed(0)
    with KeyedDraws(KEY):
        assert torch.equal(draw(), wanted)


def test_a_share_out_of_range_is_refused_as_torch_refuses_it() -> None:
    with KeyedDraws(KEY), pytest.raises(ValueError, match=r"got 1\.5"):
        functional.dropout(torch.ones(3), 1.5)


class Marking(nn.Module):
    """Keeps what it leaves out of 64 ones in every training step."""

    def __init__(self, masks: list[Tensor]) -> None:
        super().__init__()
        self.masks, self.head = masks, nn.Linear(3 * 784, 3)

    def forward(self, flow: Tensor) -> Tensor:
        if self.training:
            self.masks.append(functional.dropout(torch.ones(64)))
        logits: Tensor = self.head(flow.flatten(1))
        return logits


def test_every_step_of_every_epoch_leaves_out_something_else(make_task, make_folds) -> None:
    masks: list[Tensor] = []
    train_group(Group(make_task(lambda: Marking(masks), epochs=2), make_folds([20]), stacked=False))
    assert len(masks) == 2 * 3
    assert len(torch.stack(masks).unique(dim=0)) == len(masks)


def test_in_bf16_a_fold_leaves_out_the_same_alone_and_beside_others(make_task, make_folds) -> None:
    def network() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(2352, 64), nn.Dropout(0.5), nn.Linear(64, 3))

    task, folds = make_task(network, optimizer="sgd", standardize=True, precision="bf16"), make_folds([20, 17])
    for fold, found in zip(folds, train_group(Group(task, folds, stacked=True)), strict=True):
        (alone,) = train_group(Group(task, [fold], stacked=False))
        (other,) = train_group(Group(task, [replace(fold, seed=fold.seed + 1)], stacked=False))
        # bfloat16 keeps 8 bits: losses of about 1 err by 2**-8, those under other masks by far more
        assert np.abs(np.subtract(found.loss, alone.loss)).max() < 0.01
        assert np.abs(np.subtract(found.loss, other.loss)).max() > 0.05


def test_keys_differ_by_fold_epoch_and_step_and_come_again(make_folds) -> None:
    folds = make_folds([20, 17])
    keys = torch.stack([draw_keys(folds, epoch, step) for epoch in range(3) for step in range(4)])
    assert len(keys.unique()) == keys.numel()
    assert torch.equal(draw_keys(folds[::-1], 2, 3), keys[-1].flip(0))
