"""Checks that the digests, folds and scores of a record follow from its predictions."""

from __future__ import annotations

import functools
import math
from typing import Any

from merbench.data.clips import clip_table, clips_digest, labels_digest
from merbench.data.datasets import canonical_clips
from merbench.data.people import SamePeople, by_person, named, same_people, unmatched
from merbench.errors import MerbenchError, RecordError
from merbench.plugin.calls import Author
from merbench.plugin.registry import Registry
from merbench.protocols import ProtocolError, folds_digest, shared_subjects, shares_subjects, split_by
from merbench.runs.record import shown, split_subjects
from merbench.runs.schema import Record
from merbench.runs.scoring import count, labelled_clips, score_counts

__all__ = ["check_digests", "check_scores", "verify"]

TOLERANCE = 1e-9  # machines may sum in another order; one clip changes a score by about 1e-4


def verify(record: Record, registry: Registry) -> list[str]:
    """Recompute digests, folds and scores from the predictions.

    Returns:
        A sentence for each check that was not possible, because a protocol or dataset is not installed or the record
        has no clips.

    Raises:
        RecordError: the record differs; the message names the first difference.
    """
    _same("id", record.id, record.plan.digest())
    _check_people(record, registry)
    unchecked = _check_clips(record, registry) if record.predictions else _check_subjects(record, registry)
    check_scores(record)
    return unchecked


def _check_people(record: Record, registry: Registry) -> None:
    """Check that the record counts a person once, whatever databases show the person."""
    subjects = {one.subject for one in record.predictions} | {one.subject for one in record.subjects}
    databases, given = {one.partition("/")[0] for one in subjects}, record.plan.groups
    installed = record.plan.dataset in registry.datasets.names()
    if installed:
        databases.update(registry.datasets.get(record.plan.dataset).databases)
    wanted = same_people(registry, databases)
    for group in wanted:
        if not any(set(group) <= set(one) for one in given):
            raise RecordError(
                f"its clips come from {named(group)}, which show the same people, but plan.same_people does not say "
                "so: a person would count as several subjects"
            )
    if installed:
        _same("plan.same_people", given, wanted)
    if record.complete and (apart := unmatched(subjects, given)):
        raise RecordError(apart[0])


def _check_clips(record: Record, registry: Registry) -> list[str]:
    table = _table(record)
    _check_digests(record, table)
    _check_fold_names(record)
    canonical = _canonical(record, registry)
    _check_canonical(record, table, canonical)
    # Imported predictions use the folds of the whole list, even if they cover only some of its clips.
    whole = table if canonical is None or record.plan.kind != "rescored" else clip_table(canonical)
    installed = record.plan.dataset in registry.datasets.names()
    unchecked = [] if installed else [f"{_dataset_is(record, registry)}: its clips were not compared"]
    return unchecked + _check_folds(record, whole, registry)


def _check_digests(record: Record, table: Any) -> None:
    clips, labels = _same_digests(_pairs(table))
    _same("plan.digests.clips", record.plan.digests.clips, clips)
    _same("plan.digests.labels", record.plan.digests.labels, labels)


def _pairs(table: Any) -> tuple[tuple[str, int], ...]:
    """Pair each clip with its label."""
    return tuple(zip(table["clip"].tolist(), table["label"].tolist(), strict=True))


def _check_subjects(record: Record, registry: Registry) -> list[str]:
    """Compare each subject's number of clips per class with the dataset's canonical list, if there is one; if no clip
    is missing, recompute the digests and folds from the list.
    """
    unchecked = ["the record has counts per subject, not clips: predictions were not compared"]
    canonical = _canonical(record, registry)
    if canonical is None:
        return [*unchecked, f"{_dataset_is(record, registry)}: clips, labels and folds were not compared"]
    wanted = {name: _per_class(rows["label"], record) for name, rows in canonical.groupby("subject")}
    for one in record.subjects:
        if one.subject not in wanted:
            raise RecordError(f"subjects: {shown(one.subject)} is not a subject of {record.plan.dataset}")
        given = [sum(row) for row in next(iter(one.confusion.values()))]
        if any(here > there for here, there in zip(given, wanted[one.subject], strict=True)):
            raise RecordError(
                f"subjects: {one.subject} has {given} clips of each class, but the list of {record.plan.dataset} has "
                f"{wanted[one.subject]}"
            )
    if not record.complete:
        return [*unchecked, "clips are missing: clips, labels and folds were not compared"]
    table = clip_table(canonical)
    _check_digests(record, table)
    return unchecked + _check_folds(record, table, registry)


def _per_class(labels: Any, record: Record) -> list[int]:
    return [int((labels == label).sum()) for label in range(len(record.plan.classes))]


def _dataset_is(record: Record, registry: Registry) -> str:
    name = record.plan.dataset
    return f"dataset {name} " + ("has no canonical list" if name in registry.datasets.names() else "is not installed")


def check_digests(record: Record) -> None:
    """Recompute the digests of the clips and labels from the predictions.

    Raises:
        RecordError: a digest differs.
    """
    _check_digests(record, _table(record))


def check_scores(record: Record) -> None:
    """Recompute the scores from the predictions.

    Raises:
        RecordError: a score differs; the message names the first difference.
    """
    recomputed = score_counts(count(record), record.plan.classes, record.interval_method)
    _same_scores("scores", _plain(record.scores), _plain(recomputed))


def _table(record: Record) -> Any:
    try:
        return _same_table(tuple((one.clip, one.truth) for one in record.predictions))
    except MerbenchError as error:
        raise RecordError(f"predictions: {error}") from error


# The records of a leaderboard share few clip lists, so results that depend only on the list are cached. Cached tables
# must not be modified.
@functools.lru_cache(maxsize=16)
def _same_table(clips: tuple[tuple[str, int], ...]) -> Any:
    return labelled_clips(clips)


@functools.lru_cache(maxsize=16)
def _same_digests(clips: tuple[tuple[str, int], ...]) -> tuple[str, str]:
    table = _same_table(clips)
    return clips_digest(table), labels_digest(table)


@functools.lru_cache(maxsize=16)
def _same_folds(
    clips: tuple[tuple[str, int], ...], groups: SamePeople, splitter: str, author: Author
) -> tuple[str, dict[str, str], int]:
    """Return the digest of the folds of these clips, the fold of each clip, and how many folds share a subject."""
    table = by_person(_same_table(clips), groups)
    folds = split_by(splitter, author, table)
    shared = sum(map(bool, shared_subjects(table, folds)))
    names = table["clip"].tolist()
    return folds_digest(table, folds), {names[place]: fold.name for fold in folds for place in fold.test}, shared


def _check_fold_names(record: Record) -> None:
    """Check that the record lists each fold of its predictions once, and no folds for imported predictions."""
    listed = [fold.name for fold in record.folds]
    ran = {one.fold for one in record.predictions} if record.plan.kind != "rescored" else set()
    _same("folds", sorted(listed), sorted(ran))


def _canonical(record: Record, registry: Registry) -> Any:
    """The canonical clips of the record's dataset; None if it is not installed or has no clip list."""
    name = record.plan.dataset
    if name not in registry.datasets.names():
        return None
    spec = registry.datasets.get(name)
    _same("plan.classes", record.plan.classes, list(spec.scheme.classes))
    canonical = canonical_clips(spec, registry.datasets.origin(name).name)
    if canonical is not None:
        _same("plan.clips_total", record.plan.clips_total, len(canonical))
    return canonical


def _check_canonical(record: Record, table: Any, canonical: Any) -> None:
    """Compare clips and truth with the dataset's canonical list, if there is one."""
    if canonical is None:
        return
    truth = dict(zip(canonical["clip"], canonical["label"], strict=True))
    given = dict(zip(table["clip"], table["label"], strict=True))
    for clip, label in given.items():
        if truth.get(clip) != label:
            wanted = truth.get(clip, "no such clip")
            raise RecordError(
                f"predictions: {clip} has truth {label}, but the list of {record.plan.dataset} says {wanted}"
            )


def _check_folds(record: Record, table: Any, registry: Registry) -> list[str]:
    """Recompute the folds of the clips with the protocol, if every fold was run."""
    name = registry.protocols.current(record.plan.protocol)
    if record.plan.folds != "*":
        return [f"only folds {shown(record.plan.folds)} were run: the folds were not compared"]
    if len(table) < record.plan.clips_total:
        return [f"{record.plan.clips_total - len(table)} clips are never tested: the folds were not compared"]
    if name not in registry.protocols.names():
        return [f"protocol {name} is not installed: the folds were not compared", *_told_split(record)]
    target = registry.protocols.get(name).splitter
    try:
        digest, owner, shared = _same_folds(
            _pairs(table), record.plan.groups, target, registry.protocols.author(name, target)
        )
    except ProtocolError as error:
        if shares_subjects(registry, name):  # the protocol reads published folds from a file
            return [f"the folds were not compared: {error}"]
        raise RecordError(f"predictions: {error}") from error
    _same("plan.digests.folds", record.plan.digests.folds, digest)
    if record.subjects and record.plan.kind != "rescored":
        _same("folds", sorted(fold.name for fold in record.folds), sorted(set(owner.values())))
    for one in record.predictions:
        _same(f"fold of {one.clip}", one.fold, owner.get(one.clip))
    return [f"subjects are on both sides of {shared} folds: the record is not ranked"] if shared else []


def _told_split(record: Record) -> list[str]:
    if record.subjects:
        return ["without clips, folds might train on the subjects that they test: the record is not ranked"]
    found = split_subjects(record)
    if not found:
        return []
    return [
        f"{len(found)} subjects are tested in several folds (first: {shown(found[0])}), so folds might train on the "
        "subjects that they test: the record is not ranked"
    ]


def _same(where: str, given: Any, wanted: Any) -> None:
    if given != wanted:
        raise RecordError(f"{where}: the record says {shown(given)}, but its content gives {shown(wanted)}")


def _plain(scores: Any) -> Any:
    return {
        policy: {part: value and value.model_dump(mode="json") for part, value in parts.items()}
        for policy, parts in scores.items()
    }


def _same_scores(where: str, given: Any, wanted: Any) -> None:
    """Check that structure, text and counts are equal, and numbers equal to within `TOLERANCE`."""
    if isinstance(given, dict) and isinstance(wanted, dict):
        _same(f"{where} (names)", sorted(given), sorted(wanted))
        for key in wanted:
            _same_scores(f"{where}.{key}", given[key], wanted[key])
    elif isinstance(given, list) and isinstance(wanted, list) and len(given) == len(wanted):
        for index, pair in enumerate(zip(given, wanted, strict=True)):
            _same_scores(f"{where}.{index}", *pair)
    elif isinstance(given, float) and isinstance(wanted, float):
        if not math.isclose(given, wanted, rel_tol=0, abs_tol=TOLERANCE):
            _same(where, given, wanted)
    else:
        _same(where, given, wanted)
