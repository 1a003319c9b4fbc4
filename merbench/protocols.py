"""Splitters: how the clip table becomes folds. The built-in protocols register here as any plugin's would."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from merbench.hookspecs import hookimpl
from merbench.specs import Protocol

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Fold", "Splitter"]


@dataclass(frozen=True)
class Fold:
    """One train/test split: `name` (of what is held out), and positions in the clip table, `[n]` int64, ascending."""

    name: str
    train: np.ndarray
    test: np.ndarray


class Splitter(ABC):
    """Splits a clip table into folds; no subject may stand on both sides of one."""

    @abstractmethod
    def split(self, clips: pd.DataFrame) -> Iterator[Fold]:
        """The folds, in a fixed order."""

    def folds(self, clips: pd.DataFrame) -> list[Fold]:
        """The folds of `clips`, checked."""
        return list(self.split(clips))


class LeaveOneSubjectOut(Splitter):
    """Each subject once on the test side."""

    def split(self, clips: pd.DataFrame) -> Iterator[Fold]:
        import numpy as np

        for subject in clips["subject"].unique():
            held = (clips["subject"] == subject).to_numpy(bool)
            yield Fold(subject, np.flatnonzero(~held), np.flatnonzero(held))


@hookimpl
def merbench_protocols() -> Iterable[Protocol]:
    """The protocols of the field."""
    yield Protocol(
        name="composite",
        splitter="merbench.protocols:LeaveOneSubjectOut",
        about="leave one subject out over all databases together (MEGC2019 CDE)",
    )
