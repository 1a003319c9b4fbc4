"""Checks of HSTA's options; each raises ValueError with the option's name, its value and the rule."""

from __future__ import annotations

from collections.abc import Sequence

import merbench

__all__ = ["check_pairs", "check_shape"]


def check_pairs(**options: Sequence[int]) -> None:
    """Each option has a whole number of at least 1 for each of the two branches."""
    for name, pair in options.items():
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise ValueError(f"{name} is {pair!r}; it must be two numbers: special branch, video branch")
        merbench.check_whole(**{f"{name}[{index}]": value for index, value in enumerate(pair)})


def check_shape(
    image_size: int,
    frames: int,
    tubelet: int,
    patch_sizes: Sequence[int],
    embed_dims: Sequence[int],
    heads: Sequence[int],
) -> None:
    """Patches fit into a picture, tubelets fill the frames, and heads divide a token evenly."""
    for index, patch in enumerate(patch_sizes):
        if patch > image_size:
            raise ValueError(f"patch_sizes[{index}] is {patch}; it must not exceed image_size, {image_size}")
    if tubelet > 2 or frames % tubelet:
        raise ValueError(f"tubelet is {tubelet}; it must be 1 or 2 and divide frames, {frames}")
    for index, (width, count) in enumerate(zip(embed_dims, heads, strict=True)):
        if width % count:
            raise ValueError(f"embed_dims[{index}] is {width}; it must be a multiple of heads[{index}], {count}")
