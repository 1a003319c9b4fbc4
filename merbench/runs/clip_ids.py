"""Finds the canonical clip that is meant where a file spells its id in its own way."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from merbench.errors import MerbenchError, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ClipIds", "SubmissionError", "shown"]

SHOWN = 60  # characters of a file's text in an error

_NUMBERED = re.compile(r"([^0-9]*)([0-9]+)")


class SubmissionError(MerbenchError):
    """Predictions that were handed in and cannot be read, or do not fit their dataset."""


class ClipIds:
    """The ids of a canonical clip list, by the spellings that are accepted.

    A database's name may be in any case. The number in a subject's name may be padded or not, and its letters may be
    left out: `sub01`, `sub1` and `1` are one subject of CASME II. So may the number be with which a clip's name begins
    where that is its subject's: `6_1_2` and `006_1_2`, `s1_ne_01` and `s01_ne_01`. Everything else is exact, for
    CASME II has both EP19_05 and EP19_05f.

    Args:
        canonical: columns clip, database, subject, as `merbench.data.datasets.canonical_clips` gives them.
        dataset: its name, for errors.
    """

    def __init__(self, canonical: pd.DataFrame, dataset: str) -> None:
        self._dataset = dataset
        self._databases = {name.lower(): name for name in canonical["database"]}
        self._clips: dict[str, dict[str, str]] = defaultdict(dict)
        for subject, clip in zip(canonical["subject"], canonical["clip"], strict=True):
            self._clips[subject][clip.rpartition("/")[2]] = clip
        self._spellings: dict[tuple[str, str], set[str]] = defaultdict(set)
        for subject in self._clips:
            database, _, name = subject.partition("/")
            for spelling in _spellings(name):
                self._spellings[database, spelling].add(subject)

    def subject(self, database: str, name: str) -> str:
        """The id of the subject that is called `name` in `database`.

        Raises:
            SubmissionError: there is none, or there are several.
        """
        known = self._databases.get(database.lower())
        if known is None:
            names = ", ".join(dict.fromkeys(self._databases.values()))
            raise SubmissionError(f"no database of {self._dataset} is called {shown(database)}; there are {names}")
        if f"{known}/{name}" in self._clips:
            return f"{known}/{name}"
        found = self._spellings.get((known, _spellings(name)[0]), set())
        if len(found) == 1:
            return next(iter(found))
        if found:
            raise SubmissionError(f"subject {shown(name)} of {known} could be {' or '.join(sorted(found))}")
        names_here = [one.partition("/")[2] for one in self._clips if one.startswith(f"{known}/")]
        raise SubmissionError(f"{known} has no subject {shown(name)} in {self._dataset}{nearest(name, names_here)}")

    def clip(self, subject: str, name: str) -> str:
        """The id of the clip that is called `name`, of the subject with the id `subject`.

        Raises:
            SubmissionError: there is none.
        """
        clips = self._clips[subject]
        if name in clips:
            return clips[name]
        database, _, own = subject.partition("/")
        head, _, rest = name.partition("_")
        if f"{own}_{rest}" in clips and self._spellings.get((database, _spellings(head)[0])) == {subject}:
            return clips[f"{own}_{rest}"]
        raise SubmissionError(f"{subject} has no clip {shown(name)} in {self._dataset}{nearest(name, clips)}")


def _spellings(name: str) -> tuple[str, ...]:
    """A subject's name without padding, and its number alone: `sub1` and `1` of `sub01`; other names as they are."""
    parts = _NUMBERED.fullmatch(name)
    if parts is None:
        return (name,)
    number = parts[2].lstrip("0") or "0"
    return (f"{parts[1]}{number}", number)


def shown(text: str) -> str:
    """A file's text in an error: quoted, and shortened."""
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")
