"""What an entry's page shows: figures, tables and sentences, from the record and its counts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from merbench.leaderboard import wording
from merbench.leaderboard.citation import bibtex, command
from merbench.leaderboard.rows import counting_policy

if TYPE_CHECKING:
    import numpy as np

    from merbench.leaderboard.site import Answers, Entry, Row
    from merbench.runs.schema import AnyPolicy
    from merbench.scores import Metric

__all__ = ["entry_view", "policy_name"]

STORIES = {
    "torch": "trained and tested by this project.",
    "estimator": "fitted and tested by this project.",
    "rescored": "predictions that were handed in, scored by this project.",
}
DECLARED = {
    "last": "Its sender declares that the last epoch counts.",
    "inner": "Its sender declares that the epoch was chosen on held-out training subjects.",
    "oracle": "Its sender declares that the epoch was chosen on the test labels; so it is never ranked.",
    "unknown": "How its epoch was chosen is not known; so it is not ranked.",
}
METRICS: dict[Metric, str] = {"uf1": "UF1", "uar": "UAR", "accuracy": "accuracy"}
LINES = 200  # of what a record says of its environment
LONGEST = 500  # characters of one value of it
NOT_IN_PLAN = {"settings", "options", "digests", "code", "classes", "features"}


def entry_view(entry: Entry, row: Row | None) -> dict[str, Any]:
    """Everything that the page's template asks for. Text of the record is as it was given: the template escapes it."""
    record, plan = entry.record, entry.record.plan
    policy = counting_policy(record)
    answers = entry.answers if entry.public else None
    names = [*dict.fromkeys((policy, *entry.counts.confusions))]
    parts = {part: mask for part, mask in entry.counts.parts().items() if mask.any()}
    confusions = {
        one: {part: entry.counts.confusions[one][mask].sum(axis=0) for part, mask in parts.items()} for one in names
    }
    return {
        "badge": "rescored" if plan.kind == "rescored" else "reproduced",
        "recipe": getattr(plan, "recipe", ""),
        "story": STORIES[plan.kind],
        "policy": policy_name(policy),
        "policies": [policy_name(one) for one in names],
        "findings": list(_findings(entry, policy)),
        "warnings": [*([f"Not ranked: {row.unranked}."] if row and row.unranked else []), *record.warnings],
        "seeds": row.entries if row else (),
        "scores": list(_scores(entry, confusions)),
        "confusions": [
            (policy_name(one), [{"part": part, "counts": matrix.tolist()} for part, matrix in matrices.items()])
            for one, matrices in confusions.items()
        ],
        "classes": list(_per_class(plan.classes, confusions[policy])),
        "subjects": _subjects(entry, names),
        "clips": answers.clips if answers else (),
        "clip_lines": _clip_lines(answers, plan.classes, names) if answers else "",
        "loss": _loss(entry),
        "command": "" if plan.kind == "rescored" else command(plan.model_copy(update={"protocol": entry.protocol})),
        "handed_in": DECLARED[plan.declared_policy] if plan.kind == "rescored" else "",
        "plan": list(_plan(entry)),
        "environment": list(_flat("", record.environment))[:LINES],
        "code": [] if plan.kind == "rescored" else sorted(plan.code.items()),
        "folds": _folds(entry),
        "fold_policies": [*map(policy_name, record.folds[0].epochs)] if record.folds else [],
        "citation": bibtex(entry),
        "left_out": [],  # tables that are too long for a page
    }


def policy_name(policy: str) -> str:
    """The policy, with the warning that `oracle` needs."""
    return "oracle (test-selected)" if policy == "oracle" else policy


def _findings(entry: Entry, policy: AnyPolicy) -> Iterator[dict[str, str]]:
    full = entry.figures.get(policy, {}).get("full", {})
    for metric, name in METRICS.items():
        one = full.get(metric)
        if one:
            ends = f", 95\N{NO-BREAK SPACE}% interval {wording.interval(one.interval)}" if one.interval else ""
            yield {"value": wording.figure(one.value), "text": f"{name} over all clips, policy {policy}{ends}"}
    chosen, last = (entry.figures.get(one, {}).get("full", {}).get("uf1") for one in ("oracle", "last"))
    if chosen and last:
        gained = wording.signed(chosen.value - last.value)
        yield {
            "value": gained,
            "text": f"UF1 that choosing the epoch on the test subject adds (oracle {wording.MINUS} last)",
        }


def _scores(entry: Entry, confusions: dict[AnyPolicy, dict[str, np.ndarray]]) -> Iterator[dict[str, Any]]:
    for policy, matrices in confusions.items():
        for part, matrix in matrices.items():
            figures = entry.figures.get(policy, {}).get(part)
            yield {"policy": policy_name(policy), "part": part, "clips": int(matrix.sum()), "figures": figures}


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
    """(subject, clips, right under each policy)."""
    confusions = entry.counts.confusions
    right = [confusions[policy].trace(axis1=1, axis2=2).tolist() for policy in policies]
    clips = confusions[policies[0]].sum(axis=(1, 2)).tolist()
    return list(zip(entry.counts.subjects, clips, *right, strict=True))


def _clip_lines(answers: Answers, classes: Sequence[str], policies: Sequence[AnyPolicy]) -> Markup:
    """Table rows: clip, truth, prediction under each policy. By hand, for there may be thousands."""
    right = [str(wording.isolated(name)) for name in classes]
    wrong = [f"<b>{name}</b>" for name in right]
    given = zip(*(answers.predicted[policy] for policy in policies), strict=True)
    lines = []
    for clip, truth, predicted in zip(_escaped(answers.clips), answers.truth, given, strict=True):
        cells = "".join([f"<td>{(right if answer == truth else wrong)[answer]}" for answer in predicted])
        lines.append(f"<tr><th scope=row>{clip}<td>{right[truth]}{cells}\n")
    return Markup("".join(lines))


def _escaped(names: Sequence[str]) -> list[str]:
    """The names as `isolated` has them; in one go where that is enough, for no name has a line break."""
    together = "\n".join(names)
    if together.isascii() and together.count("\n") == len(names) - 1:
        return str(escape(together)).split("\n")
    return [str(wording.isolated(name)) for name in names]


def _loss(entry: Entry) -> str:
    """The loss in a sentence; empty where there is none."""
    curves = [fold.loss for fold in entry.record.folds if fold.loss]
    if not curves:
        return ""
    first, last = (fmean(curve[place] for curve in curves) for place in (0, -1))
    return (
        f"Mean training loss over {len(curves)} folds: {first:.3g} after the first epoch, {last:.3g} after the last "
        f"({max(map(len, curves))} epochs)."
    )


def _plan(entry: Entry) -> Iterator[tuple[str, str]]:
    plan = entry.record.plan
    content = plan.model_dump(mode="json")
    yield "record", entry.record.id
    for name, value in content.items():
        if name not in NOT_IN_PLAN and value not in (None, ""):
            yield name.replace("_", " "), _text(value)
    yield "classes", ", ".join(plan.classes)
    if plan.kind != "rescored":
        yield "features", "; ".join(plan.features) or "none"
        yield from _flat("settings", plan.settings)
        yield from _flat("options", plan.options)
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
