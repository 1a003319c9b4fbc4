"""HSTA's released five folds of CAS(ME)3 part A: `train_fold_1.csv`, `test_fold_1.csv` and so on to 5.

They are in `washed_data/washed_data/new_labels/emothion_as_label` of github.com/OceanSummerDay/HSTA_MER. They were
drawn clip by clip, so 54 to 64 subjects are on both sides of each fold. They are included to show the effect on scores,
in comparison with the honest `subjects-5`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import merbench
from merbench_databases.annotations import Line, read_lines
from merbench_databases.casme3a import DATABASE, clip_id
from merbench_databases.tables import TableError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SOURCE, VIDEOS = "hsta-folds", "casme3a"  # names of sources
BESIDE = "hsta-5-fold"  # name of the folder if it lies beside or in the release of the videos
FOLDS = 5
SIDES = ("train", "test")


class HSTAFolds(merbench.SourceReader):
    """The folder with the ten files. It provides no feature; its clips belong to CAS(ME)3 part A."""

    def clips(self) -> pd.DataFrame:
        """Every clip on the test side of a fold, fold by fold.

        Raises:
            merbench.ReleaseError: a file is missing or cannot be read.
        """
        lines = [line for number in range(1, FOLDS + 1) for line in self.side(number, "test")]
        ids = [clip_id(line) for line in lines]
        return merbench.clip_table(
            {
                "clip": ids,
                "database": [DATABASE] * len(ids),
                "subject": [clip.rpartition("/")[0] for clip in ids],
                "emotion": [line.emotion.lower() for line in lines],
            }
        )

    def read(self, feature: str, clip: str) -> np.ndarray:
        """Always fails: the files contain no feature.

        Raises:
            merbench.ReleaseError: always.
        """
        raise merbench.ReleaseError(f"HSTA's folds have no feature {feature!r}")

    def published(self) -> merbench.Published:
        """The number of clips of CAS(ME)3 part A."""
        return merbench.Published(clips=860, subjects=94, source="HSTA's repository")

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """Whether the folder contains all ten files."""
        return all((folder / _name(number, side)).is_file() for number in range(1, FOLDS + 1) for side in SIDES)

    def side(self, number: int, side: str) -> list[Line]:
        """The rows of one side of one fold (1 to 5).

        Raises:
            merbench.ReleaseError: the file is missing or cannot be read.
        """
        if self.root is None:
            raise merbench.ReleaseError("HSTA's folds need a folder")
        path = self.root / _name(number, side)
        if not path.is_file():
            raise merbench.ReleaseError(
                f"{self.root} does not contain HSTA's folds: {path.name} is missing; name the folder with the ten csv "
                "files train_fold_1.csv to test_fold_5.csv (emothion_as_label in HSTA's repository)"
            )
        try:
            return read_lines(path, self.root)
        except TableError as error:
            raise merbench.ReleaseError(f"{path}{error}") from error


class HSTAFiveFold(merbench.Splitter):
    """HSTA's five folds as released; clips that are not in the dataset are left out of both sides."""

    shares_subjects = True

    def split(self, clips: pd.DataFrame) -> Iterator[merbench.Fold]:
        """Five folds, `1of5` to `5of5`.

        Raises:
            merbench.ProtocolError: the place of the files is not known, or a clip of the table is in no test file.
        """
        import numpy as np

        reader = HSTAFolds(_folder())
        places = {clip: place for place, clip in enumerate(clips["clip"])}
        tested: set[int] = set()
        for number in range(1, FOLDS + 1):
            listed = (map(clip_id, reader.side(number, side)) for side in SIDES)
            train, test = (sorted({places[clip] for clip in one if clip in places}) for one in listed)
            tested.update(test)
            yield merbench.Fold(f"{number}of{FOLDS}", np.array(train, np.int64), np.array(test, np.int64))
        left = sorted(set(places.values()) - tested)
        if left:
            raise merbench.ProtocolError(
                f"HSTA's folds do not test {clips['clip'].iloc[left[0]]} ({len(left)} such clips); they belong to "
                "CAS(ME)3 part A: choose a dataset of it, such as casme3-7"
            )


def _folder() -> Path:
    """The folder of the files: where it was added, or beside or in the release of the videos."""
    videos = merbench.locate(VIDEOS)
    near = [videos / BESIDE, videos.parent / BESIDE] if videos else []
    found = merbench.locate(SOURCE) or next((one for one in near if one.is_dir()), None)
    if found is None:
        raise merbench.ProtocolError(
            f"no data for {SOURCE}: get the folder with HSTA's fold files, then: merbench data add {SOURCE} PATH"
        )
    return found


def _name(number: int, side: str) -> str:
    return f"{side}_fold_{number}.csv"
