"""From record files to entries: read, verified, scored again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from merbench.errors import MerbenchError, RecordError
from merbench.leaderboard.batches import in_batches
from merbench.leaderboard.site import Answers, Entry, Figure, Figures
from merbench.plugin.registry import Registry
from merbench.runs.export import without_clips
from merbench.runs.record import read_record, split_subjects, unlike
from merbench.runs.schema import AnyPolicy, PartScores, Record
from merbench.runs.scoring import count
from merbench.runs.verify import verify
from merbench.scores import Metric

__all__ = ["has_public_labels", "make_entry", "read_entries", "read_verified", "record_files", "refusal", "same_id"]


def record_files(folders: Sequence[Path]) -> list[Path]:
    """Every `.json` file directly in the folders, and every `record.json` below them, sorted.

    Pipes, devices and broken links are among them: reading one gives an error that says it is not a record.

    Raises:
        RecordError: a folder is none, or cannot be read.
    """
    found: dict[str, Path] = {}  # a folder may be given twice, in two spellings
    for folder in folders:
        if not folder.is_dir():
            raise RecordError(f"{folder} is not a folder of records; make one: merbench leaderboard add RECORD")
        # Not `rglob`, which passes over a link that leads nowhere.
        below = (Path(place) / "record.json" for place, _, names in os.walk(folder) if "record.json" in names)
        for path in sorted({*(path for path in folder.glob("*.json") if not path.is_dir()), *below}):
            found.setdefault(os.path.realpath(path), path)  # `Path.resolve` raises on a link that leads to itself
    return sorted(found.values())


def read_entries(paths: Sequence[Path], registry: Registry) -> Iterator[tuple[Path, Entry]]:
    """The entry of each record file.

    Raises:
        RecordError: a file is not a valid record, says what does not follow from its predictions, or stands twice.
    """
    seen: dict[str, tuple[Path, Record]] = {}
    for path, entry in zip(paths, in_batches(partial(_read, registry=registry), paths), strict=True):
        if entry.id in seen:
            raise RecordError(f"{path} and {same_id(*seen[entry.id], entry.record)}")
        seen[entry.id] = path, entry.record
        yield path, entry


def same_id(other: Path, before: Record, record: Record) -> str:
    """What two files of one id hold, as it completes "FILE and ..."."""
    if difference := unlike(before, record):
        return f"{other} have one id ({record.id[:12]}), but {difference}; remove both"
    return f"{other} are the same record ({record.id[:12]}); remove one of them"


def _read(paths: Sequence[Path], registry: Registry) -> list[Entry]:
    return [make_entry(read_verified(path, registry)[0], registry) for path in paths]


def read_verified(path: Path, registry: Registry) -> tuple[Record, list[str]]:
    """A record whose digests and scores follow from its predictions, and what could not be checked, in sentences.

    Raises:
        RecordError: it is not a valid record, or says what does not follow from its predictions.
    """
    record = read_record(path)
    try:
        return record, verify(record, registry)
    except MerbenchError as error:
        raise RecordError(f"{path}: {error}") from error


def make_entry(record: Record, registry: Registry) -> Entry:
    """The entry of a verified record. Only where truth may be published does it keep any clip."""
    public = has_public_labels(record, registry)
    kept = without_clips(record) if record.predictions else record
    if public:  # a warning may name clips
        kept = kept.model_copy(update={"warnings": record.warnings})
    answers = _answers(record) if public and record.predictions else None
    return Entry(
        record=kept,
        protocol=registry.protocols.current(record.plan.protocol),
        counts=count(kept),
        figures=_figures(record),
        public=public,
        answers=answers,
        split_subjects=len(split_subjects(record)) if record.predictions else None,
    )


def _answers(record: Record) -> Answers:
    rows = record.predictions
    return Answers(
        clips=tuple(one.clip for one in rows),
        truth=tuple(one.truth for one in rows),
        predicted={policy: tuple(one.policies[policy].predicted for one in rows) for policy in record.scores},
    )


def has_public_labels(record: Record, registry: Registry) -> bool:
    """Whether anyone may see the truth of the record's clips; of a dataset that is not installed, nobody may."""
    name = record.plan.dataset
    return name in registry.datasets.names() and registry.datasets.get(name).public_labels


def refusal(record: Record, registry: Registry) -> str:
    """Why a record must not be published as it is, and what to do; empty where it may be."""
    name = record.plan.dataset
    if not record.predictions or has_public_labels(record, registry):
        return ""
    why = (
        "which may not be published"
        if name in registry.datasets.names()
        else "which is not installed here, so that nothing says they may be published"
    )
    return f"it tells the truth of clips of {name}, {why}; take instead what this writes: merbench results export"


def _figures(record: Record) -> dict[AnyPolicy, Figures]:
    # `verify` has seen that these scores follow from the predictions.
    return {
        policy: {part: _of_part(scores) for part, scores in parts.items() if scores}
        for policy, parts in record.scores.items()
    }


def _of_part(scores: PartScores) -> dict[Metric, Figure]:
    return {metric: Figure(getattr(scores, metric), interval) for metric, interval in scores.intervals.items()}
