"""Train on one database of a dataset alone, and test on each: how far does a model carry?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import merbench

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FromCASME2", "FromSAMM", "FromSMIC"]


class FromOneDatabase(merbench.Splitter):
    """Tests every clip once, with models that were trained on clips of `database` alone.

    The subjects of `database` are left out one after another: such a fold has the name of its subject. Every other
    database is tested as a whole: such a fold has the name of the database.
    """

    database = ""

    def split(self, clips: pd.DataFrame) -> Iterator[merbench.Fold]:
        """`merbench.ProtocolError` if `clips` lack the database, or if it has one subject only."""
        import numpy as np

        home = (clips["database"] == self.database).to_numpy()
        if not home.any():
            held = ", ".join(clips["database"].unique())
            raise merbench.ProtocolError(f"no clip of {self.database} to train on, only of {held or 'no database'}")
        subjects = clips["subject"].to_numpy()
        own = np.flatnonzero(home)
        for subject in clips["subject"][home].unique():
            apart = subjects[own] == subject
            if apart.all():
                raise merbench.ProtocolError(f"{self.database} has one subject only; to leave one out takes two")
            yield merbench.Fold(subject, own[~apart], own[apart])
        for database in clips["database"][~home].unique():
            yield merbench.Fold(database, own, np.flatnonzero(clips["database"] == database))


class FromSMIC(FromOneDatabase):
    """Trains on SMIC alone."""

    database = "smic"


class FromCASME2(FromOneDatabase):
    """Trains on CASME II alone."""

    database = "casme2"


class FromSAMM(FromOneDatabase):
    """Trains on SAMM alone."""

    database = "samm"
