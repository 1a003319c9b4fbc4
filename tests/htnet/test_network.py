"""HTNet against the authors' own numbers, and its two ways of attending against each other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from merbench_htnet.network import Attention, Convolution, HTNet
from torch.nn import functional

SMALL: dict[str, Any] = {"dim": 24, "heads": 3, "block_repeats": (1, 2, 2)}
MULTITOKEN: dict[str, Any] = {"image_size": 56, "dim": 24, "heads": 3, "block_repeats": (2, 2)}
CASES = ["htnet-published", "htnet-small", "htnet-multitoken"]

# The last level's position scalars shift all channels of a token alike, and every layer norm after them takes that
# shift out again: their gradient is zero, and what is computed is rounding. All other norms are above 1e-3.
ROUNDING = 1e-5


@pytest.mark.parametrize("name", CASES)
def test_logits_gradients_and_size_are_those_of_the_authors_code(parity: Callable[[str], Any], name: str) -> None:
    case = parity(name)
    config = dict(case.facts["config"])
    assert config.pop("num_hierarchies") == len(config["block_repeats"])
    case.check(case.load(HTNet(**config)), rounding=ROUNDING)


def test_only_the_last_position_scalars_have_a_gradient_of_mere_rounding(golden: Path) -> None:
    for name in CASES:
        case = json.loads((golden / f"{name}.json").read_text())
        last = len(case["config"]["block_repeats"]) - 1
        tiny = [tensor for tensor, norm in case["grad_norms"].items() if norm < 100 * ROUNDING]
        assert tiny == [f"layers.{last}.0.pos_emb"]


@pytest.mark.parametrize("sides", [(2, 2), (4, 4), (3, 5), (1, 2)])
def test_the_convolution_is_torchs_own_at_every_border(sides: tuple[int, int]) -> None:
    torch.manual_seed(0)
    convolution, x = Convolution(3, 4), torch.randn(2, *sides, 3)
    wanted = functional.conv2d(x.permute(0, 3, 1, 2), convolution.weight, convolution.bias, padding=1)
    torch.testing.assert_close(convolution(x), wanted.permute(0, 2, 3, 1))


def gradients(network: HTNet, image: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    network.zero_grad()
    logits = network(image)
    functional.cross_entropy(logits, torch.arange(len(image)) % 3).backward()
    return logits.detach(), {name: p.grad.clone() for name, p in network.named_parameters()}


def test_the_one_token_path_equals_the_general_path(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network, image = HTNet(**SMALL), torch.randn(6, 3, 28, 28)
    logits, short = gradients(network, image)
    monkeypatch.setattr(Attention, "one_token_per_block", Attention.general)
    general_logits, general = gradients(network, image)

    torch.testing.assert_close(logits, general_logits)
    torch.testing.assert_close(short, general, rtol=1e-4, atol=1e-6)


def test_the_published_shape_takes_the_one_token_path_and_four_tokens_the_general_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = []
    monkeypatch.setattr(Attention, "one_token_per_block", lambda self, x: taken.append("one") or x)
    monkeypatch.setattr(Attention, "general", lambda self, x: taken.append("general") or x)
    HTNet(**SMALL)(torch.zeros(1, 3, 28, 28))
    assert set(taken) == {"one"}
    taken.clear()
    HTNet(**MULTITOKEN)(torch.zeros(1, 3, 56, 56))
    assert set(taken) == {"general"}


def test_query_and_key_get_zero_gradient_where_a_token_is_alone() -> None:
    network = HTNet(**SMALL)
    _, found = gradients(network, torch.randn(2, 3, 28, 28))
    gradient = found["layers.0.0.layers.0.0.fn.to_qkv.weight"]
    assert not gradient[:48].any()
    assert gradient[48:].any()


def test_dropout_acts_in_training_alone() -> None:
    torch.manual_seed(0)
    network, image = HTNet(**SMALL, dropout=0.5), torch.randn(2, 3, 28, 28)
    assert not torch.equal(network.train()(image), network(image))
    assert torch.equal(network.eval()(image), network(image))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"image_size": 30}, "image_size 30 is not a multiple of patch_size 7"),
        ({"block_repeats": (1, 1, 1, 1)}, "4 levels need a multiple of 8 patches a side"),
        ({"block_repeats": ()}, "one number per level"),
        ({"block_repeats": "2,2"}, "one number per level"),
        ({"block_repeats": 3}, "one number per level"),
        ({"block_repeats": (2, 0, 2)}, r"block_repeats\[1\] is 0"),
        ({"heads": 0}, "heads is 0"),
        ({"heads": 300}, "300 heads cannot share dim 256"),
        ({"dim": 2.5}, r"dim is 2\.5; it must be a whole number"),
        ({"dropout": 1.0}, "dropout is 1.0"),
    ],
)
def test_an_option_out_of_range_is_named(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        HTNet(**options)


def test_images_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"built for images of shape \(3, 28, 28\), not \(3, 56, 56\)"):
        HTNet(**SMALL)(torch.zeros(1, 3, 56, 56))
