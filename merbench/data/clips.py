"""The clip table: one row per annotated video sample, in fixed columns."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from merbench.errors import ReleaseError, one_line

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "clip_table", "clips_digest", "labels_digest"]

# `apex` may be missing; `label` is -1 until a label scheme is applied.
COLUMNS: dict[str, str] = {
    "clip": "string",
    "database": "string",
    "subject": "string",
    "onset": "Int64",
    "apex": "Int64",
    "offset": "Int64",
    "fps": "Float64",
    "emotion": "string",
    "action_units": "string",
    "label": "int64",
}
REQUIRED = ("clip", "database", "subject")

# Ids are used in file names, lines of text and pages: no blank, no control character, no part that is `.` or `..`.
_ID = re.compile(r"(?!\.{1,2}(?:/|$))[\w.+()-]+(?:/(?!\.{1,2}(?:/|$))[\w.+()-]+)*")


def clip_table(rows: Any) -> pd.DataFrame:
    """A validated clip table.

    Args:
        rows: anything `pandas.DataFrame` takes, with at least the columns `clip`, `database` and `subject`. Missing
            columns of `COLUMNS` are filled with missing values (`label` with -1).

    Returns:
        A table with exactly the columns of `COLUMNS`, in their order and types, and a fresh index 0..n-1.

    Raises:
        ReleaseError: a column is missing or unknown; a value is of the wrong kind; an id is missing, could lead to
            another folder or holds blanks; a clip id is listed twice; or a subject's id does not start with its
            database's, or a clip's with its subject's (ids must be unique over databases).
    """
    import pandas as pd

    table = pd.DataFrame(rows).copy()  # the caller's own table stays as it is
    missing = [name for name in REQUIRED if name not in table]
    unknown = sorted(set(table.columns) - set(COLUMNS))
    if missing or unknown:
        raise ReleaseError(f"clip table: missing columns {missing}, unknown columns {unknown}")
    for name in COLUMNS:
        if name not in table:
            table[name] = -1 if name == "label" else pd.NA
    try:
        table = table[list(COLUMNS)].astype(COLUMNS).reset_index(drop=True)
    except (TypeError, ValueError) as error:
        raise ReleaseError(f"clip table: a value is of the wrong kind: {one_line(error)}") from error
    _check_ids(table)
    return table


def _check_ids(table: pd.DataFrame) -> None:
    for name in REQUIRED:
        wrong = [value for value in table[name] if not isinstance(value, str) or not _ID.fullmatch(value)]
        if wrong:
            raise ReleaseError(f"clip table: {wrong[0]!r} cannot be a {name} id")
    twice = sorted(table["clip"][table["clip"].duplicated()].unique())
    if twice:
        raise ReleaseError(f"clip table: these clips are listed twice: {', '.join(twice[:5])}")
    # A record keeps only clip ids, and takes database and subject from them.
    for name, within, form in (
        ("subject", "database", "database/subject"),
        ("clip", "subject", "database/subject/clip"),
    ):
        for value, prefix in zip(table[name], table[within], strict=True):
            if not value.startswith(f"{prefix}/") or value.count("/") != form.count("/"):
                raise ReleaseError(f"clip table: {name} {value!r} must read {form}")


def clips_digest(clips: pd.DataFrame) -> str:
    """sha256 (hex) of the clip ids in their order."""
    return hashlib.sha256("\n".join(clips["clip"]).encode()).hexdigest()


def labels_digest(clips: pd.DataFrame) -> str:
    """sha256 (hex) of `clip label` lines in clip order."""
    lines = (f"{clip} {label}" for clip, label in zip(clips["clip"], clips["label"], strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
