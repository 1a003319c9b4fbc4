"""CausalNet's attention among the four tokens of a flow image: within an image, between images, and in time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["CausalBlock", "CrossBlock"]

TOKENS = 4  # a token for each quarter of an image, row by row


class MaskedAttention(nn.Module):
    """Attention in which a token does not see the one that is diagonally opposite.

    The score of that one is -gamma times its number (1 to 4) instead of a product; it takes its share of the softmax,
    and its weight is then set to 0. So the weights of a token add up to less than 1.

    Args:
        width: channels of a token.
        heads: attention heads.
        gamma: at least 0; the smaller, the more weight is lost to the opposite token.
        scale: what products of queries and keys are multiplied by.
    """

    M_mask: Tensor
    P_matrix: Tensor

    def __init__(self, width: int, heads: int, gamma: float, scale: float) -> None:
        super().__init__()
        self.heads, self.scale = heads, scale
        opposite = torch.eye(TOKENS).flip(1)
        # The names in the authors' checkpoints. They are constants, so merbench's checkpoints do not have them.
        self.register_buffer("M_mask", 1 - opposite, persistent=False)
        self.register_buffer("P_matrix", -gamma * opposite * torch.arange(1, TOKENS + 1), persistent=False)
        self.to_q = nn.Linear(width, width)
        self.to_kv = nn.Linear(width, 2 * width)
        self.to_out = nn.Sequential(nn.Linear(width, width))

    def attend(self, tokens: Tensor, context: Tensor) -> Tensor:
        """What `tokens` find in `context`; both `[..., 4, width]`."""
        k, v = self.to_kv(context).chunk(2, -1)
        q, k, v = (split(part, self.heads) for part in (self.to_q(tokens), k, v))
        scores = q @ k.transpose(-1, -2) * self.scale
        weights = (scores * self.M_mask + self.P_matrix).softmax(-1) * self.M_mask
        found: Tensor = self.to_out(joined(weights @ v))
        return found

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        """Compare the constants of the authors' checkpoints with those of the options, which they must fit."""
        errors: list[str] = rest[-1]
        for name in ("M_mask", "P_matrix"):
            stored = state_dict.pop(prefix + name, None)
            if stored is not None and not torch.allclose(stored.to(self.M_mask), getattr(self, name)):
                errors.append(f"{prefix}{name} belongs to another gamma")
        super()._load_from_state_dict(state_dict, prefix, *rest)


class CrossBlock(MaskedAttention):
    """The attention between the two images of directions; scores are scaled by the whole width, as in the script."""

    def __init__(self, width: int, heads: int, gamma: float) -> None:
        super().__init__(width, heads, gamma, width**-0.5)

    def forward(self, tokens: Tensor, context: Tensor) -> Tensor:
        """What `tokens` find in `context`; both `[batch, 4, width]`."""
        return self.attend(tokens, context)


class CausalBlock(MaskedAttention):
    """Attention within each of two phases, then of each token of the second to itself and to its place in the first."""

    def __init__(self, width: int, heads: int, gamma: float) -> None:
        super().__init__(width, heads, gamma, (width // heads) ** -0.5)
        self.temp_to_q = nn.Linear(width, width)
        self.temp_to_kv = nn.Linear(width, 2 * width)
        self.temp_to_out = nn.Sequential(nn.Linear(width, width))

    def forward(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Both phases `[batch, 4, width]`; only the second learns of the other."""
        first = first + self.attend(first, first)
        second = second + self.attend(second, second)
        return first, second + self.in_time(first, second)

    def in_time(self, first: Tensor, second: Tensor) -> Tensor:
        """What each token of the second phase finds in the same place of both phases."""
        q = split(self.temp_to_q(second), self.heads)
        pairs = [self.temp_to_kv(phase).chunk(2, -1) for phase in (first, second)]
        k, v = (torch.stack([split(pair[one], self.heads) for pair in pairs], -2) for one in (0, 1))
        weights = ((k * q.unsqueeze(-2)).sum(-1) * self.scale).softmax(-1)
        found: Tensor = self.temp_to_out(joined((weights.unsqueeze(-1) * v).sum(-2)))
        return found


def split(tokens: Tensor, heads: int) -> Tensor:
    """`[..., tokens, width]` to `[..., heads, tokens, width of a head]`."""
    return tokens.reshape(*tokens.shape[:-1], heads, -1).transpose(-2, -3)


def joined(heads: Tensor) -> Tensor:
    """Back to `[..., tokens, width]`."""
    return heads.transpose(-2, -3).flatten(-2)
