"""Finds the canonical clip for an id that a file spells in another way."""

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
    """Imported predictions cannot be read, or do not fit their dataset."""


class ClipIds:
    """Looks up the ids of a canonical clip list by any accepted spelling.

    Database names may be in any case. In a subject's name, the padding of the number and the letters may be left out:
    `sub01`, `sub1` and `1` are the same subject of CASME II. If a clip's name begins with its subject, the same holds
    there: `6_1_2` is `006_1_2`, and `s1_ne_01` is `s01_ne_01`. All other text must match exactly, because CASME II has
    both EP19_05 and EP19_05f.

    Args:
        canonical: columns clip, database, subject, label, from `merbench.data.datasets.canonical_clips`.
        dataset: name of the dataset, for errors.
    """

    def __init__(self, canonical: pd.DataFrame, dataset: str) -> None:
        self._dataset = dataset
        self._canonical = canonical
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
        """Return the id of the subject `name` of `database`.

        Raises:
            SubmissionError: no subject matches, or several do.
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

    def subject_named(self, name: str) -> str:
        """Return the id of the subject with exactly this name, of whatever database.

        Raises:
            SubmissionError: no subject matches, or several do.
        """
        found = [subject for subject in self._clips if subject.partition("/")[2] == name]
        if len(found) > 1:
            raise SubmissionError(f"subject {shown(name)} could be {' or '.join(sorted(found))}")
        if not found:
            raise SubmissionError(f"{self._dataset} has no subject {shown(name)}")
        return found[0]

    def by_class(self, subject: str) -> dict[str, list[str]]:
        """Map the class indices of a subject's clips, as text, to the ids of these clips in the order of the list."""
        own = self._canonical[self._canonical["subject"] == subject]
        return {str(label): list(clips) for label, clips in own.groupby("label")["clip"]}

    def clip(self, subject: str, name: str) -> str:
        """Return the id of the clip `name` of the subject with the id `subject`.

        Raises:
            SubmissionError: no clip matches.
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
    """Return a subject's name without padding, and its number alone: `sub1` and `1` for `sub01`; else just the name."""
    parts = _NUMBERED.fullmatch(name)
    if parts is None:
        return (name,)
    number = parts[2].lstrip("0") or "0"
    return (f"{parts[1]}{number}", number)


def shown(text: str) -> str:
    """Quote and shorten text from a file for an error."""
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}…")
