"""What the committed records say, as tables."""

from __future__ import annotations

import csv

from docs.generate.board import BASELINE, LEADERBOARDS, board, record_paths, runs
from docs.generate.markdown import decimal, table
from merbench.leaderboard.entries import Figure
from merbench.leaderboard.methods import methods_of
from merbench.leaderboard.rows import Row
from merbench.scores import Metric

__all__ = ["leaders", "methods", "networks", "remarks", "seeds"]

LEADERS = 5  # rows on the front page
METRICS: tuple[Metric, ...] = ("uf1", "uar")
HEAD = ["rank", "model", "recipe", "UF1", "UAR", "oracle (test-selected)"]


def leaders() -> str:
    """The first rows of the board."""
    level = sum(row.standing is not None and row.standing.leading for row in runs())
    tied = f"A test of all pairs of rows over subjects does not separate {level} rows from the best."
    return f"{table(HEAD, [_cells(row) for row in runs()[:LEADERS]])}\n\n{tied}"


def seeds() -> str:
    """Every run, its seeds folded into one row, with a link to each record."""
    return table([*HEAD, "records, by seed"], [[*_cells(row), _links(row)] for row in runs()])


def networks() -> str:
    """How many networks score higher than the logistic regression."""
    baseline = next(row for row in runs() if row.model == BASELINE)
    rows = [row for row in runs() if row.approach == "network"]
    models = len({row.model for row in rows})
    lines = [f"{models} networks were run in {len(rows)} settings, and compared with the logistic regression:\n"]
    for metric in METRICS:
        reference = _score(baseline, metric)
        above = [
            f"`{row.model}` `{row.recipe}` (by {decimal(_score(row, metric) - reference)})"
            for row in rows
            if _score(row, metric) > reference
        ]
        named = f": {', '.join(above)}" if above else ""
        lines.append(f"- {len(above)} of {len(rows)} have a higher {metric.upper()}{named}.")
    low, high = baseline.figures["full"]["uf1"].interval or (0.0, 1.0)
    inside = sum(low <= _score(row, "uf1") <= high for row in rows)
    lines.append(f"- {inside} of {len(rows)} have a UF1 within the 95 % interval of the logistic regression.")
    return "\n".join(lines)


def methods() -> str:
    """What papers report of a method, beside the scores of its runs and of predictions that were handed in."""
    rows = [
        [
            one.name,
            one.recipe or "handed in",
            " / ".join(dict.fromkeys(map(decimal, one.reported))),
            *("-" if value is None else decimal(value) for value in (one.honest, one.selected)),
        ]
        for one in methods_of(board())
        if one.reported
    ]
    return table(["method", "recipe", "reported", "scored here, last epoch", "scored here, test-selected"], rows)


def remarks() -> str:
    """What to look for in figures that papers report."""
    with (LEADERBOARDS / "reported-remarks.csv").open(encoding="utf-8", newline="") as file:
        return "\n".join(f"- **{one['topic']}.** {one['text']}" for one in csv.DictReader(file))


def _cells(row: Row) -> list[object]:
    full, oracle = row.figures["full"], row.oracle.get("full")
    selected = " / ".join(decimal(oracle[one].value) for one in METRICS) if oracle else "-"
    return [row.rank or "-", f"`{row.model}`", row.recipe, *(_figure(full[one]) for one in METRICS), selected]


def _links(row: Row) -> str:
    named = [(entry.record.plan.model_dump()["seed"], record_paths()[entry.record.id].name) for entry in row.entries]
    return " ".join(f"[{seed}](../leaderboards/records/{name})" for seed, name in sorted(named))


def _figure(figure: Figure) -> str:
    low, high = figure.interval or (0.0, 1.0)
    return f"{decimal(figure.value)} [{decimal(low, 2)} {decimal(high, 2)}]"


def _score(row: Row, metric: Metric) -> float:
    return row.figures["full"][metric].value
