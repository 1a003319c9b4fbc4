"""Comparisons under equal terms: the same class weights, C chosen without test labels, figures without decisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from docs.generate.board import BASELINE, REFERENCES, boards, runs, setting
from docs.generate.markdown import decimal, table
from docs.generate.processors import elsewhere
from merbench.leaderboard.class_scores import mean_scores
from merbench.leaderboard.rows import Row
from merbench.leaderboard.statistics import ALPHA
from merbench.leaderboard.wording import p_value, signed
from merbench.runs.schema import AnyPolicy
from merbench.scores import Metric, PairedTest, compare_confusions, mean_rate

__all__ = ["chosen_c", "class_scores", "inner_epochs", "same_weights", "same_weights_elsewhere", "weights"]

METRICS: tuple[Metric, ...] = ("uf1", "uar")
# A recipe's name ends with what it changes of the recipe without the ending.
BALANCED, UNWEIGHTED, NESTED = "balanced", "unweighted", "nested"
COMPARED = ("class weights", f"`{BASELINE}`", "network")
DIFFERENCES = ("UF1, regression less network", "UAR, regression less network")
ANSWERS_DIFFER = "[single answers can differ](protocols-and-scores.md#what-is-the-same-on-another-machine)"


def weights() -> str:
    """Each recipe that was run both ways: scores without and with balanced class weights, and the difference."""
    lines, gains = [], []
    for plain, weighted in _pairs():
        gains.append([mean_rate(_counts(weighted), one) - mean_rate(_counts(plain), one) for one in METRICS])
        seeds = f"{len(plain.entries)} and {len(weighted.entries)}"
        cells = [f"`{plain.model}`", _base(plain if _weighting(plain) == "none" else weighted), seeds]
        for metric in METRICS:
            difference = compare_confusions(_counts(weighted), _counts(plain), metric=metric)
            cells += [_score(plain, metric), _score(weighted, metric)]
            cells.append(f"{signed(difference.difference)} (p {p_value(difference.p_value)})")
        lines.append(cells)
    head = [f"{metric.upper()}{what}" for metric in METRICS for what in (" without", " with", " difference")]
    moved = (
        "Without and with weights, these seeds ran on different processors, where "
        f"{ANSWERS_DIFFER}: {_elsewhere(_pairs())}."
    )
    return f"{table(['model', 'recipe', 'seeds', *head], lines)}\n\n{_weighted(gains)}\n\n{moved}"


def _weighted(gains: Sequence[Sequence[float]]) -> str:
    """In how many pairs class weights raise each metric, in a sentence."""
    said = [
        f"{metric.upper()} is higher with weights in {sum(gain > 0 for gain in found)} of {len(found)} pairs, by up to "
        f"{decimal(max(found))}"
        for metric, found in zip(METRICS, zip(*gains, strict=True), strict=True)
    ]
    return f"{'; '.join(said)}."


def same_weights() -> str:
    """The logistic regression minus each network, both trained with the same class weights."""
    return table([*COMPARED, *DIFFERENCES], [[weights, *cells] for weights, _, cells in _compared(runs())])


def same_weights_elsewhere(*protocols: str) -> str:
    """The same under other protocols, where C is chosen on held-out training subjects."""
    found = [
        [protocol, weights, *cells]
        for protocol in protocols
        for weights, reference, cells in _compared(boards()[protocol].ranked)
        if reference.recipe == REFERENCES[weights]
    ]
    return table(["protocol", *COMPARED, *DIFFERENCES], found)


def _compared(rows: Sequence[Row]) -> Iterator[tuple[str, Row, list[str]]]:
    """Class weights, the row of the regression, and the cells of a line, for each network with the same weights."""
    for weights in REFERENCES:
        same = [row for row in rows if _weighting(row) == weights and row.policy == "last"]
        for reference in (row for row in same if row.model == BASELINE):
            for row in (row for row in same if row.approach == "network"):
                tests = [compare_confusions(_counts(reference), _counts(row), metric=metric) for metric in METRICS]
                yield weights, reference, [reference.recipe, f"`{row.model}` {row.recipe}", *map(_difference, tests)]


def _difference(test: PairedTest) -> str:
    low, high = test.interval
    return f"{signed(test.difference)} [{signed(low)} {signed(high)}], p {p_value(test.p_value)}"


def chosen_c() -> str:
    """Each model with C fixed, and with C chosen on held-out training subjects."""
    rows = {(row.model, row.recipe): row for row in runs()}
    lines = []
    for (model, recipe), nested in rows.items():
        fixed = rows.get((model, _fixed(recipe)))
        if fixed is not None and fixed is not nested:
            scores = [_score(one, metric) for metric in METRICS for one in (fixed, nested)]
            lines.append([f"`{model}`", fixed.recipe, nested.recipe, *scores])
    head = ["UF1 fixed", "UF1 chosen", "UAR fixed", "UAR chosen"]
    return table(["model", "fixed C", "chosen C", *head], lines)


def inner_epochs() -> str:
    """Each run whose epoch was chosen on held-out training subjects, with the last epoch of the same training."""
    tests: dict[str, PairedTest] = {}
    lines = []
    for row in (row for row in runs() if row.policy == "inner"):
        cells = [f"`{row.model}`", row.recipe, str(len(row.entries))]
        for metric in METRICS:
            inner, last = (_under(row, policy) for policy in ("inner", "last"))
            test = compare_confusions(inner, last, metric=metric)
            tests.setdefault(f"`{row.model}`", test)  # of UF1, the first metric
            cells += [decimal(mean_rate(last, metric)), decimal(mean_rate(inner, metric))]
            cells.append(f"{signed(test.difference)} (p {p_value(test.p_value)})")
        lines.append(cells)
    head = [f"{metric.upper()}{what}" for metric in METRICS for what in (", last", ", inner", " difference")]
    return f"{table(['model', 'recipe', 'seeds', *head], lines)}\n\n{_worth(tests)}\n\n{_runs_beside()}"


def _worth(tests: Mapping[str, PairedTest]) -> str:
    """Whether the inner choice helps, in a sentence."""
    signs = (("higher", 1), ("lower", -1))
    said = []
    for word, sign in signs:
        found = {name: one for name, one in tests.items() if one.difference * sign > 0}
        sure = [name for name, one in found.items() if one.p_value <= ALPHA]
        named = f" (p at most {ALPHA:.2f}, before correction: {', '.join(sure)})" if sure else ""
        said.append(f"{word} in {len(found)}{named}")
    return (
        f"Is an honest choice of the epoch worth anything? Of {len(tests)} networks, UF1 of the inner epoch is "
        f"{' and '.join(said)}. Most quick recipes follow one cycle of the learning rate, down to nearly zero: there, "
        "an earlier epoch is one with a higher rate, and not the end of a shorter run."
    )


def _runs_beside() -> str:
    """Why the last epoch of these runs can score other than the board's row of the last epoch, in sentences."""
    rows = {(row.model, row.recipe, row.policy): row for row in runs()}
    beside = [
        (inner, last)
        for (model, recipe, policy), inner in rows.items()
        if policy == "inner" and (last := rows.get((model, recipe, "last")))
    ]
    return (
        "Each line compares two epochs of the same runs. The board's row of the last epoch has other runs. There, "
        f"these seeds ran on another processor, where {ANSWERS_DIFFER}: {_elsewhere(beside)}."
    )


def _elsewhere(beside: Iterable[tuple[Row, Row]]) -> str:
    """The seeds that ran on another processor in one row than in the other, by model and recipe."""
    found = [(row, seeds) for row, other in beside if (seeds := elsewhere(row, other))]
    return "; ".join(f"`{row.model}` {row.recipe}, seed {', '.join(map(str, seeds))}" for row, seeds in found) or "none"


def class_scores() -> str:
    """Ranking, likelihood and calibration of each row whose records have class scores, the best ranking first."""
    found = [(row, mean_scores([entry.class_scores for entry in row.entries])) for row in runs()]
    known = [(row, one) for row, one in found if one is not None and one.auc is not None]
    known.sort(key=lambda pair: -(pair[1].auc or 0))
    lines = [
        [
            f"`{row.model}`",
            setting(row),
            _weighting(row),
            *(_score(row, metric) for metric in METRICS),
            *("-" if value is None else decimal(value) for value in (one.auc, one.likelihood, one.error)),
        ]
        for row, one in known
    ]
    figures = ["macro AUC", "negative log-likelihood", "calibration error"]
    return table(["model", "recipe", "class weights", "UF1", "UAR", *figures], lines)


def _pairs() -> Iterator[tuple[Row, Row]]:
    """(without, with) class weights, of each model and recipe that was run both ways after the last epoch."""
    rows = {(row.model, row.recipe): row for row in runs() if row.policy == "last"}
    for (model, recipe), row in rows.items():
        if recipe.endswith(BALANCED):
            plain = rows.get((model, recipe.removesuffix(f"-{BALANCED}")))
            if plain is not None:
                yield plain, row
        elif recipe.endswith(UNWEIGHTED):
            weighted = rows.get((model, recipe.removesuffix(UNWEIGHTED).removesuffix("-") or "default"))
            if weighted is not None:
                yield row, weighted


def _base(row: Row) -> str:
    return row.recipe.removesuffix(UNWEIGHTED).removesuffix("-") or "default"


def _fixed(recipe: str) -> str:
    """The recipe with the fixed C beside a nested one: `default` of `nested`, `rbf` of `rbf-nested`."""
    if NESTED not in recipe:
        return recipe
    words = [word for word in recipe.split("-") if word != NESTED]
    return "-".join(words) or "default"


def _weighting(row: Row) -> str:
    """`none` or `balanced`, as the run was; an estimator without the option has balanced weights."""
    plan = row.entries[0].record.plan.model_dump()
    own = "balanced" if row.approach == "handcrafted" else "none"
    stated = {**plan.get("settings", {}), **plan.get("options", {})}
    return str(stated.get("class_weights", own))


def _counts(row: Row) -> np.ndarray:
    return np.stack([entry.counts.confusions[entry.policy] for entry in row.entries])


def _under(row: Row, policy: AnyPolicy) -> np.ndarray:
    return np.stack([entry.counts.confusions[policy] for entry in row.entries])


def _score(row: Row, metric: Metric) -> str:
    return decimal(row.figures["full"][metric].value)
