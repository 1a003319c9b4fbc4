"""The clips that a script is audited on: made ones, or a user's own; and their poisoned copies."""

from __future__ import annotations

import csv
import dataclasses
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from merbench.errors import MerbenchError, printable

__all__ = ["AuditError", "Clips", "made_clips", "read_clips"]

COLUMNS = ("clip", "subject", "label")
NAME = re.compile(r"[\w-][\w.-]{0,99}")  # names become names of files
SIZES = (9, 8, 8, 7, 7, 6, 6, 5)  # made clips of each subject
CLASSES = 3
LOUD = 255.0  # the largest value of a picture


class AuditError(MerbenchError):
    """The script, its predictions or the clips to audit it on cannot be used."""


@dataclass(frozen=True)
class Clips:
    """Clips with their labels and features, once as training sees them and once as the test side does.

    Attributes:
        names, subjects: `[clips]` names.
        labels: `[clips]` int64 class indices 0..classes-1.
        features: `[clips, ...]` float32.
        test_labels, test_features: the same for the test side of each fold; poison makes them differ.
    """

    names: tuple[str, ...]
    subjects: tuple[str, ...]
    labels: np.ndarray
    features: np.ndarray
    test_labels: np.ndarray
    test_features: np.ndarray

    @property
    def classes(self) -> int:
        """Number of classes."""
        return int(self.labels.max()) + 1

    def of(self, subject: str) -> np.ndarray:
        """`[clips]` bool: whether a clip is of the subject."""
        return np.array([one == subject for one in self.subjects])

    def largest(self, count: int) -> list[str]:
        """The subjects with the most clips, at most `count`."""
        return [name for name, _ in sorted(Counter(self.subjects).items(), key=lambda one: (-one[1], one[0]))][:count]

    def with_labels(self, where: np.ndarray, step: int, *, everywhere: bool) -> Clips:
        """The test labels of the clips in `where` become the class `step` further on.

        `everywhere`: the labels change in the training sides as well, for a layout that has each clip only once.
        """
        turned = np.where(where, (self.test_labels + step) % self.classes, self.test_labels)
        return dataclasses.replace(self, test_labels=turned, labels=turned if everywhere else self.labels)

    def with_noise(self, where: np.ndarray, *, everywhere: bool) -> Clips:
        """The test features of the clips in `where` become loud noise, in the same range. `everywhere` as above."""
        noise = np.random.default_rng(1).choice([0.0, 1.0], self.features.shape, p=[0.2, 0.8])
        low, high = float(self.features.min()), float(self.features.max())
        noise = (low + noise * (high - low)).astype(np.float32)
        mask = where.reshape(-1, *[1] * (self.features.ndim - 1))
        drowned = np.where(mask, noise, self.test_features)
        return dataclasses.replace(self, test_features=drowned, features=drowned if everywhere else self.features)


def made_clips() -> Clips:
    """56 made clips of 8 subjects and 3 classes: `[56, 28, 28, 3]` whole numbers in 0..255.

    A class moves one region, weakly, and each subject has a brightness, so that a fair script is right more often
    than by chance but not always.
    """
    draw = np.random.default_rng(0)
    subjects = [f"s{number}" for number, size in enumerate(SIZES, 1) for _ in range(size)]
    labels = draw.permutation(np.arange(len(subjects)) % CLASSES)
    features = draw.normal(110, 45, (len(subjects), 28, 28, 3))
    for at, label in enumerate(labels):
        features[at, 4 + 8 * label : 10 + 8 * label, 8:20] += 7
        features[at] += 3 * int(subjects[at][1:])
    features = features.clip(0, LOUD).round().astype(np.float32)
    count: Counter[str] = Counter()
    names = []
    for subject in subjects:
        count[subject] += 1
        names.append(f"{subject}_{count[subject]:02}")
    return _clips(names, subjects, labels, features)


def read_clips(folder: Path) -> Clips:
    """A user's clips: `clips.csv` with the columns clip, subject and label, and `features.npy` with a row for each.

    Raises:
        AuditError: a file is missing, cannot be read, or does not fit the other.
    """
    try:
        with open(folder / "clips.csv", encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        features = np.load(folder / "features.npy", allow_pickle=False)
    except (OSError, ValueError, csv.Error) as error:
        wanted = "a folder for --data needs clips.csv (clip, subject, label) and features.npy"
        raise AuditError(f"{folder}: {printable(str(error))}; {wanted}") from error
    columns = [_column(folder, rows, name) for name in COLUMNS]
    _check(folder, columns, features)
    labels = np.array([int(label) for label in columns[2]])
    return _clips(columns[0], columns[1], labels, features.astype(np.float32))


def _column(folder: Path, rows: list[dict[str, str]], name: str) -> list[str]:
    if not rows or any(row.get(name) is None for row in rows):
        raise AuditError(f"{folder / 'clips.csv'}: needs the columns {', '.join(COLUMNS)} and a row for each clip")
    return [row[name] for row in rows]


def _check(folder: Path, columns: list[list[str]], features: np.ndarray) -> None:
    names, subjects, labels = columns
    path = folder / "clips.csv"
    if wrong := [name for name in (*names, *subjects) if not NAME.fullmatch(name)]:
        raise AuditError(f"{path}: {wrong[0]!r} is not a name; use letters, digits, '.', '_' and '-'")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise AuditError(f"{path}: clip {twice[0]} is listed twice; keep one of its rows")
    if wrong := [label for label in labels if not (label.isascii() and label.isdecimal() and len(label) < 3)]:
        raise AuditError(f"{path}: label {wrong[0]!r} is not a class index; number the classes 0, 1, 2")
    found = {int(label) for label in labels}
    if len(found) < 2 or found != set(range(len(found))):
        raise AuditError(f"{path}: the labels must be 0 to the number of classes minus 1, each at least once")
    if len(set(subjects)) < 2:
        raise AuditError(f"{path}: one subject alone cannot be split; give clips of at least two subjects")
    if features.ndim < 2 or len(features) != len(names) or features.dtype.kind not in "fiu":
        raise AuditError(
            f"{folder / 'features.npy'}: must be numbers of shape [{len(names)}, ...], one row for each clip, "
            f"not {features.dtype} of shape {list(features.shape)}"
        )
    if not np.isfinite(features).all():
        raise AuditError(f"{folder / 'features.npy'}: has values that are not finite numbers; repair those clips")


def _clips(names: list[str], subjects: list[str], labels: np.ndarray, features: np.ndarray) -> Clips:
    labels = labels.astype(np.int64)
    return Clips(tuple(names), tuple(subjects), labels, features, labels, features)
