"""MMNet's position branch: a small vision transformer over the shrunk onset, with one token for each pixel."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["PositionBranch"]

EPSILON = 1e-6  # of every layer norm
SPREAD = 0.02  # standard deviation of the initial weights and position embeddings
SPARE_OUTPUTS = 5  # of a classifier that both official scripts build and never use


class PositionBranch(nn.Module):
    """Images `[batch, 3, side, side]` to maps `[batch, width, side, side]` that describe positions on the face.

    Pre-norm blocks of attention and feed-forward over the pixels (Dosovitskiy et al., 2021), layer norm at the end, no
    class token. In training, each part of a block is dropped clip by clip (stochastic depth): never in the first block,
    with probability `drop_path` in the last, and with evenly spaced probabilities between.

    Args:
        side: rows and columns of the images.
        width: channels.
        depth: blocks.
        heads: attention heads; they divide the channels evenly.
        mlp_ratio: width of the feed-forward's hidden layer, in multiples of `width`.
        drop_path: probability in [0, 1).
        spare: whether to add the unused tensors of the official checkpoints.
    """

    def __init__(
        self, side: int, width: int, *, depth: int, heads: int, mlp_ratio: int, drop_path: float, spare: bool
    ) -> None:
        super().__init__()
        if spare:
            self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, side**2, width))
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, width, 1)})
        drops = torch.linspace(0, drop_path, depth).tolist()
        self.blocks = nn.ModuleList(Block(width, heads, mlp_ratio, drop) for drop in drops)
        self.norm = nn.LayerNorm(width, eps=EPSILON)
        if spare:
            self.head = nn.Linear(width, SPARE_OUTPUTS)
            self.to_Mask = nn.Sequential(nn.Linear(width, 1))
        nn.init.trunc_normal_(self.pos_embed, std=SPREAD)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=SPREAD)
                nn.init.zeros_(module.bias)

    def forward(self, image: Tensor) -> Tensor:
        """A map of vectors."""
        tokens = self.patch_embed["proj"](image).flatten(2).transpose(1, 2) + self.pos_embed
        for block in self.blocks:
            tokens = block(tokens)
        grid: Tensor = self.norm(tokens).transpose(1, 2).unflatten(2, image.shape[2:])
        return grid


class Block(nn.Module):
    """Attention, then feed-forward, each added to its input; tokens `[batch, tokens, width]`."""

    def __init__(self, width: int, heads: int, mlp_ratio: int, drop: float) -> None:
        super().__init__()
        self.drop = drop
        self.norm1 = nn.LayerNorm(width, eps=EPSILON)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=EPSILON)
        self.mlp = nn.ModuleDict(
            {"fc1": nn.Linear(width, mlp_ratio * width), "fc2": nn.Linear(mlp_ratio * width, width)}
        )

    def forward(self, x: Tensor) -> Tensor:
        """Tokens of the same shape."""
        x = x + self.kept(self.attn(self.norm1(x)))
        return x + self.kept(self.mlp["fc2"](functional.gelu(self.mlp["fc1"](self.norm2(x)))))

    def kept(self, part: Tensor) -> Tensor:
        """In training, 0 for some clips and larger for the others, so that the mean stays (Huang et al., 2016)."""
        if not self.training or not self.drop:
            return part
        keep = torch.rand(len(part), 1, 1, dtype=part.dtype, device=part.device) >= self.drop
        return part * keep / (1 - self.drop)


class Attention(nn.Module):
    """Multi-head attention among all tokens."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens of the same shape."""
        q, k, v = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed: Tensor = self.proj(functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        return mixed
