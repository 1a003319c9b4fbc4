"""Reads records: whatever is in a file, it is a valid record or an error of one line."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from merbench.errors import RecordError, printable
from merbench.files import read_bounded
from merbench.runs.schema import READABLE, AnyPolicy, PolicyPrediction, Prediction, Record, SubjectConfusion
from merbench.runs.scoring import count
from merbench.runs.seal import is_sealed

__all__ = ["MOST_BYTES", "read_record", "shown", "split_subjects", "unlike"]

MAX_DEPTH = 20  # a record needs eight; far below where Python's or pydantic's own recursion ends
MOST_SUBJECTS = 5000  # far more than the field has; the bootstrap draws as many, ten thousand times
MOST_BYTES = 64 * 2**20  # of a file; the composite's have a fifth of one MiB
SHOWN = 120  # characters of a value in an error
ROUNDED = 1e-6  # to this a record's class scores are rounded
UNLIKE = "they differ in the predictions of {}: the model does not give the same result twice"


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
        raise RecordError(f"{path} is a record of schema {shown(found)}; this merbench reads schemas {known}")
    plan = content.get("plan")
    # What the schema leaves open; of all else it says how deep it is.
    free = [content.get("environment"), *(plan.get(name) for name in ("settings", "options") if isinstance(plan, dict))]
    if _deeper(free, MAX_DEPTH):
        raise RecordError(f"{path} is not a valid record: it is nested more than {MAX_DEPTH} levels deep")
    if found > 1 and not _take_seal(content):
        raise RecordError(
            f"{path} was changed after it was written: its digest does not fit; get it again from where it came"
        )
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
        raise RecordError(f"{shown(next(name for name in names if names.count(name) > 1))} stands twice")
    if record.clips > record.plan.clips_total:
        raise RecordError(f"{record.clips} clips were predicted, and plan.clips_total is {record.plan.clips_total}")
    subjects = {one.subject for one in record.predictions}
    if max(len(subjects), len(record.subjects)) > MOST_SUBJECTS:
        raise RecordError(f"more than {MOST_SUBJECTS} subjects")


def _check_prediction(one: Prediction, policies: set[AnyPolicy], classes: int) -> None:
    if set(one.policies) != policies:
        raise RecordError(
            f"predictions of {shown(one.clip)}: policies {sorted(one.policies)}, elsewhere {sorted(policies)}"
        )
    for policy, given in one.policies.items():
        if max(given.predicted, one.truth) >= classes or len(given.scores) not in (0, classes):
            raise RecordError(f"predictions of {one.clip}, {policy}: does not fit {classes} classes")
        if _contradicts(given):
            raise RecordError(f"predictions of {one.clip}, {policy}: another class than the predicted one is likelier")


def _contradicts(given: PolicyPrediction) -> bool:
    """Whether the scores are probabilities, and another class than the predicted one has a greater one, ties aside.

    Decision values may: scikit-learn's SVC predicts by the votes of pairs of classes.
    """
    scores = given.scores
    if not scores or min(scores) < 0 or abs(sum(scores) - 1) > ROUNDED * len(scores):
        return False
    return scores[given.predicted] < max(scores) - 2 * ROUNDED


def _check_confusion(one: SubjectConfusion, policies: set[AnyPolicy], classes: int) -> None:
    if set(one.confusion) != policies:
        raise RecordError(
            f"subjects, {shown(one.subject)}: policies {sorted(one.confusion)}, elsewhere {sorted(policies)}"
        )
    if one.subject.count("/") != 1 or not one.clips:
        raise RecordError(f"subjects, {shown(one.subject)}: wanted database/subject, with clips")
    matrices = list(one.confusion.values())
    if any([len(row) for row in matrix] != [classes] * classes for matrix in matrices):
        raise RecordError(f"subjects, {one.subject}: does not fit {classes} classes")
    if any([sum(row) for row in matrix] != [sum(row) for row in matrices[0]] for matrix in matrices):
        raise RecordError(f"subjects, {one.subject}: the policies differ in how many clips a class has")


def shown(value: Any) -> str:
    """A value of a stranger's record in an error."""
    return _printable(str(value))


def _printable(text: str) -> str:
    """A stranger's text on one line, shortened."""
    escaped = printable(text)
    return escaped if len(escaped) <= SHOWN else f"{escaped[:SHOWN]}…"


def unlike(one: Record, other: Record) -> str:
    """How the predictions of two records of one id differ, as it completes "they have one id, but ..."; empty if they
    do not. Where one of them has counts alone, the counts are compared.
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
    return {"subjects": counts.subjects} | {policy: table.tolist() for policy, table in counts.confusions.items()}


def split_subjects(record: Record) -> list[str]:
    """The subjects, by their clips' ids, that are tested in more than one fold, sorted.

    Such a subject may be trained on while its other clips are tested: only the protocol's own code can tell.
    """
    folds: dict[str, set[str]] = {}
    for one in record.predictions:
        folds.setdefault(one.subject, set()).add(one.fold)
    return sorted(subject for subject, tested in folds.items() if len(tested) > 1)
