"""CausalNet against the authors' own numbers, and what its options do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from merbench_causalnet.attention import CausalBlock, CrossBlock
from merbench_causalnet.levels import Convolution
from merbench_causalnet.network import CausalNet
from torch.nn import functional

SMALL: dict[str, Any] = {"dim": 16, "heads": 3, "block_repeats": (1, 1, 2), "cross_heads": 2, "head_width": 8}
# The last level's position scalars shift all channels of a token alike, and layer norms take that shift out again: for
# the flows altogether, so that the gradient is zero, for the directions nearly. A shift of all keys changes no softmax.
# In float64, the three norms are 4e-19, .00508534 and 1e-17; the case has 1e-9, .00507932 and 7e-9 in float32.
ROUNDED = {"layers.2.0.pos_emb", "layers1.2.0.pos_emb", "cab.layers.0.3.to_k.bias"}
ROUNDING = 1e-5


def clips(count: int) -> torch.Tensor:
    return torch.randn(count, 4, 3, 28, 28, generator=torch.Generator().manual_seed(0))


@pytest.mark.slow
def test_logits_gradients_and_size_are_those_of_the_authors_code(parity: Callable[[str], Any]) -> None:
    case = parity("causalnet")
    config = dict(case.facts["config"])
    assert config.pop("num_hierarchies") == len(config["block_repeats"])
    assert config.pop("patch_size") == config["image_size"] // 2 ** (len(config["block_repeats"]) - 1)
    network = case.load(CausalNet(**config))
    case.check(network, rounding=ROUNDING)
    norms = {name: float(one.grad.norm()) for name, one in network.named_parameters() if name not in ROUNDED}
    assert norms == pytest.approx({name: case.facts["grad_norms"][name] for name in norms}, rel=1e-3)


def test_the_constants_in_the_authors_checkpoints_are_compared_with_gamma() -> None:
    network = CausalNet(**SMALL, gamma=0.3)
    masks = {
        f"{name}.{constant}": getattr(module, constant)
        for name, module in network.named_modules()
        for constant in ("M_mask", "P_matrix")
        if hasattr(module, constant)
    }
    assert len(masks) == 2 * (SMALL["block_repeats"][-1] + 1)
    state = {**network.state_dict(), **masks}
    CausalNet(**SMALL, gamma=0.3).load_state_dict(state, strict=True)
    with pytest.raises(RuntimeError, match=r"cab\.layers\.0\.1\.P_matrix belongs to another gamma"):
        CausalNet(**SMALL, gamma=0.4).load_state_dict(state)


def test_a_token_does_not_see_the_opposite_one_but_loses_weight_to_it() -> None:
    block = CrossBlock(4, 1, gamma=0.5)
    with torch.no_grad():
        for layer in (block.to_q, block.to_kv):
            layer.weight.zero_()
            layer.bias.zero_()
        block.to_kv.bias[4:] = 1  # every value is 1, so what is found is the sum of the weights
        block.to_out[0].weight.copy_(torch.eye(4))
        block.to_out[0].bias.zero_()
    found = block(torch.randn(1, 4, 4), torch.randn(1, 4, 4))[0, :, 0]
    # Three scores of 0, and -gamma times the opposite token's number: 4, 3, 2, 1 for the tokens 1, 2, 3, 4.
    opposite = torch.exp(-0.5 * torch.tensor([4.0, 3, 2, 1]))
    torch.testing.assert_close(found, 3 / (3 + opposite))
    first = torch.zeros(1, 4, 4)
    changed = first.clone()
    changed[0, 3] = 100
    with torch.no_grad():
        block.to_kv.weight.normal_()
    difference = (block(first, changed) - block(first, first))[0].abs().sum(1)
    assert difference[0] == 0
    assert (difference[1:] > 0).all()


def test_only_the_later_phase_learns_of_the_other() -> None:
    torch.manual_seed(0)
    block, first, second = CausalBlock(8, 2, 0.5), torch.randn(2, 4, 8), torch.randn(2, 4, 8)
    earlier, later = block(first, second)
    assert torch.equal(block(first, second + 1)[0], earlier)
    assert not torch.allclose(block(first + 1, second)[1], later)


def test_flows_and_directions_have_weights_of_their_own_and_the_two_phases_share_them() -> None:
    network = CausalNet(**SMALL)
    tokens = network.tokens(clips(3)[:, :2], network.to_patch_embedding, network.layers)
    swapped = network.tokens(clips(3)[:, :2].flip(1), network.to_patch_embedding, network.layers)
    torch.testing.assert_close(swapped, (tokens[1], tokens[0]))
    directions = network.tokens(clips(3)[:, :2], network.to_patch_embedding1, network.layers1)
    assert not torch.allclose(directions[0], tokens[0])


def test_each_of_the_four_images_counts_and_a_clip_does_not_see_another() -> None:
    network = CausalNet(**SMALL).eval()
    logits = network(clips(3))
    for image in range(4):
        changed = clips(3)
        changed[0, image] += 1
        found = network(changed)
        assert not torch.allclose(found[0], logits[0])
        torch.testing.assert_close(found[1:], logits[1:])


@pytest.mark.parametrize("sides", [(4, 4), (2, 2), (3, 5), (1, 2)])
def test_the_convolution_is_torchs_own_at_every_border(sides: tuple[int, int]) -> None:
    torch.manual_seed(0)
    convolution, x = Convolution(3, 4), torch.randn(2, *sides, 3)
    wanted = functional.conv2d(x.permute(0, 3, 1, 2), convolution.weight, convolution.bias, padding=1)
    torch.testing.assert_close(convolution(x), wanted.permute(0, 2, 3, 1))


@pytest.mark.parametrize(
    "options",
    [
        {"classes": 7, "mlp_mult": 2, "gamma": 0},
        {"block_repeats": (1, 2), "dim": 8, "heads": 8, "cross_heads": 1},
        {"block_repeats": (1, 1, 2), "image_size": 56},
    ],
)
def test_shapes_are_free(options: dict[str, Any]) -> None:
    size = options.get("image_size", 28)
    assert CausalNet(**{**SMALL, **options})(torch.zeros(2, 4, 3, size, size)).shape == (2, options.get("classes", 3))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"classes": 0}, "classes is 0; it must be a whole number of at least 1"),
        ({"image_size": 30}, "image_size 30 is not a multiple of 4"),
        ({"dim": 2.5}, r"dim is 2\.5; it must be a whole number"),
        ({"dim": 15, "cross_heads": 4}, "a quarter of the last level's 60 channels is not a multiple of 4 heads"),
        ({"dim": 5, "block_repeats": (1, 1)}, "a quarter of the last level's 10 channels is not a multiple of 2 heads"),
        ({"heads": 17}, "17 heads cannot share dim 16"),
        ({"block_repeats": (2,)}, "one number for each of at least two levels"),
        ({"block_repeats": "3,3,9"}, "one number for each of at least two levels"),
        ({"block_repeats": (2, 0, 2)}, r"block_repeats\[1\] is 0"),
        ({"gamma": -0.1}, r"gamma is -0\.1; it must be a number of at least 0"),
        ({"gamma": float("nan")}, "gamma is nan"),
        ({"gamma": True}, "gamma is True"),
    ],
)
def test_an_option_out_of_range_is_named(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        CausalNet(**{**SMALL, **options})


@pytest.mark.parametrize("shape", [(4, 3, 56, 56), (3, 3, 28, 28), (3, 28, 28)])
def test_clips_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"built for clips of shape \(4, 3, 28, 28\), not \("):
        CausalNet(**SMALL)(torch.zeros(1, *shape))
