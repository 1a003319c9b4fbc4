"""Reads records, and checks that they say what follows from their predictions."""

from __future__ import annotations

import functools
import json
import math
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from merbench.calls import Author
from merbench.clips import clip_table, clips_digest, labels_digest
from merbench.datasets import canonical_clips, shared_people
from merbench.errors import MerbenchError, RecordError, printable
from merbench.files import read_bounded
from merbench.folds import shares_subjects, split_by
from merbench.protocols import ProtocolError, folds_digest
from merbench.registry import Registry
from merbench.runs.schema import READABLE, AnyPolicy, Prediction, Record, SubjectConfusion
from merbench.runs.scoring import count, labelled_clips, score_counts
from merbench.runs.seal import is_sealed

__all__ = ["MOST_BYTES", "check_scores", "read_record", "split_subjects", "unlike", "verify"]

MAX_DEPTH = 20  # a record needs eight; far below where Python's or pydantic's own recursion ends
MOST_SUBJECTS = 5000  # far more than the field has; the bootstrap draws as many, ten thousand times
MOST_BYTES = 64 * 2**20  # of a file; the composite's have a fifth of one MiB
SHOWN = 120  # characters of a value in an error
UNLIKE = "they differ in the predictions of {}: the model does not give the same result twice"
TOLERANCE = 1e-9  # the order of summation may differ between machines; a clip more or less moves a score by 1e-4


def read_record(path: Path) -> Record:
    """A record file, checked against the schema.

    Raises:
        RecordError: it cannot be read, is not JSON, is of another schema version, or has missing or strange fields.
    """
    try:
        content = json.loads(_text(path), parse_constant=_no_constant, parse_float=_finite)
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path} is not JSON: {error}") from error
    found = content.get("schema") if isinstance(content, dict) else None
    if type(found) is not int or found not in READABLE:
        known = " and ".join(map(str, READABLE))
        raise RecordError(f"{path} is a record of schema {_shown(found)}; this merbench reads schemas {known}")
    plan = content.get("plan")
    # What the schema leaves open; of all else it says how deep it is.
    free = [content.get("environment"), *(plan.get(name) for name in ("settings", "options") if isinstance(plan, dict))]
    if _deeper(free, MAX_DEPTH):
        raise RecordError(f"{path} is not a valid record: it is nested more than {MAX_DEPTH} levels deep")
    if found > 1 and not _take_seal(content):
        raise RecordError(f"{path} was changed after it was written: its digest is not that of its content")
    try:
        record = Record.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = [".".join(map(str, first["loc"]))] if first["loc"] else []
        sentence = ": ".join(map(_printable, [*where, first["msg"].removeprefix("Value error, ")]))
        raise RecordError(f"{path} is not a valid record: {sentence}") from error
    try:
        _check_policies(record)
    except RecordError as error:
        raise RecordError(f"{path} is not a valid record: {error}") from error
    return record


def _text(path: Path) -> str:
    return read_bounded(path, MOST_BYTES).decode("utf-8")


def _take_seal(content: dict[str, Any]) -> bool:
    """Whether the digest in a record is that of the rest; the digest is taken out."""
    try:
        return is_sealed(content)
    except RecursionError:  # what is nested too deep has no field in the schema, which says so
        return True
    finally:
        content.pop("digest", None)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text[:20]} is too large a number")
    return value


def _deeper(content: Any, levels: int) -> bool:
    """Whether lists and objects are nested deeper than `levels`; walked level by level, whatever the depth."""
    level = [content]
    for _ in range(levels + 1):
        level = [one for parent in level for one in _children(parent)]
    return bool(level)


def _children(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def _printable(text: str) -> str:
    """A stranger's text on one line, shortened."""
    escaped = printable(text)
    return escaped if len(escaped) <= SHOWN else f"{escaped[:SHOWN]}…"


def verify(record: Record, registry: Registry) -> list[str]:
    """Recomputes digests, folds and scores from the predictions.

    Returns:
        What could not be checked here (a protocol or dataset that is not installed, the clips of a record that keeps
        them to itself), as sentences.

    Raises:
        RecordError: the first difference.
    """
    _same("id", record.id, record.plan.digest())
    databases = {one.database for one in record.predictions} | {one.database for one in record.subjects}
    if shared := shared_people(registry, databases):
        raise RecordError(f"its clips are of {shared}")
    unchecked = _check_clips(record, registry) if record.predictions else _check_subjects(record, registry)
    check_scores(record)
    return unchecked


def _check_clips(record: Record, registry: Registry) -> list[str]:
    table = _table(record)
    _check_digests(record, table)
    _check_fold_names(record)
    canonical = _canonical(record, registry)
    _check_canonical(record, table, canonical)
    # Predictions that were handed in are of the folds of the whole list, whichever of its clips they cover.
    whole = table if canonical is None or record.plan.kind != "rescored" else clip_table(canonical)
    installed = record.plan.dataset in registry.datasets.names()
    unchecked = [] if installed else [f"{_dataset_is(record, registry)}: its clips were not compared"]
    return unchecked + _check_folds(record, whole, registry)


def _check_digests(record: Record, table: Any) -> None:
    clips, labels = _same_digests(_pairs(table))
    _same("plan.digests.clips", record.plan.digests.clips, clips)
    _same("plan.digests.labels", record.plan.digests.labels, labels)


def _pairs(table: Any) -> tuple[tuple[str, int], ...]:
    """Each clip with its label."""
    return tuple(zip(table["clip"].tolist(), table["label"].tolist(), strict=True))


def _check_subjects(record: Record, registry: Registry) -> list[str]:
    """Each subject's clips of each class against the dataset's canonical list, where it has one; and, where none is
    missing, digests and folds made again from that list.
    """
    unchecked = ["it has each subject's counts, not its clips: no single prediction was compared"]
    canonical = _canonical(record, registry)
    if canonical is None:
        return [*unchecked, f"{_dataset_is(record, registry)}: clips, labels and folds were not compared"]
    wanted = {name: _per_class(rows["label"], record) for name, rows in canonical.groupby("subject")}
    for one in record.subjects:
        if one.subject not in wanted:
            raise RecordError(f"subjects: {_shown(one.subject)} is no subject of {record.plan.dataset}")
        given = [sum(row) for row in next(iter(one.confusion.values()))]
        if any(here > there for here, there in zip(given, wanted[one.subject], strict=True)):
            raise RecordError(
                f"subjects: {one.subject} has {given} clips of each class, the list of {record.plan.dataset} "
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


def check_scores(record: Record) -> None:
    """Recomputes the scores from the predictions.

    Raises:
        RecordError: the first difference.
    """
    recomputed = score_counts(count(record), record.plan.classes)
    _same_scores("scores", _plain(record.scores), _plain(recomputed))


def _table(record: Record) -> Any:
    try:
        return _same_table(tuple((one.clip, one.truth) for one in record.predictions))
    except MerbenchError as error:
        raise RecordError(f"predictions: {error}") from error


# The records of a leaderboard are of few clip lists: what follows from the list alone is worked out once. A table that
# is kept must not be written to, and none is.
@functools.lru_cache(maxsize=16)
def _same_table(clips: tuple[tuple[str, int], ...]) -> Any:
    return labelled_clips(clips)


@functools.lru_cache(maxsize=16)
def _same_digests(clips: tuple[tuple[str, int], ...]) -> tuple[str, str]:
    table = _same_table(clips)
    return clips_digest(table), labels_digest(table)


@functools.lru_cache(maxsize=16)
def _same_folds(clips: tuple[tuple[str, int], ...], splitter: str, author: Author) -> tuple[str, dict[str, str]]:
    """The digest of the folds of these clips, and the fold of each clip."""
    table = _same_table(clips)
    folds = split_by(splitter, author, table)
    names = table["clip"].tolist()
    return folds_digest(table, folds), {names[place]: fold.name for fold in folds for place in fold.test}


def _check_fold_names(record: Record) -> None:
    """The folds listed are those of the predictions, each once; none where nothing was run."""
    listed = [fold.name for fold in record.folds]
    ran = {one.fold for one in record.predictions} if record.plan.kind != "rescored" else set()
    _same("folds", sorted(listed), sorted(ran))


def _check_policies(record: Record) -> None:
    """Every row has the same policies, and classes that there are; scores are of those policies and one set of parts,
    and the policy asked for is among them.
    """
    policies = set(record.predictions[0].policies if record.predictions else record.subjects[0].confusion)
    if set(record.scores) != policies:
        raise RecordError(f"scores of policies {sorted(record.scores)}, predictions of {sorted(policies)}")
    if record.plan.epoch_policy not in policies:
        raise RecordError(f"no predictions under {record.plan.epoch_policy}, the policy asked for")
    if "last" not in policies and record.plan.kind != "rescored":
        raise RecordError("no predictions under last, which every run has")
    if "submitted" in policies and (record.plan.kind != "rescored" or len(policies) > 1):
        raise RecordError("predictions are submitted, or those of a run, and not both")
    for policy, parts in record.scores.items():
        if "full" not in parts or set(parts) != set(next(iter(record.scores.values()))):
            raise RecordError(f"scores.{policy}: parts {sorted(parts)}; each policy has the same, and full")
    for one in record.predictions:
        _check_prediction(one, policies, len(record.plan.classes))
    for row in record.subjects:
        _check_confusion(row, policies, len(record.plan.classes))
    names = [one.clip for one in record.predictions] + [one.subject for one in record.subjects]
    if len(set(names)) < len(names):
        raise RecordError(f"{_shown(next(name for name in names if names.count(name) > 1))} stands twice")
    if record.clips > record.plan.clips_total:
        raise RecordError(f"{record.clips} clips were predicted, and plan.clips_total is {record.plan.clips_total}")
    subjects = {one.subject for one in record.predictions}
    if max(len(subjects), len(record.subjects)) > MOST_SUBJECTS:
        raise RecordError(f"more than {MOST_SUBJECTS} subjects")


def _check_prediction(one: Prediction, policies: set[AnyPolicy], classes: int) -> None:
    if set(one.policies) != policies:
        raise RecordError(
            f"predictions of {_shown(one.clip)}: policies {sorted(one.policies)}, elsewhere {sorted(policies)}"
        )
    for policy, given in one.policies.items():
        if max(given.predicted, one.truth) >= classes or len(given.scores) not in (0, classes):
            raise RecordError(f"predictions of {one.clip}, {policy}: does not fit {classes} classes")


def _check_confusion(one: SubjectConfusion, policies: set[AnyPolicy], classes: int) -> None:
    if set(one.confusion) != policies:
        raise RecordError(
            f"subjects, {_shown(one.subject)}: policies {sorted(one.confusion)}, elsewhere {sorted(policies)}"
        )
    if one.subject.count("/") != 1 or not one.clips:
        raise RecordError(f"subjects, {_shown(one.subject)}: wanted database/subject, with clips")
    matrices = list(one.confusion.values())
    if any([len(row) for row in matrix] != [classes] * classes for matrix in matrices):
        raise RecordError(f"subjects, {one.subject}: does not fit {classes} classes")
    if any([sum(row) for row in matrix] != [sum(row) for row in matrices[0]] for matrix in matrices):
        raise RecordError(f"subjects, {one.subject}: the policies differ in how many clips a class has")


def _canonical(record: Record, registry: Registry) -> Any:
    """The canonical clips of the record's dataset, or None where it is not installed or has no such list."""
    name = record.plan.dataset
    if name not in registry.datasets.names():
        return None
    spec = registry.datasets.get(name)
    _same("plan.classes", record.plan.classes, list(spec.scheme.classes))
    canonical = canonical_clips(spec)
    if canonical is not None:
        _same("plan.clips_total", record.plan.clips_total, len(canonical))
    return canonical


def _check_canonical(record: Record, table: Any, canonical: Any) -> None:
    """Clips and truth against the dataset's canonical list, where it has one."""
    if canonical is None:
        return
    truth = dict(zip(canonical["clip"], canonical["label"], strict=True))
    given = dict(zip(table["clip"], table["label"], strict=True))
    for clip, label in given.items():
        if truth.get(clip) != label:
            wanted = truth.get(clip, "no such clip")
            raise RecordError(f"predictions: {clip} has truth {label}, the list of {record.plan.dataset} says {wanted}")


def _check_folds(record: Record, table: Any, registry: Registry) -> list[str]:
    """The folds made again from the clips by the protocol, where every fold was run."""
    name = record.plan.protocol
    if record.plan.folds != "*":
        return [f"only folds {_printable(record.plan.folds)} were run: the folds were not made again"]
    if len(table) < record.plan.clips_total:
        return [f"{record.plan.clips_total - len(table)} clips are never tested: the folds were not made again"]
    if name not in registry.protocols.names():
        return [f"protocol {name} is not installed: the folds were not made again", *_told_split(record)]
    target = registry.protocols.get(name).splitter
    try:
        digest, owner = _same_folds(_pairs(table), target, registry.protocols.author(name, target))
    except ProtocolError as error:
        if shares_subjects(registry, name):  # published folds, in a file
            return [f"the folds were not made again: {error}"]
        raise RecordError(f"predictions: {error}") from error
    _same("plan.digests.folds", record.plan.digests.folds, digest)
    if record.subjects and record.plan.kind != "rescored":
        _same("folds", sorted(fold.name for fold in record.folds), sorted(set(owner.values())))
    for one in record.predictions:
        _same(f"fold of {one.clip}", one.fold, owner.get(one.clip))
    return []


def unlike(one: Record, other: Record) -> str:
    """How the predictions of two records of one id differ, as it completes "they have one id, but ..."; empty if they
    do not, or if one of them has no predictions to compare.
    """
    if one.subjects and other.subjects:
        return UNLIKE.format("subjects") if one.subjects != other.subjects else ""
    answers = [
        {row.clip: {policy: given.predicted for policy, given in row.policies.items()} for row in record.predictions}
        for record in (one, other)
    ]
    if not all(answers):
        return ""
    clips = sum(answers[0].get(clip) != answers[1].get(clip) for clip in answers[0].keys() | answers[1].keys())
    return UNLIKE.format(f"{clips} clips") if clips else ""


def split_subjects(record: Record) -> list[str]:
    """The subjects, by their clips' ids, that are tested in more than one fold, sorted.

    Such a subject may be trained on while its other clips are tested: only the protocol's own code can tell.
    """
    folds: dict[str, set[str]] = {}
    for one in record.predictions:
        folds.setdefault(one.subject, set()).add(one.fold)
    return sorted(subject for subject, tested in folds.items() if len(tested) > 1)


def _told_split(record: Record) -> list[str]:
    found = split_subjects(record)
    if not found:
        return []
    return [
        f"{len(found)} subjects are tested in several folds ({_shown(found[0])} first): nothing shows that no fold "
        "trains on the subjects that it tests, so the record is not ranked"
    ]


def _same(where: str, given: Any, wanted: Any) -> None:
    if given != wanted:
        raise RecordError(f"{where}: the record says {_shown(given)}, its own content gives {_shown(wanted)}")


def _shown(value: Any) -> str:
    """A value of a stranger's record in an error."""
    return _printable(str(value))


def _plain(scores: Any) -> Any:
    return {
        policy: {part: value and value.model_dump(mode="json") for part, value in parts.items()}
        for policy, parts in scores.items()
    }


def _same_scores(where: str, given: Any, wanted: Any) -> None:
    """Equal structure, equal text and counts, and figures equal to within `TOLERANCE`."""
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
