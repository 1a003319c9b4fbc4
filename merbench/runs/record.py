"""Reads records, and checks that they say what follows from their predictions."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from merbench.clips import clips_digest, labels_digest
from merbench.errors import MerbenchError, RecordError, printable
from merbench.protocols import Splitter, folds_digest
from merbench.registry import Registry, load_target
from merbench.runs.schema import SCHEMA, Record
from merbench.runs.scoring import clips_of, score_predictions

__all__ = ["check_scores", "read_record", "verify"]

MAX_DEPTH = 20  # a record needs eight; far below where Python's or pydantic's own recursion ends
SHOWN = 120  # characters of a value in an error
TOLERANCE = 1e-9  # the order of summation may differ between machines; a clip more or less moves a score by 1e-4


def read_record(path: Path) -> Record:
    """A record file, checked against the schema.

    Raises:
        RecordError: it cannot be read, is not JSON, is of another schema version, or has missing or strange fields.
    """
    try:
        content = json.loads(path.read_text("utf-8"), parse_constant=_no_constant, parse_float=_finite)
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path} is not JSON: {error}") from error
    found = content.get("schema") if isinstance(content, dict) else None
    if found != SCHEMA:
        raise RecordError(f"{path} is a record of schema {_shown(found)}; this merbench reads schema {SCHEMA}")
    if _deeper(content, MAX_DEPTH):
        raise RecordError(f"{path} is not a valid record: it is nested more than {MAX_DEPTH} levels deep")
    try:
        record = Record.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RecordError(f"{path} is not a valid record: {_printable(where)}: {first['msg']}") from error
    try:
        _check_policies(record)
    except RecordError as error:
        raise RecordError(f"{path} is not a valid record: {error}") from error
    return record


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
        What could not be checked here (a protocol or dataset that is not installed), as sentences.

    Raises:
        RecordError: the first difference.
    """
    plan, table = record.plan, _table(record)
    _same("id", record.id, plan.digest())
    _same("plan.digests.clips", plan.digests.clips, clips_digest(table))
    _same("plan.digests.labels", plan.digests.labels, labels_digest(table))
    _check_fold_names(record)
    unchecked = _check_canonical(record, table, registry) + _check_folds(record, table, registry)
    check_scores(record)
    return unchecked


def check_scores(record: Record) -> None:
    """Recomputes the scores from the predictions.

    Raises:
        RecordError: the first difference.
    """
    recomputed = score_predictions(record.predictions, record.plan.classes)
    _same_scores("scores", _plain(record.scores), _plain(recomputed))


def _table(record: Record) -> Any:
    try:
        return clips_of(record.predictions)
    except MerbenchError as error:
        raise RecordError(f"predictions: {error}") from error


def _check_fold_names(record: Record) -> None:
    """The folds listed are those of the predictions, each once."""
    listed = [fold.name for fold in record.folds]
    _same("folds", sorted(listed), sorted({one.fold for one in record.predictions}))


def _check_policies(record: Record) -> None:
    """Every prediction has the same policies, and classes that there are; scores are of those policies and one set of
    parts, and the policy asked for is among them.
    """
    classes, policies = len(record.plan.classes), set(record.predictions[0].policies)
    if set(record.scores) != policies:
        raise RecordError(f"scores of policies {sorted(record.scores)}, predictions of {sorted(policies)}")
    if record.plan.epoch_policy not in policies:
        raise RecordError(f"no predictions under {record.plan.epoch_policy}, the policy asked for")
    for policy, parts in record.scores.items():
        if "full" not in parts or set(parts) != set(next(iter(record.scores.values()))):
            raise RecordError(f"scores.{policy}: parts {sorted(parts)}; each policy has the same, and full")
    for one in record.predictions:
        if set(one.policies) != policies:
            raise RecordError(
                f"predictions of {one.clip}: policies {sorted(one.policies)}, elsewhere {sorted(policies)}"
            )
        for policy, given in one.policies.items():
            if max(given.predicted, one.truth) >= classes or len(given.scores) != classes:
                raise RecordError(f"predictions of {one.clip}, {policy}: does not fit {classes} classes")


def _check_canonical(record: Record, table: Any, registry: Registry) -> list[str]:
    """Classes, clips and truth against the dataset's canonical list, where it has one."""
    name = record.plan.dataset
    if name not in registry.datasets.names():
        return [f"dataset {name} is not installed: its clips were not compared"]
    spec = registry.datasets.get(name)
    _same("plan.classes", record.plan.classes, list(spec.scheme.classes))
    if not spec.clip_list:
        return []
    canonical = load_target(spec.clip_list, owner=f"dataset {name}")()
    canonical = canonical[canonical["database"].isin(spec.databases)]
    _same("plan.clips_total", record.plan.clips_total, len(canonical))
    truth = dict(zip(canonical["clip"], canonical["label"], strict=True))
    given = dict(zip(table["clip"], table["label"], strict=True))
    for clip in [*(truth if record.plan.folds == "*" else ()), *given]:
        if truth.get(clip) != given.get(clip):
            found, wanted = given.get(clip, "missing"), truth.get(clip, "no such clip")
            raise RecordError(f"predictions: {clip} has truth {found}, the list of {name} says {wanted}")
    return []


def _check_folds(record: Record, table: Any, registry: Registry) -> list[str]:
    """The folds made again from the clips by the protocol, where every fold was run."""
    name = record.plan.protocol
    if record.plan.folds != "*":
        return [f"only folds {_printable(record.plan.folds)} were run: the folds were not made again"]
    if len(table) < record.plan.clips_total:
        return [f"{record.plan.clips_total - len(table)} clips are never tested: the folds were not made again"]
    if name not in registry.protocols.names():
        return [f"protocol {name} is not installed: the folds were not made again"]
    splitter = load_target(registry.protocols.get(name).splitter, owner=f"protocol {name}", base=Splitter)()
    folds = splitter.folds(table)
    _same("plan.digests.folds", record.plan.digests.folds, folds_digest(table, folds))
    owner = {table["clip"].iloc[position]: fold.name for fold in folds for position in fold.test}
    for one in record.predictions:
        _same(f"fold of {one.clip}", one.fold, owner.get(one.clip))
    return []


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
