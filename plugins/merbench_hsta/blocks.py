"""The parts of HSTA, with the authors' tensor names (repository OceanSummerDay/HSTA_MER, _model_hsta.py)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

__all__ = ["EPSILON", "Stage", "TubeletEmbedding"]

EPSILON = 1e-6  # of every layer norm
MLP_RATIO = 4  # width of a block's hidden layer, in multiples of the branch's width
# Up to this number, plain products take about as long as torch's fused kernel (1.2 to 1.6 times at 50 tokens); under
# torch.func.vmap, the fused kernel would run fold by fold.
FEW_TOKENS = 64


class TubeletEmbedding(nn.Module):
    """Cut frames into tubelets (a patch through several frames), each a token: a convolution without overlap."""

    def __init__(self, width: int, patch_size: int, tubelet: int, image_size: int, frames: int) -> None:
        super().__init__()
        self.grid = (frames // tubelet, image_size // patch_size, image_size // patch_size)
        self.tokens = math.prod(self.grid)
        size = (tubelet, patch_size, patch_size)
        self.proj = nn.Conv3d(3, width, kernel_size=size, stride=size)

    def forward(self, frames: Tensor) -> Tensor:
        """Frames `[batch, frame, 3, row, column]` to tokens `[batch, token, width]`: time, then rows, then columns.

        Rows and columns that do not fill a whole patch (the last 8 of 224 with patches of 12) are ignored.
        """
        (times, rows, columns), (tubelet, patch, _) = self.grid, self.proj.kernel_size
        seen = frames[:, : times * tubelet, :, : rows * patch, : columns * patch]
        cut = seen.reshape(-1, times, tubelet, 3, rows, patch, columns, patch)
        tubelets = cut.permute(0, 1, 4, 6, 3, 2, 5, 7).flatten(4).flatten(1, 3)
        # A product takes half the time of a 3-D convolution under vmap, at the size of the quick recipe.
        return functional.linear(tubelets, self.proj.weight.flatten(1), self.proj.bias)


class Attention(nn.Module):
    """Multi-head self-attention. The keys have no bias, because softmax would cancel it."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(width))
        self.v_bias = nn.Parameter(torch.zeros(width))
        self.proj = nn.Linear(width, width)
        self.proj_drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens `[batch, token, width]`, to tokens of the same shape."""
        bias = torch.cat((self.q_bias, torch.zeros_like(self.v_bias), self.v_bias))
        query, key, value = functional.linear(x, self.qkv.weight, bias).chunk(3, -1)
        mixed: Tensor = self.proj_drop(self.proj(attend(query, key, value, self.heads)))
        return mixed


class CrossAttention(nn.Module):
    """Multi-head attention of the first token to all tokens, itself included."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.wq = nn.Linear(width, width)
        self.wk = nn.Linear(width, width)
        self.wv = nn.Linear(width, width)
        self.proj = nn.Linear(width, width)
        self.proj_drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens `[batch, token, width]` to one token, `[batch, 1, width]`."""
        mixed = attend(self.wq(x[:, :1]), self.wk(x), self.wv(x), self.heads)
        result: Tensor = self.proj_drop(self.proj(mixed))
        return result


def attend(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """softmax(q k' / sqrt(head width)) v, head by head (Vaswani et al., 2017, equation 1), on `[batch, token, width]`.

    Torch chooses the kernel, except for few tokens: they use plain products, so that folds can be batched.
    """
    query, key, value = (one.reshape(*one.shape[:2], heads, -1).transpose(1, 2) for one in (query, key, value))
    if key.shape[2] > FEW_TOKENS:
        mixed = functional.scaled_dot_product_attention(query, key, value)
    else:
        with sdpa_kernel(SDPBackend.MATH):
            mixed = functional.scaled_dot_product_attention(query, key, value)
    return mixed.transpose(1, 2).flatten(2)


class Mlp(nn.Module):
    """Two linear layers with GELU between."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, MLP_RATIO * width)
        self.fc2 = nn.Linear(MLP_RATIO * width, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens of the same shape."""
        hidden = self.drop(functional.gelu(self.fc1(x)))
        result: Tensor = self.drop(self.fc2(hidden))
        return result


class Block(nn.Module):
    """Unimodal space-time attention (USTA): attention among all tokens of a branch, then the MLP; both pre-norm."""

    def __init__(self, width: int, heads: int, dropout: float, drop_path: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, EPSILON)
        self.attn = Attention(width, heads, dropout)
        self.norm2 = nn.LayerNorm(width, EPSILON)
        self.mlp = Mlp(width, dropout)
        self.drop_path = DropPath(drop_path) if drop_path else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Tokens `[batch, token, width]`, to tokens of the same shape."""
        x = x + self.drop_path(self.attn(self.norm1(x)))
        result: Tensor = x + self.drop_path(self.mlp(self.norm2(x)))
        return result


class CrossBlock(nn.Module):
    """Crossmodal space-time attention (CSTA): a class token attends to itself and the patches of the other branch."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, EPSILON)
        self.attn = CrossAttention(width, heads, dropout)

    def forward(self, x: Tensor) -> Tensor:
        """A class token followed by patches, `[batch, 1 + patch, width]`, to a class token, `[batch, 1, width]`."""
        result: Tensor = x[:, :1] + self.attn(self.norm1(x))
        return result


class Stage(nn.Module):
    """USTA in each of the two branches, then CSTA between them; patches pass CSTA unchanged.

    Args:
        widths, heads: of the two branches. CSTA has the heads of the branch that provides the patches.
        drop_paths: for each branch, the drop-path probability of each of its USTA blocks.
        dropout: after every projection and in the MLP.
    """

    def __init__(
        self, widths: Sequence[int], heads: Sequence[int], drop_paths: Sequence[Sequence[float]], dropout: float
    ) -> None:
        super().__init__()
        branches = list(zip(widths, heads, drop_paths, strict=True))
        crossed = [(widths[0], widths[1], heads[1]), (widths[1], widths[0], heads[0])]
        self.blocks = nn.ModuleList(
            nn.Sequential(*(Block(width, head, dropout, one) for one in paths)) for width, head, paths in branches
        )
        self.projs = nn.ModuleList(projection(own, other) for own, other, _ in crossed)
        self.fusion = nn.ModuleList(CrossBlock(other, head, dropout) for _, other, head in crossed)
        self.revert_projs = nn.ModuleList(projection(other, own) for own, other, _ in crossed)

    def forward(self, special: Tensor, video: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens of both branches, `[batch, 1 + patch, width]` with the class token first; the shapes do not change."""
        branches = [block(x) for block, x in zip(self.blocks, (special, video), strict=True)]
        one, other = (self.crossed(index, branches[index], branches[1 - index]) for index in (0, 1))
        return one, other

    def crossed(self, index: int, own: Tensor, other: Tensor) -> Tensor:
        """The tokens of branch `index`, with the class token that CSTA computes."""
        there = torch.cat((self.projs[index](own[:, :1]), other[:, 1:]), 1)
        back = self.revert_projs[index](self.fusion[index](there))
        return torch.cat((back, own[:, 1:]), 1)


class DropPath(nn.Module):
    """In training, drop a residual branch for a clip with `probability`, and scale the other clips so that the mean
    stays the same (Huang et al., 2016)."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        """`x` `[batch, ...]`, with 0 for the dropped clips."""
        if not self.training:
            return x
        kept = torch.rand(x.shape[0], *[1] * (x.ndim - 1), device=x.device) >= self.probability
        return x * kept / (1 - self.probability)


def projection(width_in: int, width_out: int) -> nn.Sequential:
    """Layers that map a class token to the width of another branch."""
    return nn.Sequential(nn.LayerNorm(width_in, EPSILON), nn.GELU(), nn.Linear(width_in, width_out))
