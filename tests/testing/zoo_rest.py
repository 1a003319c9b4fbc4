"""Features, protocols and readers that keep the rules, and some that each break one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import merbench

COUNT = itertools.count()


def light(images: merbench.Frames) -> np.ndarray:
    """`[3]` float64: the mean of each colour over the clip."""
    return np.mean([image.mean((0, 1)) for image in images], 0)


def lights(images: merbench.Frames) -> np.ndarray:
    """One for each image, so that the shape depends on the clip."""
    return np.array([image.mean() for image in images])


def rows(images: merbench.Frames) -> np.ndarray:
    """One for each row of the images, so that the shape depends on their size."""
    return images[0].mean((1, 2))


def contrast(images: merbench.Frames) -> np.ndarray:
    """Not a number without contrast."""
    with np.errstate(all="ignore"):
        return np.float64(images[0].std()) / np.array([images[0].std()] * 3)


def last_motion(images: merbench.Frames) -> np.ndarray:
    """Needs two images."""
    return images[1].mean((0, 1)) - images[0].mean((0, 1))


def counted(images: merbench.Frames) -> np.ndarray:
    """Another result for each call."""
    return np.array([next(COUNT)] * 3)


def doubled(array: np.ndarray) -> np.ndarray:
    return array * 2


def bits(array: np.ndarray) -> np.ndarray:
    """Takes whole numbers only."""
    return array & 1


def halved_in_place(array: np.ndarray) -> np.ndarray:
    array.setflags(write=True)
    array /= 2
    return array


def mirrored(clips: Any) -> Any:
    return clips.flip(-1)


def shifted(clips: Any) -> Any:
    return clips + 1


def overwritten(clips: Any) -> Any:
    clips[:] = clips.flip(-1)
    return clips


def drawn(*values: Any) -> np.ndarray:
    return np.zeros((4, 4, 3), np.uint8)


def drawn_grey(*values: Any) -> np.ndarray:
    return np.zeros((4, 4), np.uint8)


class Subjects(merbench.Splitter):
    """Keeps every rule: leaves one subject out, and refuses a single one."""

    def split(self, clips: pd.DataFrame) -> Iterator[merbench.Fold]:
        if clips["subject"].nunique() < 2:
            raise merbench.ProtocolError("one subject alone cannot be left out")
        for name in clips["subject"].unique():
            test = (clips["subject"] == name).to_numpy()
            yield merbench.Fold(str(name), np.flatnonzero(~test), np.flatnonzero(test))


class Clips(merbench.Splitter):
    """Leaves one clip out, so that its subject is on both sides."""

    def split(self, clips: pd.DataFrame) -> Iterator[merbench.Fold]:
        for at in range(len(clips)):
            yield merbench.Fold(str(at), np.delete(np.arange(len(clips)), at), np.array([at]))


class Leaking(Clips):
    shares_subjects = True


class Moody(Subjects):
    """Another order each time."""

    def split(self, clips: pd.DataFrame) -> Iterator[merbench.Fold]:
        folds = list(super().split(clips))
        yield from folds[:: 1 if next(COUNT) % 2 else -1]


class Twice(Subjects):
    """Leaves one subject out in each database, and forgets that a person may be in two."""

    def split(self, clips: pd.DataFrame) -> Iterator[merbench.Fold]:
        for database in clips["database"].unique():
            places = np.flatnonzero(clips["database"] == database)
            for fold in super().split(clips.iloc[places].reset_index(drop=True)):
                yield merbench.Fold(fold.name, places[fold.train], places[fold.test])


class Careless(Subjects):
    """Fails if there is a single subject."""

    def split(self, clips: pd.DataFrame) -> Iterator[merbench.Fold]:
        assert clips["subject"].nunique() > 1
        yield from super().split(clips)


class Reader(merbench.SourceReader):
    """Keeps every rule: each file of numbers is a clip."""

    def clips(self) -> pd.DataFrame:
        names = sorted(path.stem for path in self.folder.glob("*.txt"))
        if not names:
            raise merbench.ReleaseError(f"{self.root} has no file of numbers")
        rows = [{"clip": f"zoo/{one[0]}/{one}", "database": "zoo", "subject": f"zoo/{one[0]}"} for one in names]
        return merbench.clip_table(rows)

    def read(self, feature: str, clip: str) -> np.ndarray:
        try:
            return np.loadtxt(self.folder / f"{clip.rpartition('/')[2]}.txt")
        except OSError as error:
            raise merbench.ReleaseError("its file is missing") from error

    @property
    def folder(self) -> Path:
        assert self.root is not None
        return self.root


class Labelling(Reader):
    def clips(self) -> pd.DataFrame:
        return super().clips().assign(label=1)


class Foreign(Reader):
    def clips(self) -> pd.DataFrame:
        rows = [{"clip": "other/a/a1", "database": "other", "subject": "other/a"}]
        return merbench.clip_table(rows)


class Shuffled(Reader):
    def clips(self) -> pd.DataFrame:
        table = super().clips()
        return table if next(COUNT) % 2 else table[::-1].reset_index(drop=True)


class Growing(Reader):
    """Arrays of several shapes."""

    def read(self, feature: str, clip: str) -> np.ndarray:
        return np.zeros(1 if "a1" in clip else 2) + super().read(feature, clip).sum()


class Noisy(Reader):
    def read(self, feature: str, clip: str) -> np.ndarray:
        return super().read(feature, clip) + next(COUNT)


class Writing(Reader):
    """Keeps what it has read beside the release's files."""

    def read(self, feature: str, clip: str) -> np.ndarray:
        array = super().read(feature, clip)
        np.save(self.folder / "kept.npy", array)
        return array


class Trusting(Reader):
    """Lists nothing in an empty folder."""

    def clips(self) -> pd.DataFrame:
        if not any(self.folder.iterdir()):
            return merbench.clip_table({"clip": [], "database": [], "subject": []})
        return super().clips()


class Recognising(Reader):
    @classmethod
    def recognises(cls, folder: Path) -> bool:
        return True


class Inventing(Reader):
    """Reads clips that do not exist."""

    def read(self, feature: str, clip: str) -> np.ndarray:
        return np.zeros(3)
