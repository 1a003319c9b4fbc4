"""Is a leaderboard fit to be published, and what became of what was published before?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from merbench.errors import MerbenchError
from merbench.leaderboard.entries import has_public_labels, read_verified, record_files
from merbench.leaderboard.history import committed_records
from merbench.leaderboard.reported import read_reported
from merbench.leaderboard.rows import counting_policy
from merbench.registry import Registry
from merbench.runs.schema import Plan, Record

__all__ = ["Findings", "check"]

NAMED = 5  # clips or subjects named in a sentence


@dataclass
class Findings:
    """What a check found, in sentences.

    Attributes:
        records: how many files were read.
        problems: what must be mended before publishing.
        changes: what is new, and which scores differ from those of the earlier revision.
        notes: what could not be checked here, and what a reviewer should look at.
    """

    records: int = 0
    problems: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check(folders: Sequence[Path], reported: Path | None, registry: Registry, since: str = "") -> Findings:
    """Reads every record and published figure, and compares the records with those of an earlier revision.

    Args:
        folders: of records.
        reported: the file of published figures; None for none.
        registry: of datasets and protocols.
        since: a git revision; empty to compare with none.

    Raises:
        RecordError: a folder cannot be read, or git does not have the revision.
    """
    findings = Findings()
    records: dict[Path, Record] = {}
    for path in record_files(folders):
        findings.records += 1
        try:
            record, unchecked = read_verified(path, registry)
        except MerbenchError as error:
            findings.problems.append(str(error))
            continue
        findings.notes += [f"{path}: {sentence}" for sentence in unchecked]
        records[path] = record
    findings.problems += [*_duplicates(records), *_licensed(records, registry)]
    findings.notes += _same_predictions(records)
    if reported:
        try:
            read_reported(reported)
        except MerbenchError as error:
            findings.problems.append(str(error))
    if since:
        _compare(committed_records(folders, since), list(records.values()), findings)
    return findings


def _duplicates(records: dict[Path, Record]) -> list[str]:
    first: dict[str, Path] = {}
    return [
        f"{path} and {first[record.id]} are the same record ({record.id[:12]}); remove one of them"
        for path, record in records.items()
        if first.setdefault(record.id, path) != path
    ]


def _licensed(records: dict[Path, Record], registry: Registry) -> list[str]:
    return [
        f"{path} tells the truth of clips of {record.plan.dataset}, which may not be published; "
        f"put in its place what this writes: merbench results export {path}"
        for path, record in records.items()
        if record.predictions and not has_public_labels(record, registry)
    ]


def _same_predictions(records: dict[Path, Record]) -> list[str]:
    """One record under two models' names is the same work counted twice, unless both had to answer the same."""
    first: dict[str, tuple[Path, str]] = {}
    notes = []
    for path, record in records.items():
        answers = f"{record.plan.dataset} {record.plan.protocol} {record.predictions} {record.subjects}"
        other, model = first.setdefault(answers, (path, record.plan.model))
        if model != record.plan.model:
            notes.append(f"{path} predicts exactly what {other} does, under another model's name")
    return notes


def _compare(before: dict[str, Record | str], now: Sequence[Record], findings: Findings) -> None:
    """Every record of the earlier revision must be there still, or have a successor that covers all it covered."""
    by_id, by_key = {record.id: record for record in now}, {_key(record): record for record in now}
    known = set()
    for name, old in before.items():
        if isinstance(old, str):
            findings.notes.append(f"{name} was not compared: {old}")
            continue
        known.add(_key(old))
        new = by_id.get(old.id) or by_key.get(_key(old))
        if new is None:
            findings.problems.append(f"{name} ({_title(old)}) has disappeared; put it back")
        else:
            _compare_one(name, old, new, findings)
    for record in now:
        if _key(record) not in known:
            findings.changes.append(f"{_title(record)} is new: UF1 {_uf1(record)}")


def _compare_one(name: str, old: Record, new: Record, findings: Findings) -> None:
    lost = sorted(_covered(old) - _covered(new))
    if lost:
        more = f" and {len(lost) - NAMED} more" if len(lost) > NAMED else ""
        findings.problems.append(f"{_title(new)} has lost {', '.join(lost[:NAMED])}{more}, which {name} had")
    if new.clips < old.clips:
        findings.problems.append(f"{_title(new)} covers {new.clips} clips, and {name} covered {old.clips}")
    if _uf1(old) != _uf1(new):
        findings.changes.append(f"{_title(new)}: UF1 {_uf1(old)} is now {_uf1(new)}")


def _key(record: Record) -> tuple[str, ...]:
    """What makes two records of different revisions the same line of a board."""
    plan = record.plan
    run = (plan.recipe, str(plan.seed)) if isinstance(plan, Plan) else ("submitted", plan.paper)
    return plan.model, plan.dataset, plan.protocol, counting_policy(record), *run


def _covered(record: Record) -> set[str]:
    return {one.clip for one in record.predictions} or {one.subject for one in record.subjects}


def _title(record: Record) -> str:
    plan = record.plan
    words = f"{plan.model} on {plan.dataset}, protocol {plan.protocol}"
    return f"{words}, recipe {plan.recipe}, seed {plan.seed}" if isinstance(plan, Plan) else f"{words}, handed in"


def _uf1(record: Record) -> str:
    scores = record.scores[counting_policy(record)]["full"]
    return f"{scores.uf1:.4f}" if scores else "not defined"
