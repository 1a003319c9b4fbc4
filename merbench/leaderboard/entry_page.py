"""Collect what the page of an entry shows: scores, tables, charts and sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from merbench.leaderboard import entry_charts as charts
from merbench.leaderboard import wording
from merbench.leaderboard.choosing import epochs_of
from merbench.leaderboard.citation import bibtex, command, sweep_file
from merbench.leaderboard.reliability_chart import reliability_chart
from merbench.runs.changes import in_brief

if TYPE_CHECKING:
    import numpy as np

    from merbench.leaderboard.about import About
    from merbench.leaderboard.entries import Answers, Entry
    from merbench.leaderboard.rows import Row
    from merbench.runs.schema import AnyPolicy
    from merbench.scores import Metric

__all__ = ["entry_page"]

STORIES = {
    "torch": "trained and tested by this project.",
    "estimator": "fitted and tested by this project.",
    "fit": "trained by its author's own loop, and tested by this project.",
    "rescored": "predictions that were handed in and scored by this project.",
}
OWN_LOSS = "trained with its author's own loss, and tested by this project."
DECLARED = {
    "last": "The sender declares that the last epoch counts.",
    "inner": "The sender declares that the epoch was chosen on held-out training subjects.",
    "oracle": "The sender declares that the epoch was chosen on the test labels, so this entry is never ranked.",
    "unknown": "The sender does not say how the epoch was chosen, so this entry is not ranked.",
}
METRICS: dict[Metric, str] = {"uf1": "UF1", "uar": "UAR", "accuracy": "accuracy"}
LINES = 200  # of a record's environment
LONGEST = 500  # characters of a value in the environment
# Bytes of a long table. A longer one is left to the record, so that the page stays small.
ROOM = {"clips": 180_000, "folds": 50_000, "subjects": 50_000}
CELL = 20  # bytes of markup around a cell
NOT_IN_PLAN = {"pretraining", "candidates", "settings", "options", "digests", "code", "classes", "features"}


def entry_page(entry: Entry, row: Row, about: About, title: str, board: str, compare: str) -> dict[str, Any]:
    """Everything that the template of an entry needs. Text of the record is not escaped: the template does that.

    Args:
        entry: whose page it is.
        row: of the board, in which the entry is one of the seeds.
        title: of the board.
        board, compare: links to the row on its board, and to its comparison; empty if it is not compared.
    """
    record, plan, policy = entry.record, entry.record.plan, entry.policy
    policies = [*dict.fromkeys((policy, *entry.counts.cells))]
    parts = {part: entry.counts.of(part).cells for part in entry.counts.parts}
    confusions = {one: {part: cells[one].sum(axis=0) for part, cells in parts.items()} for one in policies}
    long, left_out = _long_tables(entry, policies)
    return {
        "entry": entry,
        "plan": plan,
        "row": row,
        "title": title,
        "board": board,
        "compare": compare,
        "story": OWN_LOSS if plan.kind == "torch" and plan.training_loss else STORIES[plan.kind],
        "policy": _policy_name(policy),
        "policies": [*map(_policy_name, policies)],
        "highlights": list(_highlights(entry, policy)),
        "warnings": [*([f"Not ranked: {row.unranked}."] if row.unranked else []), *record.warnings],
        "scores": list(_scores(entry, confusions)),
        "confusions": [
            (_policy_name(one), [{"part": part, "counts": matrix.tolist()} for part, matrix in matrices.items()])
            for one, matrices in confusions.items()
        ],
        "charts": [
            ("".join(charts.confusions(entry, one)), f"Confusion of every part, epoch policy {_policy_name(one)}")
            for one in policies
        ],
        "class_scores": list(_class_scores(entry)),
        "reliability": reliability_chart(entry),
        "classes": list(_per_class(plan.classes, confusions[policy])),
        **long,
        "left_out": left_out,
        "fold_policies": [*map(_policy_name, record.folds[0].epochs)] if record.folds else [],
        "loss": _loss(entry),
        "loss_chart": charts.loss_curve(entry),
        **_again(entry),
        "handed_in": DECLARED[plan.declared_policy] if plan.kind == "rescored" else "",
        "settings": list(_plan(entry, row)),
        "environment": list(_flat("", record.environment))[:LINES],
        "code": [] if plan.kind == "rescored" else sorted(plan.code.items()),
        "citation": bibtex(entry, about),
    }


def _again(entry: Entry) -> dict[str, str]:
    """The command, or the file of a nested sweep, that gives the entry again; both are empty if it was handed in."""
    plan = entry.record.plan
    if plan.kind == "rescored":
        return {"command": "", "sweep": ""}
    plan = plan.model_copy(update={"protocol": entry.protocol})
    return {"command": command(plan), "sweep": sweep_file(plan)}


def _long_tables(entry: Entry, policies: Sequence[AnyPolicy]) -> tuple[dict[str, Any], list[str]]:
    """The tables that grow with the dataset, and the names of those that are too long for the page."""
    answers = entry.answers if entry.public else None
    tables: dict[str, Any] = {
        "clips": _clip_lines(answers, entry.record.plan.classes, policies) if answers else "",
        "folds": _folds(entry),
        "subjects": _subjects(entry, policies),
    }
    left_out = [name for name, table in tables.items() if _bytes(table) > ROOM[name]]
    return tables | {name: type(tables[name])() for name in left_out}, left_out


def _bytes(table: str | list[tuple[Any, ...]]) -> int:
    if isinstance(table, str):
        return len(table.encode())
    return sum(len(str(cell).encode()) + CELL for line in table for cell in line)


def _policy_name(policy: str) -> str:
    """The policy, with a warning for `oracle`."""
    return "oracle (test-selected)" if policy == "oracle" else policy


def _highlights(entry: Entry, policy: AnyPolicy) -> Iterator[dict[str, str]]:
    full = entry.figures.get(policy, {}).get("full", {})
    for metric, name in METRICS.items():
        one = full.get(metric)
        if one:
            ends = f", 95\N{NO-BREAK SPACE}% interval {wording.interval(one.interval)}" if one.interval else ""
            yield {"value": wording.figure(one.value), "text": f"{name} over all clips, policy {policy}{ends}"}
    chosen, last = (entry.figures.get(one, {}).get("full", {}).get("uf1") for one in ("oracle", "last"))
    if chosen and last:
        gained, epochs = wording.signed(chosen.value - last.value), epochs_of(entry.record)
        among = f" among {epochs}" if epochs else ""
        yield {
            "value": gained,
            "text": f"gain in UF1 from choosing the epoch on the test subject{among} (oracle {wording.MINUS} last)",
        }


def _scores(entry: Entry, confusions: dict[AnyPolicy, dict[str, np.ndarray]]) -> Iterator[dict[str, Any]]:
    for policy, matrices in confusions.items():
        for part, matrix in matrices.items():
            figures = entry.figures.get(policy, {}).get(part)
            yield {"policy": _policy_name(policy), "part": part, "clips": int(matrix.sum()), "figures": figures}


def _class_scores(entry: Entry) -> Iterator[tuple[str, ...]]:
    """(part, clips, AUC, negative log-likelihood, calibration error), a hyphen for what is not defined."""
    for part, one in entry.class_scores.items():
        figures = (one.auc, one.likelihood, one.error)
        yield part, str(one.clips), *("-" if value is None else wording.figure(value) for value in figures)


def _per_class(classes: Sequence[str], matrices: dict[str, np.ndarray]) -> Iterator[dict[str, Any]]:
    for part, matrix in matrices.items():
        truths, answers = matrix.sum(axis=1).tolist(), matrix.sum(axis=0).tolist()
        for index, name in enumerate(classes):
            hits = int(matrix[index, index])
            yield {
                "part": part,
                "name": name,
                "clips": truths[index],
                "f1": _rate(2 * hits, truths[index] + answers[index]) if truths[index] else "",
                "recall": _rate(hits, truths[index]),
                "precision": _rate(hits, answers[index]),
            }


def _rate(part: int, whole: int) -> str:
    return wording.figure(part / whole) if whole else ""


def _subjects(entry: Entry, policies: Sequence[AnyPolicy]) -> list[tuple[Any, ...]]:
    """(subject, clips, right answers under each policy)."""
    confusions = entry.counts.confusions
    right = [confusions[policy].trace(axis1=1, axis2=2).tolist() for policy in policies]
    clips = confusions[policies[0]].sum(axis=(1, 2)).tolist()
    return list(zip(entry.counts.subjects, clips, *right, strict=True))


def _clip_lines(answers: Answers, classes: Sequence[str], policies: Sequence[AnyPolicy]) -> Markup:
    """Table rows: clip, truth, prediction under each policy. Without the template, which is slow for thousands."""
    right = [str(wording.isolated(name)) for name in classes]
    wrong = [f"<b>{name}</b>" for name in right]
    given = zip(*(answers.predicted[policy] for policy in policies), strict=True)
    lines = []
    for clip, truth, predicted in zip(_escaped(answers.clips), answers.truth, given, strict=True):
        cells = "".join([f"<td>{(right if answer == truth else wrong)[answer]}" for answer in predicted])
        lines.append(f"<tr><th scope=row>{clip}<td>{right[truth]}{cells}\n")
    return Markup("".join(lines))


def _escaped(names: Sequence[str]) -> list[str]:
    """The names as `isolated` writes them; all at once if they are plain, since no name has a line break."""
    together = "\n".join(names)
    if together.isascii() and together.count("\n") == len(names) - 1:
        return str(escape(together)).split("\n")
    return [str(wording.isolated(name)) for name in names]


def _loss(entry: Entry) -> str:
    """The loss in a sentence; empty if nothing was trained."""
    curves = [fold.loss for fold in entry.record.folds if fold.loss]
    if not curves:
        return ""
    first, last = (fmean(curve[place] for curve in curves) for place in (0, -1))
    return (
        f"Mean training loss over {len(curves)} folds: {first:.3g} after the first epoch, {last:.3g} after the last "
        f"({max(map(len, curves))} epochs)."
    )


def _plan(entry: Entry, row: Row) -> Iterator[tuple[str, str]]:
    plan = entry.record.plan
    content = {**plan.model_dump(mode="json"), "protocol": entry.protocol}
    yield "record", entry.record.id
    for name, value in content.items():
        if name not in NOT_IN_PLAN and value not in (None, ""):
            yield name.replace("_", " "), _text(value)
    yield "classes", ", ".join(plan.classes)
    if plan.kind != "rescored":
        yield "features", "; ".join(plan.features) or "none"
        if row.changed:
            yield "set", wording.clipped(in_brief(row.changed), LONGEST)
        yield from _flat("settings", plan.settings)
        yield from _flat("options", plan.options)
        for one in content.get("pretraining", ()):
            yield from _flat("pre-training", one)
        for place, one in enumerate(content.get("candidates", ())):
            yield from _flat(f"candidate {place}", one)
    for name, digest in content["digests"].items():
        yield f"digest of {name}", digest


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    """Nested values as lines `outer / inner` with their text, in the record's order."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(f"{prefix} / {name}" if prefix else str(name), inner)
    elif prefix and value not in (None, "", {}):
        yield wording.clipped(prefix, LONGEST), wording.clipped(_text(value), LONGEST)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _folds(entry: Entry) -> list[tuple[Any, ...]]:
    """(fold, seconds, epoch behind each policy)."""
    return [(one.name, f"{one.seconds:.1f}", *one.epochs.values()) for one in entry.record.folds]
