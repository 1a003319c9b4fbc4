"""CausalNet (Zhang et al., 2025): levels over four flow images, then attention between the phases of a movement.

Every detail comes from the authors' code (repository tony19980810/CausalNet, Models.py); the parameters have the names
and shapes of its checkpoints.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

import merbench
from merbench_causalnet.attention import TOKENS, CausalBlock, CrossBlock, joined, split
from merbench_causalnet.levels import Levels, Patches, Pointwise

__all__ = ["CausalNet"]

IMAGES, CHANNELS = 4, 3  # of a clip: two flows, then their directions; of an image
SUMMARIES = 3  # of four tokens each, which the classifier sees: both phases joined, and the first phase both ways


class CausalNet(nn.Module):
    """The network. The defaults are the shape that the authors' script trains (276.6 million parameters).

    The two flows pass one stack of levels, their directions another. Each image becomes four tokens. The directions
    attend to each other and are added to the flows; then each flow is read in the light of the other, in both orders.

    Args:
        classes: number of logits.
        image_size: rows and columns of an image, in pixels; 2**(levels - 1) patches a side must fit.
        dim: channels of the first level; each level has twice the channels of the one before.
        heads: attention heads of the first level.
        block_repeats: pairs of attention and feed-forward on each level, at least two levels; the last is also the
            number of layers between the directions.
        mlp_mult: width of hidden layers, in multiples of the channels.
        cross_heads: attention heads between images; they divide a quarter of the last level's channels.
        head_width: channels between the two linear layers of the classifier.
        gamma: at least 0; see `MaskedAttention`.

    Raises:
        ValueError: an option is out of range.
    """

    def __init__(
        self,
        classes: int = 3,
        *,
        image_size: int = 28,
        dim: int = 256,
        heads: int = 3,
        block_repeats: Sequence[int] = (3, 3, 9),
        mlp_mult: int = 4,
        cross_heads: int = 8,
        head_width: int = 2048,
        gamma: float = 0.5,
    ) -> None:
        super().__init__()
        merbench.check_whole(
            classes=classes, image_size=image_size, dim=dim, heads=heads, mlp_mult=mlp_mult, cross_heads=cross_heads,
            head_width=head_width,
        )  # fmt: skip
        repeats = _checked_repeats(block_repeats)
        side = 2 ** (len(repeats) - 1)
        width, rest = divmod(dim * side, TOKENS)
        _check_shape(image_size, side, dim, heads, width if not rest else 0, cross_heads)
        _check_gamma(gamma)
        self.image_size = image_size
        patch = image_size // side
        # The names of checkpoints: without a number for the flows, with 1 for the directions.
        self.to_patch_embedding = embedding(patch, dim)
        self.to_patch_embedding1 = embedding(patch, dim)
        self.layers = Levels(dim, heads, repeats, mlp_mult)
        self.layers1 = Levels(dim, heads, repeats, mlp_mult)
        self.CrossAttention = CrossAttention(width, repeats[-1], cross_heads, mlp_mult, gamma)
        self.cab = CausalAttention(width, cross_heads, mlp_mult, gamma)
        # Two linear layers with nothing between them, as in the authors' code.
        self.mlp_head = nn.Sequential(nn.Linear(SUMMARIES * TOKENS * width, head_width), nn.Linear(head_width, classes))

    def forward(self, images: Tensor) -> Tensor:
        """Logits `[batch, classes]` of clips `[batch, 4, 3, rows, columns]`, float32 of any scale.

        Raises:
            ValueError: the network was built for images of another shape.
        """
        wanted = (IMAGES, CHANNELS, self.image_size, self.image_size)
        if tuple(images.shape[1:]) != wanted:
            raise ValueError(f"CausalNet was built for clips of shape {wanted}, not {tuple(images.shape[1:])}")
        flows = self.tokens(images[:, :2], self.to_patch_embedding, self.layers)
        directions = self.tokens(images[:, 2:], self.to_patch_embedding1, self.layers1)
        rise, fall = (flow + direction for flow, direction in zip(flows, self.CrossAttention(*directions), strict=True))
        logits: Tensor = self.mlp_head(self.cab(rise, fall).flatten(1))
        return logits

    def tokens(self, images: Tensor, embed: nn.Module, levels: nn.Module) -> tuple[Tensor, Tensor]:
        """Two images of each clip, `[batch, 2, 3, rows, columns]`, to the tokens of each, `[batch, 4, width]`."""
        x = embed(images.flatten(0, 1))
        for level in levels.children():
            transformer, aggregate = level.children()
            x = aggregate(transformer(x))
        # Of four channels in turn, one goes to each token: the places of an image are not kept.
        clips, width = len(images), x.shape[-1] // TOKENS
        both = x.reshape(clips, 2, width, TOKENS).transpose(2, 3)
        return both[:, 0], both[:, 1]


class CrossAttention(nn.Module):
    """Layers in which the two images of directions attend to each other, with the same parameters both ways."""

    def __init__(self, width: int, depth: int, heads: int, mlp_mult: int, gamma: float) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ModuleList([nn.LayerNorm(width), CrossBlock(width, heads, gamma), hidden(width, mlp_mult)])
            for _ in range(depth)
        )

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Both images' tokens `[batch, 4, width]`, changed."""
        for layer in self.layers:
            norm, attention, feed_forward = layer.children()
            query = norm(second)
            # What is attended to is not normalised, and the second sees what the first has become.
            first = first + attention(norm(first), second)
            second = second + attention(query, first)
            first = first + feed_forward(first)
            second = second + feed_forward(second)
        return first, second


class CausalAttention(nn.Module):
    """Reads the rise before the fall and the fall before the rise, and mines what the two readings share."""

    def __init__(self, width: int, heads: int, mlp_mult: int, gamma: float) -> None:
        super().__init__()
        parts = [nn.LayerNorm(width), CausalBlock(width, heads, gamma), hidden(width, mlp_mult), Relation(width, heads)]
        self.layers = nn.ModuleList([nn.ModuleList(parts)])

    def forward(self, rise: Tensor, fall: Tensor) -> Tensor:
        """Tokens `[batch, 12, width]`: what both readings share, then the earlier phase of each reading."""
        (layer,) = self.layers
        norm, attention, feed_forward, relation = layer.children()

        def reading(earlier: Tensor, later: Tensor) -> list[Tensor]:
            return [phase + feed_forward(phase) for phase in attention(norm(earlier), norm(later))]

        forward, backward = reading(rise, fall), reading(fall, rise)
        return torch.cat([relation(forward[1], backward[1]), forward[0], backward[0]], 1)


class Relation(nn.Module):
    """Attention whose queries come from the forward reading, keys from the backward one, and values from their sum."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width) for _ in range(3))
        self.to_out = nn.Sequential(nn.Linear(width, width))

    def forward(self, forward: Tensor, backward: Tensor) -> Tensor:
        """Tokens `[batch, 4, width]`."""
        total = forward + backward
        q, k, v = (split(part, self.heads) for part in (self.to_q(forward), self.to_k(backward), self.to_v(total)))
        weights = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1)
        found: Tensor = self.to_out(joined(weights @ v) + total)
        return found


def embedding(patch: int, dim: int) -> nn.Sequential:
    """Images to a map of `dim` channels, a position for each patch."""
    return nn.Sequential(Patches(patch), Pointwise(CHANNELS * patch**2, dim))


def hidden(width: int, mlp_mult: int) -> nn.Sequential:
    """Two linear layers with GELU between; the last has the number 3, because the authors' code has a dropout of 0."""
    inner = width * mlp_mult
    return nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Identity(), nn.Linear(inner, width))


def _checked_repeats(block_repeats: Sequence[int]) -> tuple[int, ...]:
    if isinstance(block_repeats, str) or not isinstance(block_repeats, Sequence) or len(block_repeats) < 2:
        raise ValueError(f"block_repeats is one number for each of at least two levels, not {block_repeats!r}")
    merbench.check_whole(**{f"block_repeats[{level}]": repeat for level, repeat in enumerate(block_repeats)})
    return tuple(block_repeats)


def _check_shape(image_size: int, side: int, dim: int, heads: int, width: int, cross_heads: int) -> None:
    if image_size % side:
        raise ValueError(f"image_size {image_size} is not a multiple of {side}, the patches a side of as many levels")
    if heads > dim:
        raise ValueError(f"{heads} heads cannot share dim {dim}: a head needs at least one channel")
    if not width or width % cross_heads:
        channels = f"the last level's {dim * side} channels"
        raise ValueError(f"a quarter of {channels} is not a multiple of {cross_heads} heads")


def _check_gamma(gamma: object) -> None:
    if not isinstance(gamma, int | float) or isinstance(gamma, bool) or not 0 <= gamma < float("inf"):
        raise ValueError(f"gamma is {gamma!r}; it must be a number of at least 0")
