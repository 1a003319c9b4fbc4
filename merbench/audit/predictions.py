"""Read what a script wrote: its predictions, and if it likes its folds and the predictions of each epoch."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from merbench.audit.clips import AuditError, Clips
from merbench.errors import and_more, printable
from merbench.files import read_bounded

__all__ = ["WrittenPredictions", "read_written"]

LARGEST = 64 << 20  # bytes of a file that a script writes
SIDES = ("train", "test")


@dataclass(frozen=True)
class WrittenPredictions:
    """What one run wrote.

    Attributes:
        predicted: the class of each clip.
        folds: the fold that tested each clip; its subject if the script names no folds.
        named: whether the script named the folds itself.
        sides: for each fold the clips of both sides, if the script wrote `folds.csv`.
        epochs: for each epoch the class of each clip, if the script wrote `epochs.csv`; in the order of the epochs.
        text: the end of what the run printed.
    """

    predicted: Mapping[str, int]
    folds: Mapping[str, str]
    named: bool
    sides: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    epochs: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    text: str = ""


def read_written(out: Path, clips: Clips, what: str, text: str) -> WrittenPredictions:
    """Read and check the files of one run, `what` for errors.

    Raises:
        AuditError: predictions.csv is missing or unreadable, or a file has an unknown, missing or doubled clip or
            something that is not a class.
    """
    rows = _rows(out / "predictions.csv", what, ("clip", "predicted"), needed=True)
    predicted = _predicted(rows, clips, f"{what}: predictions.csv")
    named = all(row.get("fold") for row in rows)
    owner = dict(zip(clips.names, clips.subjects, strict=True))
    folds = {row["clip"]: printable(row["fold"]) if named else owner[row["clip"]] for row in rows}
    sides, epochs = _sides(out, clips, what), _epochs(out, clips, what)
    return WrittenPredictions(predicted, folds, named, sides, epochs, text)


def _rows(path: Path, what: str, columns: Sequence[str], *, needed: bool = False) -> list[dict[str, str]]:
    wanted = f"{what}: {path.name} must be a table with the columns {', '.join(columns)}"
    try:
        content = read_bounded(path, LARGEST)
    except FileNotFoundError as error:
        if not needed:
            return []
        raise AuditError(
            f"{what}: the script wrote no {path.name} into {{out}}; write one with the columns {', '.join(columns)}"
        ) from error
    except OSError as error:
        raise AuditError(f"{what}: {path.name} cannot be read: {error.strerror}") from error
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise AuditError(f"{wanted}; it cannot be read as text") from error
    if not rows or any(row.get(name) is None for row in rows for name in columns):
        raise AuditError(f"{wanted}, and a value for each in every row")
    return rows


def _predicted(rows: Sequence[Mapping[str, str]], clips: Clips, where: str) -> dict[str, int]:
    """The class of each clip; every clip exactly once."""
    names = [row["clip"] for row in rows]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise AuditError(f"{where} has {_some(twice)} more than once; write each clip once, by the fold that tests it")
    _check_known(names, clips, where)
    if missing := sorted(set(clips.names) - set(names)):
        raise AuditError(f"{where} lacks {len(missing)} of {len(clips.names)} clips: {_some(missing)}")
    return {row["clip"]: _class(row["predicted"], clips, where) for row in rows}


def _check_known(names: Sequence[str], clips: Clips, where: str) -> None:
    if foreign := sorted(set(names) - set(clips.names)):
        raise AuditError(f"{where} has {_some(foreign)}, which is not among the clips that the script was given")


def _class(text: str, clips: Clips, where: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 4 and int(text) < clips.classes):
        raise AuditError(f"{where}: {text[:20]!r} is not a class; write whole numbers 0..{clips.classes - 1}")
    return int(text)


def _sides(out: Path, clips: Clips, what: str) -> dict[str, dict[str, list[str]]]:
    sides: dict[str, dict[str, list[str]]] = {}
    rows = _rows(out / "folds.csv", what, ("fold", "side", "clip"))
    _check_known([row["clip"] for row in rows], clips, f"{what}: folds.csv")
    for row in rows:
        if row["side"] not in SIDES:
            raise AuditError(f"{what}: folds.csv: {row['side'][:20]!r} is not a side; write train or test")
        fold = sides.setdefault(printable(row["fold"]), {side: [] for side in SIDES})
        fold[row["side"]].append(row["clip"])
    return sides


def _epochs(out: Path, clips: Clips, what: str) -> dict[int, dict[str, int]]:
    rows = _rows(out / "epochs.csv", what, ("epoch", "clip", "predicted"))
    by_epoch: dict[int, list[dict[str, str]]] = {}
    for row in rows:
        if not (row["epoch"].isascii() and row["epoch"].isdecimal()):
            raise AuditError(f"{what}: epochs.csv: {row['epoch'][:20]!r} is not the number of an epoch")
        by_epoch.setdefault(int(row["epoch"][:9]), []).append(row)
    return {
        epoch: _predicted(some, clips, f"{what}: epochs.csv, epoch {epoch},")
        for epoch, some in sorted(by_epoch.items())
    }


def _some(names: Sequence[str]) -> str:
    return and_more([printable(name[:100]) for name in names], 3)
