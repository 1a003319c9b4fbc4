"""CausalNet's way from a flow image to one vector: HTNet's levels with one token per block, computed channels-last.

Some layers are HTNet's too. They are written twice because a plugin imports no other plugin.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Levels", "Patches", "Pointwise"]

EPSILON = 1e-5  # of every layer norm, as in the authors' code


def Levels(dim: int, heads: int, block_repeats: tuple[int, ...], mlp_mult: int) -> nn.ModuleList:  # noqa: N802
    """Pairs of a transformer and what leads to the next level; names as in checkpoints."""
    levels = nn.ModuleList()
    for level, repeats in enumerate(block_repeats):
        width, last = dim * 2**level, level == len(block_repeats) - 1
        transformer = Transformer(width, heads * 2**level, repeats, mlp_mult)
        levels.append(nn.ModuleList([transformer, nn.Identity() if last else aggregation(width)]))
    return levels


class Patches(nn.Module):
    """Images `[batch, channel, row, column]` to a map of vectors, one per patch: pixel row, pixel column, channel."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, image: Tensor) -> Tensor:
        """`[batch, rows, columns, vector]`."""
        batch, channels, rows, columns = image.shape
        grid = image.reshape(batch, channels, rows // self.size, self.size, columns // self.size, self.size)
        return grid.permute(0, 2, 4, 3, 5, 1).flatten(3)


class Pointwise(nn.Conv2d):
    """A 1x1 convolution over maps `[batch, row, column, channel]`: parameters of a Conv2d, computed as a product."""

    def __init__(self, width_in: int, width_out: int, *, bias: bool = True) -> None:
        super().__init__(width_in, width_out, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Project the last axis."""
        return project(x, self.weight.flatten(1), self.bias)


class Convolution(nn.Conv2d):
    """A 3x3 convolution, zero-padded by 1, over the same maps, computed as one product."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__(width_in, width_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """A map of the same rows and columns."""
        # Slices and one product, so that many folds stay one batched product under torch.func.vmap.
        rows, columns = x.shape[1:3]
        padded = functional.pad(x, (0, 0, 1, 1, 1, 1))
        shifts = [padded[:, down : down + rows, right : right + columns] for down in range(3) for right in range(3)]
        return project(torch.cat(shifts, -1), self.weight.permute(0, 2, 3, 1).flatten(1), self.bias)


class ChannelNorm(nn.Module):
    """Layer norm over the last axis; gain and bias have the authors' names and shapes."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.g = nn.Parameter(torch.ones(1, width, 1, 1))
        self.b = nn.Parameter(torch.zeros(1, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Each position normalised over its channels (biased variance)."""
        return functional.layer_norm(x, x.shape[-1:], self.g.flatten(), self.b.flatten(), EPSILON)


class Pool(nn.Module):
    """Maximum over 3x3 neighbourhoods with stride 2: halves rows and columns."""

    def forward(self, x: Tensor) -> Tensor:
        """A map with half the rows and columns."""
        return functional.max_pool2d(x.permute(0, 3, 1, 2), 3, stride=2, padding=1).permute(0, 2, 3, 1)


def aggregation(width: int) -> nn.Sequential:
    """The layers between two levels: twice the channels, half the rows and columns."""
    return nn.Sequential(Convolution(width, 2 * width), ChannelNorm(2 * width), Pool())


class Transformer(nn.Module):
    """One level, on maps `[batch, row, column, channel]` in which each position is a block of its own."""

    def __init__(self, width: int, heads: int, repeats: int, mlp_mult: int) -> None:
        super().__init__()
        self.pos_emb = nn.Parameter(torch.randn(1))
        self.layers = nn.ModuleList(
            nn.ModuleList([PreNorm(width, LoneAttention(width, heads)), PreNorm(width, FeedForward(width, mlp_mult))])
            for _ in range(repeats)
        )

    def forward(self, x: Tensor) -> Tensor:
        """A map of the same shape."""
        x = x + self.pos_emb
        for layer in self.layers:
            attention, feed_forward = layer.children()
            x = x + attention(x)
            x = x + feed_forward(x)
        return x


class PreNorm(nn.Module):
    """Channel norm, then `fn`."""

    def __init__(self, width: int, fn: nn.Module) -> None:
        super().__init__()
        self.norm, self.fn = ChannelNorm(width), fn

    def forward(self, x: Tensor) -> Tensor:
        """`fn` of the normalised map."""
        result: Tensor = self.fn(self.norm(x))
        return result


class LoneAttention(nn.Module):
    """Attention of a token to itself: the softmax over one token is 1, so only values count.

    Queries and keys are in the checkpoints and never get a gradient. A head is `width // heads` wide; channels left
    over carry nothing.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.inner = width // heads * heads
        self.to_qkv = Pointwise(width, 3 * self.inner, bias=False)
        self.to_out = nn.Sequential(Pointwise(self.inner, width))

    def forward(self, x: Tensor) -> Tensor:
        """A map of the same shape."""
        result: Tensor = self.to_out(project(x, self.to_qkv.weight[2 * self.inner :].flatten(1), None))
        return result


class FeedForward(nn.Module):
    """Two projections with GELU between; the last has the number 3, because the authors' code has a dropout of 0."""

    def __init__(self, width: int, mlp_mult: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            Pointwise(width, width * mlp_mult), nn.GELU(), nn.Identity(), Pointwise(width * mlp_mult, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """A map of the same shape."""
        result: Tensor = self.net(x)
        return result


def project(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """`x` `[..., channels in]` times `weight` `[channels out, channels in]`, plus `bias`."""
    # One matrix stays one batched product under torch.func.vmap; with more axes, the weight would be copied for each.
    projected: Tensor = functional.linear(x.flatten(0, -2), weight, bias).reshape(*x.shape[:-1], weight.shape[0])
    return projected
