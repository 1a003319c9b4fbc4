"""Clip lists that a challenge published."""

from __future__ import annotations

import functools
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def composite() -> pd.DataFrame:
    """The composite of MEGC2019, in its order: 442 rows of clip, database, subject (strings) and label (0, 1, 2).

    It is the ground truth that the challenge published (Facial-Micro-ExpressionGC/MEGC2019, `combined_3class_gt.csv`),
    with SAMM's subjects padded to three digits, as in SAMM itself.
    """
    return _composite().copy()


@functools.cache
def _composite() -> pd.DataFrame:
    import pandas as pd

    with files(__package__).joinpath("composite.csv").open("r", encoding="utf-8") as file:
        return pd.read_csv(file)
