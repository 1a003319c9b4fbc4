"""MMNet against the authors' own numbers, and what its options and modes do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import merbench_mmnet
import numpy as np
import pytest
import torch
from merbench_mmnet.network import DEVIATION, MEAN, MMNet
from merbench_mmnet.position import Block

CASES = ["3-class", "5-class"]
SMALL: dict[str, Any] = {"image_size": 32, "widths": (6, 4, 4, 8, 8), "pc_heads": 2, "spare": "none"}


def of_case(parity: Callable[[str], Any], name: str) -> tuple[Any, MMNet]:
    """The parity case of a script, and its network with the case's values."""
    case = parity(f"mmnet-{name.replace('-', '')}-script")
    options = dict(case.facts["config"])
    return case, case.load(MMNet(options.pop("outputs"), **options, spare=name))


@pytest.mark.parametrize("name", CASES)
def test_logits_gradients_and_size_are_those_of_the_authors_code(parity: Callable[[str], Any], name: str) -> None:
    case, network = of_case(parity, name)
    case.check(network, forward=network.logits)


def test_pixels_are_normalised_as_the_authors_do(parity: Callable[[str], Any]) -> None:
    case, network = of_case(parity, "3-class")
    mean, deviation = (torch.tensor(one)[:, None, None] for one in (MEAN, DEVIATION))
    pixels = torch.stack([255 * (image * deviation + mean) for image in case.inputs], 1)[:, :, None]
    with torch.no_grad():
        assert np.abs(network(pixels).numpy() - np.array(case.facts["logits"])).max() < 1e-4


def test_what_the_network_does_not_use_is_frozen_and_named(golden: Path) -> None:
    for name in CASES:
        norms = json.loads((golden / f"mmnet-{name.replace('-', '')}-script.json").read_text())["grad_norms"]
        network = MMNet(5, spare=name, pc_depth=3 if name == "3-class" else 2)
        frozen = {tensor for tensor, parameter in network.named_parameters() if not parameter.requires_grad}
        assert frozen == {tensor for tensor, norm in norms.items() if norm is None}
        buffers = {f"pos.1.{one}" for one in ("running_mean", "running_var", "num_batches_tracked")}
        assert set(network.unused_tensors) == frozen | buffers


def test_without_spare_tensors_the_same_is_computed() -> None:
    full, bare = MMNet(**{**SMALL, "spare": "3-class"}).eval(), MMNet(**SMALL).eval()
    missing, unexpected = bare.load_state_dict(full.state_dict(), strict=False)
    assert (missing, set(unexpected)) == ([], set(full.unused_tensors))
    assert bare.unused_tensors == ()
    images = pixels(3)
    assert torch.equal(full(images), bare(images))


def test_the_parameters_trained_by_default_are_as_many_as_listed() -> None:
    (model,) = merbench_mmnet.merbench_models()
    trained = [parameter.numel() for parameter in MMNet(3).parameters() if parameter.requires_grad]
    assert sum(trained) == model.parameters


def test_class_count_depth_and_widths_are_free() -> None:
    network = MMNet(7, **{**SMALL, "widths": (5, 6, 7, 8, 12), "pc_depth": 1, "pc_mlp_ratio": 3})
    assert network(pixels(2)).shape == (2, 7)


def test_evaluation_looks_at_the_exact_frames_alone() -> None:
    network, images = MMNet(**SMALL).eval(), pixels(4)
    neighbours_gone = images.clone()
    neighbours_gone[:, :, 1:] = 0
    assert torch.equal(network(images), network(neighbours_gone))
    assert torch.equal(network(images), network(images))


def test_training_draws_each_candidate_for_onset_and_apex_apart() -> None:
    torch.manual_seed(0)
    network = MMNet(**SMALL).train()
    numbers = torch.arange(12.0).reshape(2, 6)  # each candidate has a value of its own
    images = numbers[None, :, :, None, None, None].expand(3000, 2, 6, 1, 1, 1)
    drawn = network.drawn(images).flatten(1)
    pairs = (drawn[:, 0] * 6 + drawn[:, 1] - 6).long()
    assert drawn[:, 0].max() == 5
    assert drawn[:, 1].min() == 6
    # 36 pairs with the same chance: 83 of each are expected, with a standard deviation of 9
    assert 38 < pairs.bincount(minlength=36).min() <= pairs.bincount(minlength=36).max() < 128


def test_the_draw_follows_the_seed() -> None:
    network, images = MMNet(**SMALL).train(), pixels(8)
    torch.manual_seed(1)
    first, other = network.drawn(images), network.drawn(images)
    torch.manual_seed(1)
    assert torch.equal(network.drawn(images), first)
    assert not torch.equal(first, other)


def test_an_apex_equal_to_the_onset_leaves_the_position_branch_alone() -> None:
    network, images = MMNet(**SMALL).eval(), pixels(2)
    images[:, 1] = images[:, 0]
    assert torch.isfinite(network(images)).all()
    images[1] = images[0]
    logits = network(images)
    torch.testing.assert_close(logits[0], logits[1])


def test_blocks_are_left_out_in_training_alone_and_the_mean_stays() -> None:
    torch.manual_seed(0)
    block, part = Block(8, 2, 2, 0.3), torch.ones(4000, 3, 8)
    kept = block.train().kept(part)
    values = kept.flatten(1).unique()
    assert values.tolist() == pytest.approx([0, 1 / 0.7])
    assert kept.flatten(1).std(1).max() == 0  # a clip as a whole
    assert float(kept.mean()) == pytest.approx(1, abs=0.05)
    assert torch.equal(block.eval().kept(part), part)


def test_only_the_first_block_is_never_left_out() -> None:
    drops = [block.drop for block in MMNet(**SMALL, pc_drop_path=0.3).vit_pos.blocks]
    assert drops == pytest.approx([0, 0.15, 0.3])


def pixels(clips: int) -> torch.Tensor:
    return torch.randint(0, 256, (clips, 2, 6, 3, 32, 32), generator=torch.Generator().manual_seed(0)).float()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"classes": 0}, "classes is 0; it must be a whole number of at least 1"),
        ({"image_size": 100}, "image_size 100 is not a multiple of 16"),
        ({"image_size": 0}, "image_size is 0"),
        ({"widths": (8, 8, 8)}, r"widths is \(8, 8, 8\); it must be 5 numbers"),
        ({"widths": "8,8,8,8,8"}, "widths is '8,8,8,8,8'; it must be 5 numbers"),
        ({"widths": (8, 8, 0, 8, 8)}, r"widths\[2\] is 0"),
        ({"widths": (8, 8, 8, 8, 10)}, "the last of widths, 10, is not a multiple of pc_heads 4"),
        ({"pc_depth": 0}, "pc_depth is 0"),
        ({"pc_heads": True}, "pc_heads is True"),
        ({"pc_mlp_ratio": 2.5}, r"pc_mlp_ratio is 2\.5"),
        ({"pc_drop_path": 1.0}, r"pc_drop_path is 1\.0; it must lie in \[0, 1\)"),
        ({"spare": "7-class"}, "spare is '7-class'; it must be one of none, 3-class, 5-class"),
    ],
)
def test_an_option_out_of_range_is_named(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        MMNet(**options)


@pytest.mark.parametrize("shape", [(2, 6, 3, 64, 64), (2, 3, 32, 32), (1, 6, 3, 32, 32), (2, 6, 1, 32, 32)])
def test_images_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"built for images of shape \(2, candidates, 3, 32, 32\), not \("):
        MMNet(**SMALL)(torch.zeros(1, *shape))
