"""HSTA against the authors' own numbers, and its parts against what they are said to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from merbench_hsta.blocks import FEW_TOKENS, CrossBlock, DropPath, TubeletEmbedding, attend
from merbench_hsta.network import HSTA, drop_paths, flow_pictures, sine_positions
from torch import Tensor, nn

SMALL: dict[str, Any] = {
    "image_size": 32,
    "frames": 4,
    "patch_sizes": (6, 8),
    "embed_dims": (12, 24),
    "heads": (2, 3),
    "stages": 2,
}

# A softmax does not see the bias of CSTA's keys: what is computed as its gradient is rounding.
CANCELLED = ".attn.wk.bias"
ROUNDING = 1e-8


@pytest.mark.parametrize("name", ["hsta-small", "hsta-base"])
def test_logits_gradients_and_size_are_those_of_the_authors_code(parity: Callable[[str], Any], name: str) -> None:
    case = parity(name)
    options = dict(case.facts["config"])
    depths = options.pop("depth")
    assert options.pop("head_mode") == "concatenated class tokens"
    assert depths == [[*depths[0][:2], 0]] * len(depths)
    network = case.load(HSTA(**options, stages=len(depths), depth=depths[0][:2]))
    assert all(case.facts["grad_norms"][one] < ROUNDING for one, _ in network.named_parameters() if CANCELLED in one)

    def of_pixels(frames: Tensor) -> Tensor:
        return network((frames.transpose(1, 2) * network.image_std + network.image_mean) * 255)

    case.check(network, ROUNDING, of_pixels)


def test_a_tubelet_is_what_a_strided_convolution_makes_of_it() -> None:
    torch.manual_seed(0)
    embedding, frames = TubeletEmbedding(5, 6, 2, 32, 4), torch.randn(2, 4, 3, 32, 32)
    wanted = embedding.proj(frames.transpose(1, 2)).flatten(2).transpose(1, 2)
    assert embedding.tokens == wanted.shape[1] == 2 * 5 * 5
    torch.testing.assert_close(embedding(frames), wanted)


def test_positions_are_sines_and_cosines_of_falling_frequency() -> None:
    found = sine_positions(3, 4)
    assert found[0].tolist() == [0, 1, 0, 1]
    wanted = np.array([np.sin(2), np.cos(2), np.sin(0.02), np.cos(0.02)])
    np.testing.assert_allclose(found[2].numpy(), wanted, rtol=1e-6)


def test_a_class_token_attends_to_itself_and_to_the_patches_alone() -> None:
    """Where all tokens are equal to a norm, attention is the value of any of them, whatever their number."""
    torch.manual_seed(0)
    block, token = CrossBlock(8, 2, 0.0), torch.randn(1, 1, 8)
    alone = block(token)
    torch.testing.assert_close(alone, token + block.attn.proj(block.attn.wv(block.norm1(token))))
    torch.testing.assert_close(block(token.expand(1, 7, 8)), alone)
    assert not torch.allclose(block(torch.cat((token, torch.randn(1, 6, 8)), 1)), alone)


def test_crossmodal_attention_looks_at_the_own_class_token_and_the_others_patches() -> None:
    torch.manual_seed(0)
    stage = HSTA(**SMALL).blocks[0]
    own, other = torch.randn(1, 5, 12), torch.randn(1, 7, 24)
    before = stage.crossed(0, own, other)
    assert torch.equal(before[:, 1:], own[:, 1:]), "its own patches pass unchanged"

    def class_token(own: Tensor, other: Tensor) -> Tensor:
        return stage.crossed(0, own, other)[:, 0]

    def changed(x: Tensor, place: int) -> Tensor:
        return torch.cat((x[:, :place], torch.randn_like(x[:, :1]), x[:, place + 1 :]), 1)

    assert torch.equal(class_token(changed(own, 3), other), before[:, 0]), "not at its own patches"
    assert torch.equal(class_token(own, changed(other, 0)), before[:, 0]), "not at the other's class token"
    assert not torch.allclose(class_token(changed(own, 0), other), before[:, 0])
    assert not torch.allclose(class_token(own, changed(other, 6)), before[:, 0])


def test_pictures_are_scaled_by_imagenets_mean_and_deviation() -> None:
    network = HSTA(**SMALL).eval()
    grey = torch.full((1, 6, 3, 32, 32), 255 * 0.5)
    scaled = torch.tensor([(0.5 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, (0.5 - 0.406) / 0.225])
    frames = scaled[:, None, None].expand(1, 4, 3, 32, 32)
    torch.testing.assert_close(network(grey), network.classify(frames[:, :2], frames))


def test_each_branch_sees_its_own_pictures() -> None:
    torch.manual_seed(0)
    network, video = HSTA(**SMALL).eval(), 255 * torch.rand(1, 6, 3, 32, 32)
    seen: list[Tensor] = []
    network.classify = lambda *branches: seen.extend(branches)  # type: ignore[method-assign, assignment]
    network(video)
    special, frames = ((one * network.image_std + network.image_mean) * 255 for one in seen)
    torch.testing.assert_close(special, video[:, 4:])
    torch.testing.assert_close(frames, video[:, :4])


def test_flow_enters_as_two_pictures_of_u_v_and_magnitude() -> None:
    flow = torch.tensor([3.0, 4.0])[None, :, None, None].expand(1, 2, 6, 6)
    pictures = flow_pictures(flow)
    assert pictures.shape == (1, 2, 3, 6, 6)
    assert pictures[0, :, :, 2, 2].tolist() == [[3, 4, 5]] * 2


@pytest.mark.parametrize("tokens", [FEW_TOKENS, FEW_TOKENS + 1], ids=["plain products", "torch's kernel"])
def test_attention_is_softmax_of_scaled_products(tokens: int) -> None:
    torch.manual_seed(0)
    query, key, value = torch.randn(2, 3, 8), torch.randn(2, tokens, 8), torch.randn(2, tokens, 8)
    for head in (slice(0, 4), slice(4, 8)):
        weights = (query[..., head] @ key[..., head].mT / 2).softmax(-1)
        torch.testing.assert_close(attend(query, key, value, 2)[..., head], weights @ value[..., head])


@pytest.mark.parametrize(
    "options",
    [
        {"head": "last-tokens"},
        {"head": "mean"},
        {"stages": 1, "depth": (3, 1)},
        {"tubelet": 1, "frames": 3},
        {"special": "flow"},
        {"dropout": 0.5, "head_dropout": 0.5, "drop_path": 0.5},
        {"classes": 7},
    ],
    ids=str,
)
def test_every_option_runs_and_trains_every_parameter(options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    network = HSTA(**{**SMALL, **options})
    clips = [255 * torch.rand(16, network.frames + 2, 3, 32, 32)]
    if network.special == "flow":
        clips.append(torch.randn(16, 2, 32, 32))
    logits = network(*clips)
    logits.logsumexp(1).sum().backward()
    assert logits.shape == (16, options.get("classes", 3))
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_the_heads_see_class_tokens_last_tokens_or_the_mean() -> None:
    torch.manual_seed(0)
    video = 255 * torch.rand(2, 6, 3, 32, 32)
    tokens: list[Tensor] = []
    for head in ("class-tokens", "last-tokens", "mean"):
        network = HSTA(**SMALL, head=head).eval()
        tokens.clear()
        for norm in network.norm:
            norm.register_forward_hook(lambda module, inputs, output: tokens.append(output))
        network.head = nn.Identity()
        seen = network(video)
        wanted = {
            "class-tokens": [one[:, 0] for one in tokens],
            "last-tokens": [one[:, place] for place in (0, -1) for one in tokens],
            "mean": [one.mean(1) for one in tokens],
        }
        assert torch.equal(seen, torch.cat(wanted[head], 1))


def test_randomness_acts_in_training_alone() -> None:
    torch.manual_seed(0)
    video = 255 * torch.rand(4, 6, 3, 32, 32)
    for option in ("dropout", "head_dropout", "drop_path"):
        network = HSTA(**SMALL, **{option: 0.5})
        assert not torch.equal(network.train()(video), network(video)), option
        assert torch.equal(network.eval()(video), network(video)), option


def test_drop_path_leaves_out_whole_clips_and_makes_up_for_them() -> None:
    torch.manual_seed(0)
    found = DropPath(0.25).train()(torch.ones(4000, 3, 2))
    per_clip = found.flatten(1)
    assert torch.equal(per_clip, per_clip[:, :1].expand_as(per_clip))
    kept = per_clip[:, 0] > 0
    assert torch.allclose(per_clip[kept], torch.tensor(4 / 3))
    assert 0.72 < kept.float().mean() < 0.78  # 4 standard deviations


def test_drop_path_grows_in_equal_steps_over_the_blocks_of_all_stages() -> None:
    assert drop_paths(0.3, 2, (1, 2)) == [
        [[0.0], pytest.approx([0.0, 0.1])],
        [pytest.approx([0.2]), pytest.approx([0.2, 0.3])],
    ]


def test_layers_are_counted_from_the_input_and_cover_every_parameter() -> None:
    network = HSTA(**SMALL)
    layers = [network.layer_of(name) for name, _ in network.named_parameters()]
    assert layers == sorted(layers), "parameters stand in the order of the computation"
    assert set(layers) == {0, 1, 2, 3}
    assert network.layer_of("cls_token.1") == network.layer_of("patch_embed.0.proj.weight") == 0
    assert network.layer_of("blocks.1.fusion.0.attn.wq.weight") == 2
    assert network.layer_of("norm.0.weight") == network.layer_of("head.bias") == 3
    with pytest.raises(ValueError, match=r"no parameter 'pos_embed'"):
        network.layer_of("pos_embed")
