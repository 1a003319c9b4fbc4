"""The same models on the same clips, trained on all databases together, on one alone, or on the others."""

from __future__ import annotations

import numpy as np

from docs.generate.board import boards, setting
from docs.generate.markdown import decimal, table
from merbench.leaderboard.boards import counts_of
from merbench.leaderboard.extractions import configured
from merbench.leaderboard.rows import Row, of_seeds, seeds_of
from merbench.leaderboard.transfer import transfers_of
from merbench.leaderboard.wording import p_value, signed
from merbench.scores import compare_confusions, mean_rate

__all__ = ["ELSEWHERE", "protocols", "transfer"]

TOGETHER, OTHERS = "loso", ("loso-per-database", "lodo")
ELSEWHERE = (*OTHERS, "from-smic", "from-casme2", "from-samm")


def protocols() -> str:
    """UF1 / UAR of what ran under all three protocols, with the seeds that all have, and UF1 less that of `loso`."""
    found = [configured(boards()[protocol]) for protocol in (TOGETHER, *OTHERS)]
    common = [[rows[key] for rows in found] for key in found[0] if all(key in rows for rows in found)]
    others = [f"{protocol}{what}" for protocol in OTHERS for what in ("", ", UF1 difference")]
    return table(["model", "recipe", "seeds", TOGETHER, *others], [_line(rows) for rows in common])


def _line(rows: list[Row]) -> list[object]:
    seeds = set.intersection(*map(seeds_of, rows))
    together, *others = [counts_of(of_seeds(row, seeds)) for row in rows]
    cells: list[object] = [f"`{rows[0].model}`", setting(rows[0]), len(seeds), _scores(together)]
    for counts in others:
        test = compare_confusions(counts, together, metric="uf1")
        cells += [_scores(counts), f"{signed(test.difference)} (p {p_value(test.p_value)})"]
    return cells


def _scores(counts: np.ndarray) -> str:
    return " / ".join(decimal(mean_rate(counts, metric)) for metric in ("uf1", "uar"))


def transfer() -> str:
    """The median UF1 from each database to each, and what it shows."""
    (found,) = transfers_of(list(boards().values()))
    lines = [
        [f"{name}, {found.boards[place].protocol}", *(decimal(found.middle(place, part)) for part in found.databases)]
        for place, name in enumerate(found.names)
    ]
    return f"{found.finding}.\n\n{table(['trained on', *found.names], lines)}"
