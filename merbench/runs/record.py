"""Reads and checks records: any file gives a valid record or a one-line error."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from merbench.data.people import person
from merbench.errors import RecordError, printable
from merbench.files import read_bounded
from merbench.plugin.registry import Registry
from merbench.runs.schema import READABLE, AnyPolicy, PolicyPrediction, Prediction, Record, SubjectConfusion
from merbench.runs.scoring import count
from merbench.runs.seal import is_sealed

__all__ = [
    "MOST_BYTES",
    "parse_record",
    "read_record",
    "record_bytes",
    "shown",
    "split_subjects",
    "under_current_names",
    "unlike",
]

MAX_DEPTH = 20  # a record needs 8; far below the recursion limits of Python and pydantic
MOST_SUBJECTS = 5000  # far more than the field has; the bootstrap draws this many subjects ten thousand times
MOST_BYTES = 64 * 2**20  # of a file; records of the composite have a fifth of one MiB
SHOWN = 120  # characters of a value in an error
ROUNDED = 1e-6  # precision of the class scores in a record
FREE = ("settings", "options", "candidates")  # fields of a plan that may hold anything
UNLIKE = "their predictions differ for {}: the model does not give the same result twice"


def read_record(path: Path) -> Record:
    """Read a record file, and check it against the schema.

    Raises:
        RecordError: the file cannot be read, is not JSON, has an unknown schema version, or has missing, unknown or
            invalid fields.
    """
    return parse_record(record_bytes(path), path)


def record_bytes(path: Path) -> bytes:
    """The content of a record file.

    Raises:
        RecordError: the file cannot be read, or is too large.
    """
    try:
        return read_bounded(path, MOST_BYTES)
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}") from error


def parse_record(text: bytes, path: Path) -> Record:
    """The record that a file contains; raises the errors of `read_record`, which name `path`."""
    try:
        content = json.loads(text.decode("utf-8"), parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path} is not JSON: {error}") from error
    found = content.get("schema") if isinstance(content, dict) else None
    if type(found) is not int or found not in READABLE:
        known = ", ".join(map(str, READABLE[:-1])) + f" and {READABLE[-1]}"
        raise RecordError(f"{path} is a record of schema {shown(found)}; this merbench reads schemas {known}")
    plan = content.get("plan")
    # The free-form fields; the schema limits the depth of all others.
    free = [content.get("environment"), *(plan.get(name) for name in FREE if isinstance(plan, dict))]
    if _deeper(free, MAX_DEPTH):
        raise RecordError(f"{path} is not a valid record: it is nested more than {MAX_DEPTH} levels deep")
    if found > 1 and not _take_seal(content):
        raise RecordError(f"{path} was changed after it was written: its digest does not match; get a new copy")
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


def _take_seal(content: dict[str, Any]) -> bool:
    """Remove the digest from a record, and return whether the digest matches the rest."""
    try:
        return is_sealed(content)
    except RecursionError:  # the schema has no field that is nested this deep, and reports it
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
    """Whether lists and objects are nested deeper than `levels`; walks level by level, without recursion."""
    level = [content]
    for _ in range(levels + 1):
        level = [one for parent in level for one in _children(parent)]
    return bool(level)


def _children(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def _check_policies(record: Record) -> None:
    """Check that all rows have the same policies and valid classes, and that the scores and the plan fit them."""
    policies = set(record.predictions[0].policies if record.predictions else record.subjects[0].confusion)
    if set(record.scores) != policies:
        raise RecordError(f"scores have policies {sorted(record.scores)}, but predictions have {sorted(policies)}")
    if record.plan.epoch_policy not in policies:
        raise RecordError(f"predictions lack the policy {record.plan.epoch_policy}, which plan.epoch_policy names")
    if "last" not in policies and record.plan.kind != "rescored":
        raise RecordError("predictions lack the policy last, which every run has")
    if "submitted" in policies and (record.plan.kind != "rescored" or len(policies) > 1):
        raise RecordError("predictions must be submitted or come from a run, not both")
    for policy, parts in record.scores.items():
        if "full" not in parts or set(parts) != set(next(iter(record.scores.values()))):
            raise RecordError(f"scores.{policy} has parts {sorted(parts)}; all policies need the same parts, with full")
    for one in record.predictions:
        _check_prediction(one, policies, len(record.plan.classes))
    for row in record.subjects:
        _check_confusion(row, policies, len(record.plan.classes))
    names = [one.clip for one in record.predictions] + [one.subject for one in record.subjects]
    if len(set(names)) < len(names):
        raise RecordError(f"{shown(next(name for name in names if names.count(name) > 1))} is listed twice")
    if record.clips > record.plan.clips_total:
        raise RecordError(f"{record.clips} clips were predicted, but plan.clips_total is {record.plan.clips_total}")
    subjects = {one.subject for one in record.predictions}
    if max(len(subjects), len(record.subjects)) > MOST_SUBJECTS:
        raise RecordError(f"more than {MOST_SUBJECTS} subjects")


def _check_prediction(one: Prediction, policies: set[AnyPolicy], classes: int) -> None:
    if set(one.policies) != policies:
        raise RecordError(
            f"predictions of {shown(one.clip)}: policies {sorted(one.policies)}, other clips have {sorted(policies)}"
        )
    for policy, given in one.policies.items():
        if max(given.predicted, one.truth) >= classes or len(given.scores) not in (0, classes):
            raise RecordError(f"predictions of {one.clip}, {policy}: does not fit {classes} classes")
        if _contradicts(given):
            raise RecordError(f"predictions of {one.clip}, {policy}: a class that was not predicted is likelier")


def _contradicts(given: PolicyPrediction) -> bool:
    """Whether the scores are probabilities, and a class that was not predicted is likelier; ties do not count.

    Decision values may contradict the prediction: scikit-learn's SVC predicts by the votes of pairs of classes.
    """
    scores = given.scores
    if not scores or min(scores) < 0 or abs(sum(scores) - 1) > ROUNDED * len(scores):
        return False
    return scores[given.predicted] < max(scores) - 2 * ROUNDED


def _check_confusion(one: SubjectConfusion, policies: set[AnyPolicy], classes: int) -> None:
    if set(one.confusion) != policies:
        raise RecordError(
            f"subjects, {shown(one.subject)}: policies {sorted(one.confusion)}, other subjects have {sorted(policies)}"
        )
    if one.subject.count("/") != 1 or not one.clips:
        raise RecordError(f"subjects, {shown(one.subject)}: must be database/subject, with clips")
    matrices = list(one.confusion.values())
    if any([len(row) for row in matrix] != [classes] * classes for matrix in matrices):
        raise RecordError(f"subjects, {one.subject}: does not fit {classes} classes")
    if any([sum(row) for row in matrix] != [sum(row) for row in matrices[0]] for matrix in matrices):
        raise RecordError(f"subjects, {one.subject}: the policies differ in the number of clips of a class")


def under_current_names(record: Record, registry: Registry) -> Record:
    """The record as it is shown: a protocol that was renamed since has its current name."""
    protocol = registry.protocols.current(record.plan.protocol)
    return record.model_copy(update={"plan": record.plan.model_copy(update={"protocol": protocol})})


def shown(value: Any) -> str:
    """Show a value of a foreign record in an error."""
    return _printable(str(value))


def _printable(text: str) -> str:
    """Shorten foreign text to one printable line."""
    escaped = printable(text)
    return escaped if len(escaped) <= SHOWN else f"{escaped[:SHOWN]}…"


def unlike(one: Record, other: Record) -> str:
    """Say how the predictions of two records with the same id differ, completing "..., but"; empty if they agree.

    If one of the records has only counts, the counts are compared.
    """
    if one.subjects or other.subjects:
        return "" if _counts(one) == _counts(other) else UNLIKE.format("subjects")
    answers = [
        {row.clip: {policy: given.predicted for policy, given in row.policies.items()} for row in record.predictions}
        for record in (one, other)
    ]
    clips = sum(answers[0].get(clip) != answers[1].get(clip) for clip in answers[0].keys() | answers[1].keys())
    return UNLIKE.format(f"{clips} clips") if clips else ""


def _counts(record: Record) -> dict[str, Any]:
    counts = count(record)
    return {"rows": counts.rows} | {policy: table.tolist() for policy, table in counts.cells.items()}


def split_subjects(record: Record) -> list[str]:
    """Return the subjects that are tested in more than one fold, sorted. Clip ids and `same_people` name the subjects.

    A fold may train on such a subject while it tests other clips of the subject; only the protocol's code can tell.
    """
    folds: dict[str, set[str]] = {}
    for one in record.predictions:
        folds.setdefault(person(one.subject, record.plan.groups), set()).add(one.fold)
    return sorted(subject for subject, tested in folds.items() if len(tested) > 1)
