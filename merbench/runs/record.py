"""Reads records, and checks that they say what follows from their predictions."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from merbench.clips import clips_digest, labels_digest
from merbench.errors import MerbenchError, RecordError
from merbench.protocols import Splitter, folds_digest
from merbench.registry import Registry, load_target
from merbench.runs.schema import SCHEMA, Record
from merbench.runs.scoring import clips_of, score_predictions

__all__ = ["read_record", "verify"]

TOLERANCE = 1e-9  # the order of summation may differ between machines; a clip more or less moves a score by 1e-4


def read_record(path: Path) -> Record:
    """A record file, checked against the schema.

    Raises:
        RecordError: it cannot be read, is not JSON, is of another schema version, or has missing or strange fields.
    """
    try:
        content = json.loads(path.read_text("utf-8"), parse_constant=_no_constant)
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path} is not JSON: {error}") from error
    found = content.get("schema") if isinstance(content, dict) else None
    if found != SCHEMA:
        raise RecordError(f"{path} is a record of schema {found!r}; this merbench reads schema {SCHEMA}")
    try:
        return Record.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RecordError(f"{path} is not a valid record: {where}: {first['msg']}") from error


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def verify(record: Record, registry: Registry) -> list[str]:
    """Recomputes digests, folds and scores from the predictions.

    Returns:
        What could not be checked here (a protocol or dataset that is not installed), as sentences.

    Raises:
        RecordError: the first difference.
    """
    plan, table = record.plan, _table(record)
    _same("id", record.id, plan.digest())
    _same("plan.digests.clips", plan.digests.clips, clips_digest(table))
    _same("plan.digests.labels", plan.digests.labels, labels_digest(table))
    unchecked = _check_canonical(record, table, registry) + _check_folds(record, table, registry)
    _check_classes(record)
    recomputed = score_predictions(record.predictions, plan.classes)
    _same_scores("scores", _plain(record.scores), _plain(recomputed))
    return unchecked


def _table(record: Record) -> Any:
    try:
        return clips_of(record.predictions)
    except MerbenchError as error:
        raise RecordError(f"predictions: {error}") from error


def _check_classes(record: Record) -> None:
    """Every prediction has the same policies, and classes that there are."""
    classes, policies = len(record.plan.classes), set(record.predictions[0].policies)
    for one in record.predictions:
        if set(one.policies) != policies:
            raise RecordError(
                f"predictions of {one.clip}: policies {sorted(one.policies)}, elsewhere {sorted(policies)}"
            )
        for policy, given in one.policies.items():
            if max(given.predicted, one.truth) >= classes or len(given.scores) != classes:
                raise RecordError(f"predictions of {one.clip}, {policy}: does not fit {classes} classes")


def _check_canonical(record: Record, table: Any, registry: Registry) -> list[str]:
    """Clips and truth against the dataset's canonical list, where it has one and every fold was run."""
    name = record.plan.dataset
    if name not in registry.datasets.names():
        return [f"dataset {name} is not installed: its clips were not compared"]
    spec = registry.datasets.get(name)
    if not spec.clip_list or record.plan.folds != "*":
        return []
    canonical = load_target(spec.clip_list, owner=f"dataset {name}")()
    truth = dict(zip(canonical["clip"], canonical["label"], strict=True))
    given = dict(zip(table["clip"], table["label"], strict=True))
    for clip in [*truth, *given]:
        if truth.get(clip) != given.get(clip):
            found, wanted = given.get(clip, "missing"), truth.get(clip, "no such clip")
            raise RecordError(f"predictions: {clip} has truth {found}, the list of {name} says {wanted}")
    return []


def _check_folds(record: Record, table: Any, registry: Registry) -> list[str]:
    """The folds made again from the clips by the protocol, where every fold was run."""
    name = record.plan.protocol
    if record.plan.folds != "*":
        return [f"only folds {record.plan.folds} were run: the folds were not made again"]
    if name not in registry.protocols.names():
        return [f"protocol {name} is not installed: the folds were not made again"]
    splitter = load_target(registry.protocols.get(name).splitter, owner=f"protocol {name}", base=Splitter)()
    folds = splitter.folds(table)
    _same("plan.digests.folds", record.plan.digests.folds, folds_digest(table, folds))
    owner = {table["clip"].iloc[position]: fold.name for fold in folds for position in fold.test}
    for one in record.predictions:
        _same(f"fold of {one.clip}", one.fold, owner[one.clip])
    return []


def _same(where: str, given: Any, wanted: Any) -> None:
    if given != wanted:
        raise RecordError(f"{where}: the record says {given}, its own content gives {wanted}")


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
