"""What the committed records say, as tables."""

from __future__ import annotations

import csv

import numpy as np

from docs.generate.board import LEADERBOARDS, baseline, board, record_paths, runs, setting
from docs.generate.markdown import decimal, table
from merbench.leaderboard.entries import Figure
from merbench.leaderboard.methods import methods_of
from merbench.leaderboard.rows import Row
from merbench.leaderboard.statistics import ALPHA, holm
from merbench.leaderboard.wording import p_value
from merbench.scores import Metric, PairedTest, compare_confusions

__all__ = ["equal_weights", "leaders", "methods", "networks", "remarks", "seeds"]

LEADERS = 5  # rows on the front page
METRICS: tuple[Metric, ...] = ("uf1", "uar")
HEAD = ["rank", "model", "recipe", "UF1", "UAR", "oracle (test-selected)"]
WEIGHTS = {"none": "without class weights", "balanced": "with class weights"}
CHOSEN = ["epochs", "oracle - last", "best seed - mean"]  # what the oracle chooses among, and what choosing adds


def leaders() -> str:
    """The first rows of the board."""
    ranked = [row.standing for row in board().rows if row.standing is not None]
    group = (
        f"The leading group has {sum(one.leading for one in ranked)} of {len(ranked)} rows: [the test of all pairs]"
        "(docs/protocols-and-scores.md#ranks) over subjects finds no better row for any of them."
    )
    return f"{table(HEAD, [_cells(row) for row in runs()[:LEADERS]])}\n\n{group}"


def seeds() -> str:
    """Every run, its seeds folded into one row, with a link to each record."""
    return table([*HEAD, *CHOSEN, "records, by seed"], [[*_cells(row), *_chosen(row), _links(row)] for row in runs()])


def networks() -> str:
    """What the paired test says of each network beside the logistic regression with the same class weights."""
    rows = [row for row in runs() if row.approach == "network"]
    models = len({row.model for row in rows})
    lines = [
        f"{models} networks were run in {len(rows)} settings, without the example `my-contrastive`. "
        "Each is compared with the logistic regression that has "
        "the same class weights and chooses C on training subjects, by the paired test over subjects; the p-values "
        "are corrected for all comparisons of a line (Holm).\n"
    ]
    for weights, weighted in WEIGHTS.items():
        group = [row for row in rows if _class_weights(row) == weights]
        lines += [_against(_separated(weights, group, metric), metric, weighted) for metric in METRICS if group]
    return "\n".join(lines)


def equal_weights() -> str:
    """The same in one sentence: how many networks the test finds worse or better than the logistic regression."""
    rows = [row for row in runs() if row.approach == "network"]
    worse, better = ({metric: _separate(rows, metric, sign) for metric in METRICS} for sign in (-1, 1))
    ahead = " and ".join(f"{number} better in {metric.upper()}" for metric, number in better.items())
    return (
        f"{len(rows)} settings of networks were compared with the logistic regression that chooses C and has the same "
        "class weights. [The paired test over "
        "subjects](docs/results.md#what-a-logistic-regression-says-about-this-flow) (Holm) finds "
        f"{worse['uf1']} worse in UF1, {worse['uar']} worse in UAR, and "
        f"{ahead if any(better.values()) else 'none better'}. The test can miss a real difference."
    )


def _separate(rows: list[Row], metric: Metric, sign: int) -> int:
    """How many rows the test finds on this side of the logistic regression with the same class weights."""
    groups = ([row for row in rows if _class_weights(row) == weights] for weights in WEIGHTS)
    found = [one for weights, group in zip(WEIGHTS, groups, strict=True) for one in _separated(weights, group, metric)]
    return sum(p <= ALPHA and test.difference * sign > 0 for _, test, p in found)


def _class_weights(row: Row) -> str:
    settings: dict[str, object] = row.entries[0].record.plan.model_dump()["settings"]
    return str(settings.get("class_weights", "none"))


def _separated(weights: str, rows: list[Row], metric: Metric) -> list[tuple[Row, PairedTest, float]]:
    """Each row less the logistic regression with the same class weights, and the p-value corrected for all rows."""
    reference = _counts(baseline(weights))
    tests = [compare_confusions(_counts(row), reference, metric=metric) for row in rows]
    return list(zip(rows, tests, holm([one.p_value for one in tests]), strict=True))


def _against(found: list[tuple[Row, PairedTest, float]], metric: Metric, weighted: str) -> str:
    """A line: the rows that are ahead of the reference, and those that are behind it."""
    separate = [(row, test, p) for row, test, p in found if p <= ALPHA]
    said = []
    for word, sign in (("ahead", 1), ("behind", -1)):
        named = [
            f"`{row.model}` `{setting(row)}` ({test.difference:+.3f}, p {p_value(p)})"
            for row, test, p in separate
            if test.difference * sign > 0
        ]
        said.append(f"{len(named)} {word}{': ' if named else ''}{', '.join(named)}")
    near = [f"`{row.model}` `{setting(row)}` (p {p_value(test.p_value)})" for row, test, p in found if _near(test, p)]
    before = f", {len(near)} of them only after the correction: {', '.join(near)}" if near else ""
    left = f"{len(found) - len(separate)} cannot be told apart{before}"
    return f"- {metric.upper()}, {len(found)} settings {weighted}: {'; '.join(said)}. {left}."


def _near(test: PairedTest, corrected: float) -> bool:
    return test.p_value <= ALPHA < corrected


def _counts(row: Row) -> np.ndarray:
    return np.stack([entry.counts.confusions[entry.policy] for entry in row.entries])


def methods() -> str:
    """What papers report of a method, beside the scores of its runs and of predictions that were handed in."""
    rows = [
        [
            one.name,
            one.recipe or "handed in",
            "as published" if one.joined and one.recipe else "not as published" if one.hollow else "-",
            " / ".join(dict.fromkeys(map(decimal, one.reported))),
            *("-" if value is None else decimal(value) for value in (one.honest, one.unknown, one.selected)),
        ]
        for one in methods_of(board())
        if one.reported
    ]
    scored = [f"scored here, {how}" for how in ("honest", "epoch choice not known", "test-selected")]
    return table(["method", "recipe", "what ran", "reported", *scored], rows)


def remarks() -> str:
    """What to look for in figures that papers report."""
    with (LEADERBOARDS / "reported-remarks.csv").open(encoding="utf-8", newline="") as file:
        return "\n".join(f"- **{one['topic']}.** {one['text']}" for one in csv.DictReader(file))


def _cells(row: Row) -> list[object]:
    full, oracle = row.figures["full"], row.oracle.get("full")
    selected = " / ".join(decimal(oracle[one].value) for one in METRICS) if oracle else "-"
    return [row.rank or "-", f"`{row.model}`", setting(row), *(_figure(full[one]) for one in METRICS), selected]


def _chosen(row: Row) -> list[object]:
    gains = (row.selection, row.seed_selection)
    return [row.epochs or "-", *("-" if gain is None else f"{gain:+.3f}".replace("0.", ".") for gain in gains)]


def _links(row: Row) -> str:
    named = [(entry.record.plan.model_dump()["seed"], record_paths()[entry.record.id].name) for entry in row.entries]
    return " ".join(f"[{seed}](../leaderboards/records/{name})" for seed, name in sorted(named))


def _figure(figure: Figure) -> str:
    low, high = figure.interval or (0.0, 1.0)
    return f"{decimal(figure.value)} [{decimal(low, 2)} {decimal(high, 2)}]"
