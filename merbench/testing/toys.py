"""Toy clips: arrays of a declared shape, clip tables, and clips of images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from merbench.data.clips import clip_table
from merbench.data.frames import Frames
from merbench.engine.seeds import derive_seed
from merbench.errors import OptionError, UnknownName
from merbench.features.resolve import split_reference
from merbench.plugin.registry import Registry
from merbench.protocols import Fold, LeaveOneSubjectOut, make_folds

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Shapes", "shape_of", "toy_array", "toy_folds", "toy_frames", "toy_table"]

Shapes = Mapping[str, tuple[int, ...]]

SUBJECTS, CLIPS = 3, 3  # of each database, and of each subject
BRIGHTEST = 256
SIDE, FRAMES, SPOTS, GREY = 224, 5, 14, 128  # of a toy clip of images


def shape_of(reference: str, registry: Registry, shapes: Shapes) -> tuple[int, ...]:
    """The shape of a feature's array, `name` or `name@variant`: given in `shapes`, or else declared by the feature.

    Raises:
        OptionError: neither.
    """
    name, _ = split_reference(reference)
    if given := shapes.get(name):
        return given
    try:
        declared = registry.features.get(name).shape
    except UnknownName:
        declared = ()
    if not declared:
        raise OptionError(
            f"feature {name} does not declare the shape of its array; declare Feature(shape=...), or give the shape "
            f'of toy clips: shapes={{"{name}": (3, 28, 28)}} in a test, --shape {name}=3,28,28 on the command line'
        )
    return declared


def toy_array(shape: Sequence[int], seed: int = 0) -> np.ndarray:
    """An array of noise: whole numbers from 0 to 255, float32."""
    return np.random.default_rng(seed).integers(0, BRIGHTEST, tuple(shape)).astype(np.float32)


def toy_table(databases: Sequence[str] = ("toy",), subjects: int = SUBJECTS, clips: int = CLIPS) -> pd.DataFrame:
    """A table of clips of three classes, with as many subjects in each database, and as many clips of each."""
    rows = [
        {"clip": f"{database}/s{who}/{number}", "database": database, "subject": f"{database}/s{who}"}
        | {"onset": 1, "apex": 3, "offset": FRAMES, "fps": 100.0, "label": (who + number) % 3}
        for database in databases
        for who in range(1, subjects + 1)
        for number in range(1, clips + 1)
    ]
    return clip_table(rows)


def toy_folds(table: pd.DataFrame) -> list[Fold]:
    """Folds that leave one subject out, each with a seed; the last subject is only trained on."""
    folds = make_folds(LeaveOneSubjectOut(), table)[:-1]
    return [replace(fold, seed=derive_seed(fold=fold.name)) for fold in folds]


def toy_frames(
    folder: Path, *, count: int = FRAMES, constant: bool = False, size: tuple[int, int] = (SIDE, SIDE)
) -> Frames:
    """A clip of `count` images of a size (width, height), with its apex in the middle: soft spots that move to the
    right by a pixel an image, or one grey. Long clips show five images again and again.
    """
    import cv2

    spots = cv2.resize(toy_array((SPOTS, SPOTS, 3)), size, interpolation=cv2.INTER_LINEAR)
    files = []
    for number in range(min(count, FRAMES)):
        files.append(folder / f"{'grey' if constant else 'spots'}-{size[0]}-{number}.png")
        if not files[-1].exists():
            image = np.full_like(spots, GREY) if constant else np.roll(spots, number, axis=1)
            cv2.imwrite(str(files[-1]), image.astype(np.uint8))
    numbered = {1 + number: files[number % len(files)] for number in range(count)}
    return Frames(numbered, root=folder, onset=1, apex=1 + count // 2, offset=count, fps=100.0)
