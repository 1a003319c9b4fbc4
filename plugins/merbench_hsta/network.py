"""HSTA (Hao et al., 2024): a video transformer with two branches, one for a clip's frames, one for its onset and apex.

The parameters have the names and shapes of the authors' checkpoints (repository OceanSummerDay/HSTA_MER,
hsta_model_core/_model_hsta.py), which load with `strict=True`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

import merbench
from merbench_hsta.blocks import EPSILON, Stage, TubeletEmbedding
from merbench_hsta.options import check_pairs, check_shape

__all__ = ["HSTA", "sine_positions"]

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, of red, green and blue in 0..1
SPECIAL_FRAMES = 2
INITIAL_STD = 0.02  # of linear layers and class tokens, drawn from a normal distribution cut at +-2
SINE_BASE = 10000.0
HEADS = {"class-tokens": 1, "last-tokens": 2, "mean": 1}  # number of vectors of each branch for the last layer
SPECIALS = ("onset-apex", "flow")


class HSTA(nn.Module):
    """The network. The defaults are the shape that the authors' README trains (81.9 million parameters).

    Each branch cuts its pictures into tubelets and adds a class token and fixed sine positions. A stage is unimodal
    attention (USTA) within each branch, then crossmodal attention (CSTA) of each class token to the patches of the
    other branch.

    Args:
        classes: number of logits.
        image_size: rows and columns of a picture, in pixels.
        frames: frames of the video branch.
        tubelet: frames in a tubelet: 1 or 2, because the special branch has two pictures.
        patch_sizes: rows and columns of a patch, in pixels. All pairs are (special branch, video branch).
        embed_dims: width of a token.
        heads: attention heads.
        stages: number of stages.
        depth: USTA blocks in a stage.
        head: the vectors of both branches that the last layer sees: `class-tokens`; `last-tokens`, class token and last
            patch; or `mean`, the mean of all tokens (the script's `model_header_mode` 2, 1 and 4).
        special: the input of the special branch: `onset-apex`, the two pictures; or `flow`, from onset to apex.
        dropout: probability in [0, 1), on embedded tokens, after every projection and in every MLP.
        head_dropout: probability in [0, 1), before the last layer.
        drop_path: in [0, 1); each part of the last USTA block of a branch is left out with this probability, those
            before it with less, in equal steps from 0. With all three 0, nothing is random.

    Raises:
        ValueError: an option that is out of range.
    """

    special_positions: Tensor
    video_positions: Tensor
    image_mean: Tensor
    image_std: Tensor

    def __init__(
        self,
        classes: int = 3,
        *,
        image_size: int = 224,
        frames: int = 6,
        tubelet: int = 2,
        patch_sizes: Sequence[int] = (12, 16),
        embed_dims: Sequence[int] = (384, 768),
        heads: Sequence[int] = (12, 12),
        stages: int = 4,
        depth: Sequence[int] = (1, 2),
        head: str = "class-tokens",
        special: str = "onset-apex",
        dropout: float = 0.0,
        head_dropout: float = 0.0,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        pairs = {"patch_sizes": patch_sizes, "embed_dims": embed_dims, "heads": heads, "depth": depth}
        check_pairs(**pairs)
        merbench.check_whole(classes=classes, image_size=image_size, frames=frames, tubelet=tubelet, stages=stages)
        check_shape(image_size, frames, tubelet, patch_sizes, embed_dims, heads)
        merbench.check_probability(dropout=dropout, head_dropout=head_dropout, drop_path=drop_path)
        merbench.check_choice(HEADS, head=head)
        merbench.check_choice(SPECIALS, special=special)
        self.image_size, self.frames, self.stages = image_size, frames, stages
        self.head_mode, self.special = head, special
        embeddings = [
            TubeletEmbedding(width, patch, tubelet, image_size, count)
            for width, patch, count in zip(embed_dims, patch_sizes, (SPECIAL_FRAMES, frames), strict=True)
        ]
        self.patch_embed = nn.ModuleList(embeddings)
        self.cls_token = nn.ParameterList(nn.Parameter(torch.zeros(1, 1, width)) for width in embed_dims)
        self.pos_drop = nn.Dropout(dropout)
        paths = drop_paths(drop_path, stages, depth)
        self.blocks = nn.ModuleList(Stage(embed_dims, heads, of_stage, dropout) for of_stage in paths)
        self.norm = nn.ModuleList(nn.LayerNorm(width, EPSILON) for width in embed_dims)
        self.fc_dropout = nn.Dropout(head_dropout)
        self.head = nn.Linear(HEADS[head] * sum(embed_dims), classes)
        tables = [sine_positions(one.tokens + 1, width) for one, width in zip(embeddings, embed_dims, strict=True)]
        self._add_constants(*tables)
        self._draw()

    def _add_constants(self, special_positions: Tensor, video_positions: Tensor) -> None:
        """Add buffers that are not in checkpoints."""
        self.register_buffer("special_positions", special_positions, persistent=False)
        self.register_buffer("video_positions", video_positions, persistent=False)
        self.register_buffer("image_mean", torch.tensor(MEAN)[:, None, None], persistent=False)
        self.register_buffer("image_std", torch.tensor(STD)[:, None, None], persistent=False)

    def _draw(self) -> None:
        """Draw initial parameters as the authors do; the tubelets keep torch's own, as in the authors' code."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=INITIAL_STD)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for token in self.cls_token:
            nn.init.trunc_normal_(token, std=INITIAL_STD)

    def forward(self, video: Tensor, flow: Tensor | None = None) -> Tensor:
        """Logits `[batch, classes]`.

        Args:
            video: float32 0..255 `[batch, frames + 2, 3, rows, columns]`, red first; the last two are onset and apex.
            flow: with `special="flow"`, (u, v) in pixels `[batch, 2, rows, columns]`; otherwise None.

        Raises:
            ValueError: pictures or flow have another shape than the network was built for, or flow is given or missing
                against `special`.
        """
        self._check_inputs(video, flow)
        special = self.scaled(video[:, -SPECIAL_FRAMES:]) if flow is None else flow_pictures(flow)
        return self.classify(special, self.scaled(video[:, : self.frames]))

    def scaled(self, pictures: Tensor) -> Tensor:
        """Pictures of 0..255, `[..., 3, row, column]`, minus ImageNet's mean, divided by its standard deviation."""
        # One pass, because this is a good part of the work of a small network.
        return torch.addcmul(-self.image_mean / self.image_std, pictures, 1 / (255 * self.image_std))

    def classify(self, special: Tensor, video: Tensor) -> Tensor:
        """Logits `[batch, classes]` of the two special pictures and the frames, each float32 `[batch, frame, 3, rows,
        columns]`."""
        one, other = self.embed(0, special, self.special_positions), self.embed(1, video, self.video_positions)
        for stage in self.blocks:
            one, other = stage(one, other)
        seen = [pooled(norm(x), self.head_mode) for norm, x in zip(self.norm, (one, other), strict=True)]
        # The order of the authors' code: the class tokens of both branches, then their last patches.
        vectors = [vector for of_both in zip(*seen, strict=True) for vector in of_both]
        logits: Tensor = self.head(self.fc_dropout(torch.cat(vectors, 1)))
        return logits

    def embed(self, branch: int, frames: Tensor, positions: Tensor) -> Tensor:
        """A branch's tokens with their positions added: the class token, then a token for each tubelet."""
        token = self.cls_token[branch].expand(len(frames), -1, -1)
        tokens: Tensor = self.pos_drop(torch.cat((token, self.patch_embed[branch](frames)), 1) + positions)
        return tokens

    def layer_of(self, parameter_name: str) -> int:
        """The layer of a parameter, counted from the input: 0 for embeddings and class tokens, then the stages, then
        the layers after them.

        This follows VideoMAE's get_num_layer_for_vit, from which the authors' script takes its layer decay. That
        function knows a class token only by its exact name and would put HSTA's two, `cls_token.0` and `.1`, into the
        last layer; the authors' own file is not released. Here they are in layer 0, as class tokens are in VideoMAE.

        Raises:
            ValueError: the network has no such parameter.
        """
        part, *rest = parameter_name.split(".")
        if part == "blocks":
            return int(rest[0]) + 1
        places = {"patch_embed": 0, "cls_token": 0, "norm": self.stages + 1, "head": self.stages + 1}
        if part not in places:
            raise ValueError(f"HSTA has no parameter {parameter_name!r}")
        return places[part]

    def _check_inputs(self, video: Tensor, flow: Tensor | None) -> None:
        wanted = (self.frames + SPECIAL_FRAMES, 3, self.image_size, self.image_size)
        if tuple(video.shape[1:]) != wanted:
            raise ValueError(f"HSTA was built for clips of shape {wanted}, not {tuple(video.shape[1:])}")
        if (flow is None) != (self.special == "onset-apex"):
            has = "one feature" if flow is None else "two features"
            raise ValueError(
                f"special={self.special!r} does not fit {has}: special='flow', and only it, needs flow too"
            )
        if flow is not None and tuple(flow.shape[1:]) != (2, *wanted[2:]):
            raise ValueError(f"HSTA was built for flow of shape {(2, *wanted[2:])}, not {tuple(flow.shape[1:])}")


def pooled(tokens: Tensor, head: str) -> list[Tensor]:
    """The vectors `[batch, width]` of a branch that the last layer sees, from tokens `[batch, token, width]`."""
    if head == "mean":
        return [tokens.mean(1)]
    return [tokens[:, 0]] if head == "class-tokens" else [tokens[:, 0], tokens[:, -1]]


def flow_pictures(flow: Tensor) -> Tensor:
    """Flow (u, v) `[batch, 2, rows, columns]` in pixels to two equal pictures (u, v, magnitude), not scaled.

    This form is merbench's own. The authors draw the tracks of up to 100 corner points (Lucas-Kanade, OpenCV) as green
    lines into two pictures, onset to apex and apex to offset.
    """
    magnitude = flow.square().sum(1, keepdim=True).sqrt()
    return torch.stack([torch.cat((flow, magnitude), 1)] * SPECIAL_FRAMES, 1)


def drop_paths(last: float, stages: int, depth: Sequence[int]) -> list[list[list[float]]]:
    """Drop-path probabilities by stage, branch and USTA block, from 0 in equal steps to `last`.

    A block has the probability of its place in the deeper branch; the authors' code does the same if that is the video
    branch.
    """
    deepest = max(depth)
    step = last / max(stages * deepest - 1, 1)
    return [[[step * (stage * deepest + block) for block in range(one)] for one in depth] for stage in range(stages)]


def sine_positions(tokens: int, width: int) -> Tensor:
    """`[tokens, width]` float32: sines in even, cosines in odd columns of position / 10000^(2 (column // 2) / width)
    (Vaswani et al., 2017, section 3.5)."""
    exponents = torch.arange(width, dtype=torch.float64).div(2, rounding_mode="floor") * 2 / width
    angles = torch.arange(tokens, dtype=torch.float64)[:, None] / SINE_BASE**exponents
    angles[:, 0::2], angles[:, 1::2] = angles[:, 0::2].sin(), angles[:, 1::2].cos()
    return angles.float()
