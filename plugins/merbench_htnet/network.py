"""HTNet (Wang et al., 2024): a transformer over image blocks, with convolution and pooling between its levels.

Computed channels-last: every layer is a matrix product over the last axis. The parameters have the names and shapes of
the authors' checkpoints (repository wangzhifengharrison/HTNet, Model.py), which load with `strict=True`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

import merbench

__all__ = ["HTNet"]

EPSILON = 1e-5  # of every layer norm, as in the authors' code
NEIGHBOURS = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0)]


class HTNet(nn.Module):
    """The network. The defaults are the shape that the authors' script trains (139.6 million parameters).

    The image is cut into patches, and each patch is a token. On each level, tokens attend to the tokens of their block;
    a side of the map has 2**(levels - 1), ..., 2, 1 blocks. Between levels the map halves while `dim` and `heads`
    double. A block therefore has the same number of tokens on every level: exactly one in the published shape.

    Args:
        classes: number of logits.
        image_size: rows and columns of the image, in pixels.
        patch_size: rows and columns of a patch, in pixels.
        dim: channels of the first level.
        heads: attention heads of the first level. A head is `dim // heads` wide; channels left over carry no attention.
        block_repeats: pairs of attention and feed-forward on each level; the length is the number of levels.
        mlp_mult: width of the feed-forward's hidden layer, in multiples of the level's channels.
        channels: of the image.
        dropout: probability in [0, 1), on attention weights and after each projection.

    Raises:
        ValueError: an option is out of range, or the levels cannot divide the patches evenly.
    """

    def __init__(
        self,
        classes: int = 3,
        *,
        image_size: int = 28,
        patch_size: int = 7,
        dim: int = 256,
        heads: int = 3,
        block_repeats: Sequence[int] = (2, 2, 10),
        mlp_mult: int = 4,
        channels: int = 3,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        repeats = _checked_repeats(block_repeats)
        merbench.check_whole(
            classes=classes, image_size=image_size, patch_size=patch_size, dim=dim, heads=heads, mlp_mult=mlp_mult,
            channels=channels,
        )  # fmt: skip
        merbench.check_probability(dropout=dropout)
        _check_shape(image_size, patch_size, dim, heads, len(repeats))
        self.channels, self.image_size = channels, image_size
        most = 2 ** (len(repeats) - 1)
        tokens = (image_size // patch_size // most) ** 2
        # Sequential and ModuleList give the names that checkpoints use, such as "to_patch_embedding.1.weight".
        self.to_patch_embedding = nn.Sequential(Patches(patch_size), Pointwise(channels * patch_size**2, dim))
        self.layers = nn.ModuleList()
        for level, repeat in enumerate(repeats):
            width = dim * 2**level
            transformer = Transformer(width, heads * 2**level, repeat, tokens, most // 2**level, mlp_mult, dropout)
            last = level == len(repeats) - 1
            self.layers.append(nn.ModuleList([transformer, nn.Identity() if last else aggregation(width)]))
        width = dim * most
        self.mlp_head = nn.Sequential(ChannelNorm(width), MeanOverMap(), nn.Linear(width, classes))

    def forward(self, image: Tensor) -> Tensor:
        """Logits `[batch, classes]` of images `[batch, channels, rows, columns]`, float32 of any scale.

        Raises:
            ValueError: the network was built for images of another shape.
        """
        wanted = (self.channels, self.image_size, self.image_size)
        if tuple(image.shape[1:]) != wanted:
            raise ValueError(f"HTNet was built for images of shape {wanted}, not {tuple(image.shape[1:])}")
        x = self.to_patch_embedding(image)
        for level in self.layers:
            transformer, aggregate = level.children()
            x = aggregate(transformer(x))
        logits: Tensor = self.mlp_head(x)
        return logits


class Patches(nn.Module):
    """Images `[batch, channel, row, column]` to a map of vectors, one per patch: pixel row, pixel column, channel."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, image: Tensor) -> Tensor:
        """One vector per patch."""
        batch, channels, rows, columns = image.shape
        grid = image.reshape(batch, channels, rows // self.size, self.size, columns // self.size, self.size)
        return grid.permute(0, 2, 4, 3, 5, 1).flatten(3)


class Pointwise(nn.Conv2d):
    """A 1x1 convolution over channels-last maps `[..., channels]`: parameters of a Conv2d, computed as a product."""

    def __init__(self, width_in: int, width_out: int, *, bias: bool = True) -> None:
        super().__init__(width_in, width_out, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Project the last axis."""
        return project(x, self.weight.flatten(1), self.bias)


class Convolution(nn.Conv2d):
    """A 3x3 convolution, zero-padded by 1, over channels-last maps `[batch, row, column, channel]`.

    Computed as one product for each neighbour in the window, over the positions whose neighbour lies inside the map.
    HTNet's maps are so small (4x4, 2x2) that a third to more than half of the windows' area would be padding.
    """

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__(width_in, width_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """A map of the same rows and columns."""
        rows, columns = x.shape[1:3]
        taps = self.weight.permute(2, 3, 0, 1).flatten(0, 1).contiguous().unbind()
        total = project(x, taps[4], self.bias)  # the window's centre
        for down, right in NEIGHBOURS:
            seen = x[:, inside(rows, down), inside(columns, right)]
            part = project(seen, taps[3 * down + right + 4], None)
            margins = (0, 0, max(-right, 0), max(right, 0), max(-down, 0), max(down, 0))
            total = total + functional.pad(part, margins)
        return total


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
    """Maximum over 3x3 neighbourhoods with stride 2, on channels-last maps: halves rows and columns."""

    def forward(self, x: Tensor) -> Tensor:
        """A map with half the rows and columns."""
        return functional.max_pool2d(x.permute(0, 3, 1, 2), 3, stride=2, padding=1).permute(0, 2, 3, 1)


class MeanOverMap(nn.Module):
    """Channels-last maps to their mean over all positions, `[batch, channels]`."""

    def forward(self, x: Tensor) -> Tensor:
        """One vector per clip."""
        return x.mean((1, 2))


def aggregation(width: int) -> nn.Sequential:
    """The layers between two levels: twice the channels, half the rows and columns."""
    return nn.Sequential(Convolution(width, 2 * width), ChannelNorm(2 * width), Pool())


class Transformer(nn.Module):
    """One level, on maps `[batch, row, column, channel]` with `blocks` blocks a side and `tokens` tokens in a block."""

    def __init__(
        self, width: int, heads: int, repeats: int, tokens: int, blocks: int, mlp_mult: int, dropout: float
    ) -> None:
        super().__init__()
        self.blocks = blocks
        self.pos_emb = nn.Parameter(torch.randn(tokens))  # one scalar per token, shared by all channels
        self.layers = nn.ModuleList(
            nn.ModuleList(
                [
                    PreNorm(width, Attention(width, heads, dropout)),
                    PreNorm(width, FeedForward(width, mlp_mult, dropout)),
                ]
            )
            for _ in range(repeats)
        )

    def forward(self, x: Tensor) -> Tensor:
        """A map of the same shape."""
        batch, rows, columns, width = x.shape
        high, wide = rows // self.blocks, columns // self.blocks
        grid = x.reshape(batch, self.blocks, high, self.blocks, wide, width)
        tokens = grid.transpose(2, 3).reshape(-1, high * wide, width) + self.pos_emb[:, None]
        for layer in self.layers:
            attention, feed_forward = layer.children()
            tokens = tokens + attention(tokens)
            tokens = tokens + feed_forward(tokens)
        grid = tokens.reshape(batch, self.blocks, self.blocks, high, wide, width)
        return grid.transpose(2, 3).reshape(batch, rows, columns, width)


class PreNorm(nn.Module):
    """Channel norm, then `fn`."""

    def __init__(self, width: int, fn: nn.Module) -> None:
        super().__init__()
        self.norm, self.fn = ChannelNorm(width), fn

    def forward(self, x: Tensor) -> Tensor:
        """`fn` of the normalised tokens."""
        result: Tensor = self.fn(self.norm(x))
        return result


class FeedForward(nn.Module):
    """Two projections with GELU between, on tokens `[..., channels]`."""

    def __init__(self, width: int, mlp_mult: int, dropout: float) -> None:
        super().__init__()
        self.net = nn.Sequential(
            Pointwise(width, width * mlp_mult),
            nn.GELU(),
            nn.Dropout(dropout),
            Pointwise(width * mlp_mult, width),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Tokens of the same shape."""
        result: Tensor = self.net(x)
        return result


class Attention(nn.Module):
    """Multi-head attention among the tokens of a block, `[blocks, tokens, channels]`."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.inner = heads, width // heads * heads
        self.dropout = nn.Dropout(dropout)
        self.to_qkv = Pointwise(width, 3 * self.inner, bias=False)
        self.to_out = nn.Sequential(Pointwise(self.inner, width), nn.Dropout(dropout))

    def forward(self, x: Tensor) -> Tensor:
        """Tokens of the same shape."""
        alone = x.shape[1] == 1 and self.dropout.p == 0
        mixed = self.one_token_per_block(x) if alone else self.general(x)
        result: Tensor = self.to_out(mixed)
        return result

    def one_token_per_block(self, x: Tensor) -> Tensor:
        """Softmax over one token is always 1, so only the values count; query and key get no gradient."""
        return project(x, self.to_qkv.weight[2 * self.inner :].flatten(1), None)

    def general(self, x: Tensor) -> Tensor:
        """softmax(q k' / sqrt(head width)) v, head by head (Vaswani et al., 2017, equation 1)."""
        # Plain products: torch's fused attention does not support torch.func.vmap and would run fold by fold.
        blocks, tokens, _ = x.shape
        q, k, v = self.to_qkv(x).reshape(blocks, tokens, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1)
        mixed: Tensor = (self.dropout(weights) @ v).transpose(1, 2).flatten(2)
        return mixed


def project(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """`x` `[..., channels in]` times `weight` `[channels out, channels in]`, plus `bias`."""
    # One matrix stays one batched product under torch.func.vmap; with more axes, the weight would be copied for each.
    projected: Tensor = functional.linear(x.flatten(0, -2), weight, bias).reshape(*x.shape[:-1], weight.shape[0])
    return projected


def inside(length: int, shift: int) -> slice:
    """The positions p of `range(length)` for which `p - shift` lies in the range too."""
    return slice(max(shift, 0), length + min(shift, 0))


def _checked_repeats(block_repeats: Sequence[int]) -> tuple[int, ...]:
    if isinstance(block_repeats, str) or not isinstance(block_repeats, Sequence) or not block_repeats:
        raise ValueError(f"block_repeats is one number per level, such as 2,2,10, not {block_repeats!r}")
    merbench.check_whole(**{f"block_repeats[{level}]": repeat for level, repeat in enumerate(block_repeats)})
    return tuple(block_repeats)


def _check_shape(image_size: int, patch_size: int, dim: int, heads: int, levels: int) -> None:
    if image_size % patch_size:
        raise ValueError(f"image_size {image_size} is not a multiple of patch_size {patch_size}")
    patches, blocks = image_size // patch_size, 2 ** (levels - 1)
    if patches % blocks:
        raise ValueError(
            f"{levels} levels need a multiple of {blocks} patches a side, but image_size {image_size} with patch_size "
            f"{patch_size} gives {patches}"
        )
    if heads > dim:
        raise ValueError(f"{heads} heads cannot share dim {dim}: a head needs at least one channel")
