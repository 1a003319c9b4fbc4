"""Read a plain clone of github.com/wangzhifengharrison/HTNet: the flow release of the composite.

It contains a table of the 442 clips and an image of 28x28 pixels for each. The channels of an image are optical strain,
v and u of the flow from onset to apex, each stretched separately to 0..255 (in OpenCV's order, blue first).
`landmarks_mtcnn28.csv` is not part of the clone: it has the landmarks that HTNet's script finds on the apex image
shrunk to 28x28. Without this file, every clip gets the script's own fallback.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from reprlib import repr as short  # a cell may be as long as a file
from typing import TYPE_CHECKING, NamedTuple

import merbench
from merbench_databases.tables import TableError, inside, rows_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

TABLE = "combined_3_class2_for_optical_flow.csv"
IMAGES = "datasets/STSNet_whole_norm_u_v_os"
FARTHEST = 1e6  # largest distance of a landmark, in pixels of the 28x28 image
LANDMARKS = "landmarks_mtcnn28.csv"
CLASSES = merbench.THREE_CLASS.classes  # the release's labels 0, 1, 2
DATABASES = ("smic", "casme2", "samm")
SIDE = 28
HINT = "name the folder made by: git clone https://github.com/wangzhifengharrison/HTNet"
POINTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
# From HTNet's script, for an apex image on which MTCNN finds no face: (x, y) in pixels of the 28x28 image.
FALLBACK = ((9.5281, 11.0626), (21.3962, 10.9198), (15.3802, 17.3806), (10.2554, 22.1212), (20.5837, 22.2558))


class Row(NamedTuple):
    """One clip of the table: `subject` and `name` as published, `raw_subject` and `raw_name` as in the file."""

    database: str
    subject: str
    name: str
    label: int
    raw_subject: str
    raw_name: str


class HTNetRelease(merbench.SourceReader):
    """The release in the folder `root`. Provides, for each clip,

    - `flow-28`: float32 `[3, 28, 28]`, channels (strain, v, u), values 0..255 as stored, not scaled;
    - `landmarks-28`: float32 `[5, 2]`, (x, y) in pixels of the 28x28 image, not clamped; left eye, right eye, nose,
      left and right mouth corner (left as seen in the image).
    """

    def clips(self) -> pd.DataFrame:
        """442 clips in a plain clone, in the order of its table; `emotion` is the class name.

        Raises:
            merbench.ReleaseError: the table or the images are missing, or a row of the table is wrong.
        """
        return merbench.clip_table(
            {
                "clip": list(self._rows),
                "database": [row.database for row in self._rows.values()],
                "subject": [f"{row.database}/{row.subject}" for row in self._rows.values()],
                "emotion": [CLASSES[row.label] for row in self._rows.values()],
            }
        )

    def read(self, feature: str, clip: str) -> np.ndarray:
        """One raw feature of one clip; the class docstring gives shapes and units.

        Raises:
            merbench.ReleaseError: the clip's image or landmarks are missing or broken; the message says why.
        """
        if clip not in self._rows:
            raise merbench.ReleaseError(f"{TABLE} has no clip {clip}")
        if feature == "flow-28":
            return self._flow(self._rows[clip])
        if feature == "landmarks-28":
            return self._face(clip)
        raise merbench.ReleaseError(f"the release has no feature {feature!r}")

    def notes(self) -> dict[str, str]:
        """How many clips have the fallback landmarks, if any."""
        if self._landmarks is None:
            return {
                "landmarks-28": f"the release has no {LANDMARKS}, so all its {len(self._rows)} clips have the fixed "
                "fallback landmarks of HTNet's script"
            }
        substituted = sum(not detected for detected, _ in self._landmarks.values())
        if not substituted:
            return {}
        return {
            "landmarks-28": f"HTNet's script found no face on {substituted} of the release's {len(self._landmarks)} "
            "clips; these have its fixed fallback landmarks"
        }

    @property
    def _folder(self) -> Path:
        if self.root is None:
            raise merbench.ReleaseError("htnet-release needs a folder")
        return self.root

    @cached_property
    def _rows(self) -> dict[str, Row]:
        for name, kind in ((TABLE, Path.is_file), (IMAGES, Path.is_dir)):
            if not kind(self._folder / name):
                raise merbench.ReleaseError(
                    f"{self._folder} is not a clone of HTNet's repository: {name} is missing; {HINT}"
                )
        rows: dict[str, Row] = {}
        for line, row in self._parsed():
            clip = f"{row.database}/{row.subject}/{row.name}"
            if clip in rows:
                raise merbench.ReleaseError(f"{self._folder / TABLE}, line {line}: clip {clip} is listed twice")
            rows[clip] = row
        return rows

    def _parsed(self) -> Iterator[tuple[int, Row]]:
        path = self._folder / TABLE
        try:
            for line, cells in rows_of(path, ("dataset", "sub", "filename_o", "label"), root=self._folder):
                yield line, _row(line, cells)
        except TableError as error:
            raise merbench.ReleaseError(f"{path}{error}") from error

    def _flow(self, row: Row) -> np.ndarray:
        from merbench_databases.images import read_png

        path = self._image(row)
        try:
            inside(path, self._folder)
        except TableError as error:
            raise merbench.ReleaseError(f"{path.name}{error}") from error
        return read_png(path, SIDE).transpose(2, 0, 1).astype("float32")

    def _image(self, row: Row) -> Path:
        # The table may have `6` for `006` in the file name, or `s1_ne_01` for `s01_ne_01`; file names have the blank.
        folder = self._folder / IMAGES
        tries = [
            folder / f"{subject}_{name} .png"
            for subject in dict.fromkeys((row.raw_subject, row.subject))
            for name in dict.fromkeys((row.raw_name, row.name))
        ]
        found = next((path for path in tries if path.exists() or path.is_symlink()), None)
        if found is None:
            raise merbench.ReleaseError(f"{tries[-1].name} is missing")
        return found

    def _face(self, clip: str) -> np.ndarray:
        import numpy as np

        if self._landmarks is None:
            return np.array(FALLBACK, dtype=np.float32)
        if clip not in self._landmarks:
            raise merbench.ReleaseError(f"{LANDMARKS} has no row for the clip")
        return np.array(self._landmarks[clip][1], dtype=np.float32).reshape(len(POINTS), 2)

    @cached_property
    def _landmarks(self) -> dict[str, tuple[bool, list[float]]] | None:
        """Clip id → (whether a face was found, ten coordinates); None if the file is missing."""
        path = self._folder / LANDMARKS
        if not path.exists():
            return None
        coordinates = tuple(f"{point}_{axis}" for point in POINTS for axis in "xy")
        found: dict[str, tuple[bool, list[float]]] = {}
        try:
            for line, cells in rows_of(
                path, ("database", "subject", "clip", "mtcnn_detected", *coordinates), root=self._folder
            ):
                database = _database(line, cells["database"])
                subject, name = _subject(line, database, cells["subject"]), _name(line, database, cells["clip"])
                clip = f"{database}/{subject}/{name}"
                if clip in found:
                    raise TableError(f", line {line}: clip {clip} is listed twice")
                found[clip] = (cells["mtcnn_detected"] == "1", [_number(line, cells[name]) for name in coordinates])
        except TableError as error:
            raise merbench.ReleaseError(f"{path}{error}") from error
        return found


def _row(line: int, cells: dict[str, str]) -> Row:
    database = _database(line, cells["dataset"])
    subject, name = _subject(line, database, cells["sub"]), _name(line, database, cells["filename_o"])
    clip = f"{database}/{subject}/{name}"
    if not re.fullmatch(r"[+-]?[0-9]{1,9}", cells["label"]):
        raise TableError(f", line {line}: clip {clip} has the label {short(cells['label'])}, which is not an integer")
    label = int(cells["label"])
    if label not in range(len(CLASSES)):
        scheme = ", ".join(f"{index} {title}" for index, title in enumerate(CLASSES))
        raise TableError(f", line {line}: clip {clip} has the label {label}, outside the scheme ({scheme})")
    return Row(database, subject, name, label, cells["sub"], cells["filename_o"])


def _database(line: int, cell: str) -> str:
    if cell.lower() not in DATABASES:
        raise TableError(f", line {line}: unknown database {short(cell)}; known are {', '.join(DATABASES)}")
    return cell.lower()


def _subject(line: int, database: str, cell: str) -> str:
    """The subject in its database's form: `006` (SAMM), `s01` (SMIC), `sub01` (CASME II)."""
    shape = {"samm": r"()(\d{1,3})", "smic": r"(s)(\d{1,2})", "casme2": r"(sub)(\d{1,2})"}[database]
    match = re.fullmatch(shape, cell, flags=re.ASCII)
    if not match:
        raise TableError(f", line {line}: {short(cell)} is not a subject of {database}")
    return match[1] + match[2].zfill(3 if database == "samm" else 2)


def _name(line: int, database: str, cell: str) -> str:
    """The clip's name in the challenge's form; it cannot lead to another folder."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", cell):
        raise TableError(f", line {line}: {short(cell)} is not a clip's name")
    return re.sub(r"^s(\d)_", r"s0\1_", cell) if database == "smic" else cell


def _number(line: int, cell: str) -> float:
    import math

    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not abs(value) <= FARTHEST:
        raise TableError(f", line {line}: {short(cell)} is not a number of pixels")
    return value
