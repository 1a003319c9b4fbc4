"""Check whether a leaderboard can be published, and compare it with an earlier revision."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from merbench.errors import MerbenchError, and_more
from merbench.leaderboard.batches import uncollected
from merbench.leaderboard.disputes import read_disputes, require_records
from merbench.leaderboard.entries import counting_policy, read_verified, record_files, refusal, same_id
from merbench.leaderboard.history import committed_records
from merbench.leaderboard.reported import read_remarks, read_reported, read_titles
from merbench.leaderboard.verdicts import read_verdicts
from merbench.plugin.registry import Registry
from merbench.runs.record import under_current_names
from merbench.runs.schema import Plan, Record
from merbench.scores import Metric

__all__ = ["Findings", "check"]

NAMED = 5  # clips, subjects or scores named in a sentence
FIRST = "UF1 (full)"


@dataclass
class Findings:
    """The result of a check, in sentences.

    Attributes:
        records: how many files were read.
        new: ids of the records that the earlier revision does not have.
        problems: what must be fixed before publishing.
        changes: new records, and scores that differ from the earlier revision.
        notes: what could not be verified here, and what a reviewer should look at.
    """

    records: int = 0
    problems: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)


def check(
    folders: Sequence[Path],
    reported: Path | None,
    registry: Registry,
    since: str = "",
    disputes: Path | None = None,
) -> Findings:
    """Read every record and reported figure, and compare the records with those of an earlier revision.

    Args:
        folders: of records.
        reported: the table of reported figures; None for no reported results.
        registry: of datasets and protocols.
        since: a git revision; empty for no comparison.
        disputes: the table of contested and withdrawn records; None for no such records.

    Raises:
        RecordError: a folder cannot be read, or git does not have the revision.
    """
    findings = Findings()
    with uncollected():
        records = _read(record_files(folders), registry, findings)
    findings.problems += [*_duplicates(records), *_licensed(records, registry)]
    findings.notes += _same_predictions(records, registry)
    if reported:
        try:
            read_reported(reported, registry)
            read_remarks(reported)
            read_titles(reported)
            read_verdicts(reported)
        except MerbenchError as error:
            findings.problems.append(str(error))
    try:
        require_records(read_disputes(disputes), {one.id for one in records.values()}, disputes)
    except MerbenchError as error:
        findings.problems.append(str(error))
    if since:
        _compare(committed_records(folders, since), list(records.values()), findings, registry)
    return findings


def _read(paths: Sequence[Path], registry: Registry, findings: Findings) -> dict[Path, Record]:
    records = {}
    for path in paths:
        findings.records += 1
        try:
            records[path], unchecked = read_verified(path, registry)
        except MerbenchError as error:
            findings.problems.append(str(error))
        else:
            findings.notes += [f"{path}: {sentence}" for sentence in unchecked]
    return records


def _duplicates(records: dict[Path, Record]) -> list[str]:
    first: dict[str, Path] = {}
    return [
        f"{path} and {same_id(first[record.id], records[first[record.id]], record)}"
        for path, record in records.items()
        if first.setdefault(record.id, path) != path
    ]


def _licensed(records: dict[Path, Record], registry: Registry) -> list[str]:
    refusals = {path: refusal(record, registry) for path, record in records.items()}
    return [f"{path}: {why}" for path, why in refusals.items() if why]


def _same_predictions(records: dict[Path, Record], registry: Registry) -> list[str]:
    """Notes on models that predict exactly the same: they may be the same work under two names."""
    first: dict[tuple[object, ...], tuple[Path, str]] = {}
    notes = []
    for path, record in records.items():
        policy = counting_policy(record)
        answers = tuple(one.policies[policy].predicted for one in record.predictions)
        counts = json.dumps([(one.subject, one.confusion[policy]) for one in record.subjects])
        protocol = registry.protocols.current(record.plan.protocol)
        key = (record.plan.dataset, protocol, record.plan.digests.clips, answers, counts)
        other, model = first.setdefault(key, (path, record.plan.model))
        if model != record.plan.model:
            notes.append(f"{path} predicts exactly what {other} does, under another model's name")
    return notes


def _compare(before: dict[str, Record | str], now: Sequence[Record], findings: Findings, registry: Registry) -> None:
    """Every record of the earlier revision must still exist, or have a successor that covers the same clips."""
    old = {name: under_current_names(one, registry) for name, one in before.items() if not isinstance(one, str)}
    findings.notes += [f"{name} was not compared: {why}" for name, why in before.items() if isinstance(why, str)]
    kept = {record.id: under_current_names(record, registry) for record in now}
    known = {record.id for record in old.values()}
    findings.new = [one for one in kept if one not in known]
    fresh = [record for record in kept.values() if record.id not in known]
    for name, record in old.items():
        successor = kept.get(record.id) or next((one for one in fresh if _line(one) == _line(record)), None)
        if successor is None:
            findings.problems.append(f"{name} ({_title(record)}) has disappeared; put it back")
            continue
        fresh = [one for one in fresh if one is not successor]
        _compare_one(name, record, successor, findings)
    findings.changes += [f"{_title(record)} is new: {FIRST} {_said(_scores(record)[FIRST])}" for record in fresh]


def _compare_one(name: str, old: Record, new: Record, findings: Findings) -> None:
    by_clip = bool(old.predictions and new.predictions)
    lost = sorted((_covered(old, by_clip) - _covered(new, by_clip)).elements())
    if lost:
        named = list(dict.fromkeys(lost))
        what = "" if by_clip else f"{len(lost)} clips of "
        findings.problems.append(f"{_title(new)} has lost {what}{and_more(named, NAMED)}, which {name} had")
    before, after = _scores(old), _scores(new)
    changed = [
        f"{key} {_said(before.get(key))} is now {_said(after.get(key))}"
        for key in dict.fromkeys((*before, *after))
        if _said(before.get(key)) != _said(after.get(key))
    ]
    if changed:
        findings.changes.append(f"{_title(new)}: {and_more(changed, NAMED, '; ')}")


def _line(record: Record) -> tuple[str, ...]:
    """What records of two revisions must have in common so that one can replace the other."""
    plan = record.plan
    run = (plan.recipe, str(plan.seed)) if isinstance(plan, Plan) else ("submitted", plan.paper)
    return plan.model, plan.dataset, plan.protocol, counting_policy(record), *run


def _covered(record: Record, by_clip: bool) -> Counter[str]:
    """How many clips there are under each clip's or each subject's id."""
    if by_clip:
        return Counter(one.clip for one in record.predictions)
    counted = Counter(one.subject for one in record.predictions)
    counted.update({one.subject: one.clips for one in record.subjects})
    return counted


def _title(record: Record) -> str:
    plan = record.plan
    words = f"{plan.model} on {plan.dataset}, protocol {plan.protocol}"
    return f"{words}, recipe {plan.recipe}, seed {plan.seed}" if isinstance(plan, Plan) else f"{words}, handed in"


def _scores(record: Record) -> dict[str, float | None]:
    """Each score by its name; those that count come first, then those of other policies."""
    first = counting_policy(record)
    return {
        f"{metric.upper() if metric != 'accuracy' else metric} ({part}{'' if policy == first else f', {policy}'})": (
            getattr(scores, metric) if scores else None
        )
        for policy, parts in sorted(record.scores.items(), key=lambda pair: pair[0] != first)
        for part, scores in sorted(parts.items(), key=lambda pair: pair[0] != "full")
        for metric in get_args(Metric)
    }


def _said(score: float | None) -> str:
    return "not defined" if score is None else f"{score:.4f}"
