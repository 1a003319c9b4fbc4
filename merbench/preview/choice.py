"""Chooses the clips that are shown."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from merbench.errors import OptionError, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["A_CLASS", "chosen"]

A_CLASS = 2  # clips of each class of each database, by default


def chosen(clips: pd.DataFrame, pattern: str | None) -> pd.DataFrame:
    """The rows to show, in the order of the table.

    Args:
        clips: a labelled clip table.
        pattern: a shell pattern on clip ids. None chooses the first two clips of each class of each database, from two
            subjects if possible.

    Raises:
        OptionError: no clip matches; the message names the nearest ids.
    """
    if pattern is None:
        return _few(clips)
    found = clips[[fnmatchcase(clip, pattern) for clip in clips["clip"]]]
    if found.empty:
        near = nearest(pattern.strip("*?"), clips["clip"])
        raise OptionError(
            f"--clips {pattern!r} matches none of {len(clips)} clips{near}; it is a shell pattern on clip ids, such as "
            f"{clips['clip'].iloc[0].rpartition('/')[0] + '/*'!r}, and '*' takes all"
        )
    return found.reset_index(drop=True)


def _few(clips: pd.DataFrame) -> pd.DataFrame:
    repeated = clips.duplicated(["database", "label", "subject"])
    first = clips.assign(repeated=repeated).sort_values("repeated", kind="stable")
    kept = first.groupby(["database", "label"]).head(A_CLASS).index
    return clips.loc[sorted(kept)].reset_index(drop=True)
