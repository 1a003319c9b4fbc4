"""Read record files, verify them, and turn each into an entry: what the pages keep of a record."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pydantic import TypeAdapter, ValidationError

from merbench.errors import MerbenchError, RecordError
from merbench.leaderboard.batches import in_batches
from merbench.leaderboard.cache import Cache
from merbench.leaderboard.class_scores import ClassScoreFigures, class_scores
from merbench.plugin.registry import Registry
from merbench.runs.export import without_clips
from merbench.runs.record import parse_record, record_bytes, split_subjects, unlike
from merbench.runs.schema import AnyPolicy, Record
from merbench.runs.scoring import Counts, count, in_order
from merbench.runs.verify import verify
from merbench.scores import Metric, score_confusions

if TYPE_CHECKING:
    import numpy as np

    from merbench.leaderboard.disputes import Dispute

__all__ = [
    "Answers",
    "Entry",
    "Figure",
    "Figures",
    "counting_policy",
    "has_public_labels",
    "make_entry",
    "read_entries",
    "read_verified",
    "record_files",
    "refusal",
    "same_id",
]


@dataclass(frozen=True)
class Figure:
    """A score in [0, 1].

    Attributes:
        value: the score; of several seeds, their mean.
        interval: (lower, upper) end of the 95 % interval; None for a paper's number.
        spread: standard deviation over the seeds; None if there is one seed.
    """

    value: float
    interval: tuple[float, float] | None = None
    spread: float | None = None


Figures: TypeAlias = dict[str, dict[Metric, Figure]]  # part -> metric -> figure; a part or metric may be missing


@dataclass(frozen=True)
class Answers:
    """What was predicted of each clip, in the order of the record: ids, class indices, and policy to class indices."""

    clips: tuple[str, ...]
    truth: tuple[int, ...]
    predicted: dict[AnyPolicy, tuple[int, ...]]


@dataclass(frozen=True)
class Entry:
    """A verified record on a leaderboard; every entry has a page.

    Attributes:
        record: as it was read, but with each subject's counts instead of the predictions.
        protocol: today's name of the record's protocol, so that old and new records share a board.
        counts: each subject's confusion matrices.
        figures: policy -> part -> metric -> figure.
        public: whether the truth of its clips may be published.
        answers: of every clip; None if their truth may not be published, or if the record has no predictions.
        class_scores: part -> figures of the class scores under the policy that counts; empty if the record has none.
        split_subjects: how many subjects are tested in more than one fold; None if the record has counts alone.
        disputes: what `disputes.csv` says of the record.
        digest: sha256 (hex) of the record's file; empty if the record is not from a file.
    """

    record: Record
    protocol: str
    counts: Counts
    figures: dict[AnyPolicy, Figures]
    public: bool
    answers: Answers | None = None
    class_scores: dict[str, ClassScoreFigures] = field(default_factory=dict)
    split_subjects: int | None = 0
    disputes: tuple[Dispute, ...] = ()
    digest: str = ""

    @property
    def withdrawn(self) -> bool:
        """Whether the record is no longer ranked."""
        return any(one.status == "withdrawn" for one in self.disputes)

    @property
    def id(self) -> str:
        """The first twelve digits of the record's id: its page is `entries/ID.html`, its file `records/ID.json`."""
        return self.record.id[:12]

    @property
    def policy(self) -> AnyPolicy:
        """The epoch policy whose scores count."""
        return counting_policy(self.record)


class _Kept(NamedTuple):
    """What the cache keeps of a verified record: the rest of an entry follows from it."""

    record: Record
    figures: dict[AnyPolicy, Figures]
    answers: Answers | None
    class_scores: dict[str, ClassScoreFigures]
    split_subjects: int | None


@functools.cache
def _kept_type() -> TypeAdapter[_Kept]:
    return TypeAdapter(_Kept)


def counting_policy(record: Record) -> AnyPolicy:
    """The epoch policy whose scores count; never `oracle`, since every record of a run has `last`."""
    policy = record.plan.epoch_policy
    return "last" if policy == "oracle" else policy


def record_files(folders: Sequence[Path]) -> list[Path]:
    """Every `.json` file directly in the folders, and every `record.json` below them, sorted.

    Pipes, devices and broken links are included: reading them gives an error that they are not records.

    Raises:
        RecordError: a folder does not exist, or cannot be read.
    """
    found: dict[str, Path] = {}  # a folder may be given twice under two paths
    for folder in folders:
        if not folder.is_dir():
            raise RecordError(f"{folder} is not a folder of records; make one: merbench leaderboard add RECORD")
        # Not `rglob`, which skips broken links.
        below = (Path(place) / "record.json" for place, _, names in os.walk(folder) if "record.json" in names)
        for path in sorted({*(path for path in folder.glob("*.json") if not path.is_dir()), *below}):
            found.setdefault(os.path.realpath(path), path)  # `Path.resolve` raises on a link to itself
    return sorted(found.values())


def read_entries(paths: Sequence[Path], registry: Registry, cache: Cache | None = None) -> Iterator[tuple[Path, Entry]]:
    """The entry of each record file.

    Args:
        paths: of the files.
        registry: of datasets and protocols.
        cache: keeps the entries of files that were verified; None to verify every file.

    Raises:
        RecordError: a file is not a valid record, its scores do not follow from its predictions, or there are two files
            of one record.
    """
    kept = {path: entry for path in paths if cache and (entry := _kept(path, registry, cache))}
    rest = [path for path in paths if path not in kept]
    seen: dict[str, tuple[Path, Record]] = {}
    with closing(in_batches(partial(_read, registry=registry, cache=cache), rest)) as read:
        for path in paths:
            entry = kept.pop(path, None) or next(read)
            if entry.id in seen:
                raise RecordError(f"{path} and {same_id(*seen[entry.id], entry.record)}")
            seen[entry.id] = path, entry.record
            yield path, entry


def same_id(other: Path, before: Record, record: Record) -> str:
    """How two files with the same id differ, to complete "FILE and ..."."""
    if difference := unlike(before, record):
        return f"{other} have one id ({record.id[:12]}), but {difference}; remove both"
    return f"{other} are the same record ({record.id[:12]}); remove one of them"


def _kept(path: Path, registry: Registry, cache: Cache) -> Entry | None:
    """The entry of a file that was verified before; None if the file or anything that decides its entry is new."""
    try:
        digest = hashlib.sha256(record_bytes(path)).hexdigest()
    except RecordError:
        return None
    content = cache.read(cache.key("entry", digest))
    if content is None:
        return None
    try:
        return _entry(_kept_type().validate_json(content), registry, digest)
    except ValidationError:
        return None


def _read(paths: Sequence[Path], registry: Registry, cache: Cache | None) -> list[Entry]:
    return [_verified_entry(path, registry, cache) for path in paths]


def _verified_entry(path: Path, registry: Registry, cache: Cache | None) -> Entry:
    content = record_bytes(path)
    kept = _shortened(_verified(content, path, registry)[0], registry)
    digest = hashlib.sha256(content).hexdigest()
    if cache:
        with suppress(ValueError):  # a text of the environment that is no UTF-8
            cache.write(cache.key("entry", digest), _kept_type().dump_json(kept, by_alias=True))
    return _entry(kept, registry, digest)


def read_verified(path: Path, registry: Registry) -> tuple[Record, list[str]]:
    """A record whose digests and scores follow from its predictions, and what could not be verified, in sentences.

    Raises:
        RecordError: the file is not a valid record, or its digests or scores do not follow from its predictions.
    """
    return _verified(record_bytes(path), path, registry)


def _verified(content: bytes, path: Path, registry: Registry) -> tuple[Record, list[str]]:
    record = parse_record(content, path)
    try:
        return record, verify(record, registry)
    except MerbenchError as error:
        raise RecordError(f"{path}: {error}") from error


def make_entry(record: Record, registry: Registry) -> Entry:
    """The entry of a verified record. It keeps clips only if their truth may be published."""
    return _entry(_shortened(record, registry), registry)


def _shortened(record: Record, registry: Registry) -> _Kept:
    kept = without_clips(record) if record.predictions else record
    public = has_public_labels(record, registry)
    if public:  # a warning may name clips
        kept = kept.model_copy(update={"warnings": record.warnings})
    answers = _answers(record) if public and record.predictions else None
    counts = _counts(kept, registry)
    return _Kept(
        record=kept,
        figures=_figures(record, counts),
        answers=answers,
        class_scores=class_scores(record.predictions, counting_policy(record), counts.parts),
        split_subjects=len(split_subjects(record)) if record.predictions else None,
    )


def _entry(kept: _Kept, registry: Registry, digest: str = "") -> Entry:
    record = kept.record
    return Entry(
        record=record,
        protocol=registry.protocols.current(record.plan.protocol),
        counts=_counts(record, registry),
        figures=kept.figures,
        public=has_public_labels(record, registry),
        answers=kept.answers,
        class_scores=kept.class_scores,
        split_subjects=kept.split_subjects,
        digest=digest,
    )


def _counts(record: Record, registry: Registry) -> Counts:
    counts = count(record)
    return replace(counts, databases=in_order(counts.databases, record.plan.dataset, registry))


def _answers(record: Record) -> Answers:
    rows = record.predictions
    return Answers(
        clips=tuple(one.clip for one in rows),
        truth=tuple(one.truth for one in rows),
        predicted={policy: tuple(one.policies[policy].predicted for one in rows) for policy in record.scores},
    )


def has_public_labels(record: Record, registry: Registry) -> bool:
    """Whether the truth of the record's clips may be published; not for a dataset that is not installed."""
    name = record.plan.dataset
    return name in registry.datasets.names() and registry.datasets.get(name).public_labels


def refusal(record: Record, registry: Registry) -> str:
    """Why a record must not be published, and what to do; empty if it may be published."""
    name = record.plan.dataset
    if not record.predictions or has_public_labels(record, registry):
        return ""
    why = (
        "whose labels may not be published"
        if name in registry.datasets.names()
        else "which is not installed here, so merbench does not know whether its labels may be published"
    )
    return f"it contains the labels of clips of {name}, {why}; use the file that this writes: merbench results export"


def _figures(record: Record, counts: Counts) -> dict[AnyPolicy, Figures]:
    # Computed from the counts, so that all pages show intervals of one method: older records hold those of another.
    parts = {part: counts.of(part).confusions for part in counts.parts}
    return {
        policy: {part: _of_part(confusions[policy]) for part, confusions in parts.items() if found.get(part)}
        for policy, found in record.scores.items()
    }


def _of_part(confusions: np.ndarray) -> dict[Metric, Figure]:
    scores = score_confusions(confusions)
    return {
        "uf1": Figure(scores.uf1, scores.uf1_interval),
        "uar": Figure(scores.uar, scores.uar_interval),
        "accuracy": Figure(scores.accuracy, scores.accuracy_interval),
    }
