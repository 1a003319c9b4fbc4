"""Makes one record of the shards of a run."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from merbench.errors import OutputError, RecordError, and_more
from merbench.files import replacing
from merbench.runs.kept import weights_file
from merbench.runs.outcome import make_record
from merbench.runs.record import parse_record, shown
from merbench.runs.schema import FoldResult, Plan, Record
from merbench.runs.shards import AGAIN, FinishedShard, ShardNote, read_shards
from merbench.runs.store import RunFolder
from merbench.runs.submissions import keep
from merbench.runs.verify import check_digests

__all__ = ["merge", "missing_folds"]

NAMED = 3  # folds and shards that an error names


def merge(paths: Iterable[Path], out: Path) -> tuple[Record, Path]:
    """Copy the finished folds of all shards into one folder of a run, and write its record.

    The data and the model are not needed. Shards may overlap if they give the same predictions.

    Args:
        paths: folders of runs with shards, see `read_shards`; the order does not matter.
        out: folder of results, in which the run gets its own folder.

    Returns:
        The record, and the path of its file.

    Raises:
        RecordError: a folder has no shard, a file was changed, folds are missing, or shards do not fit together.
        OutputError: the folder cannot be written, or has another record.
    """
    shards = sorted((one for path in paths for one in read_shards(path)), key=_order)
    _check_same_run(shards)
    results = _results(shards)
    if missing := missing_folds(shards):
        names = and_more(list(map(shown, missing)), NAMED)
        of = len(shards[0].note.all_folds)
        raise RecordError(f"{len(missing)} of {of} folds are missing ({names}){_absent(shards)}")

    plan, note = shards[0].plan, shards[0].note
    target = RunFolder(out, plan)
    record = _record(plan, [results[name] for name in note.all_folds], shards, target.record)
    if not target.has_record():
        _copy(shards, results, target)
    return keep(record, target.record), target.record


def missing_folds(shards: Sequence[FinishedShard]) -> list[str]:
    """The folds of the run that belong to none of its shards, in their order."""
    have = {name for one in shards for name in one.note.folds}
    return [name for name in shards[0].note.all_folds if name not in have]


def _order(one: FinishedShard) -> tuple[Any, ...]:
    return one.note.shard, one.note.environment.finished, str(one.folder.path)


def _check_same_run(shards: Sequence[FinishedShard]) -> None:
    first, *others = shards
    for one in others:
        if one.folder.id != first.folder.id:
            differ = [name for name in Plan.model_fields if getattr(one.plan, name) != getattr(first.plan, name)]
            raise RecordError(f"{first} and {one} come from different plans: they differ in {', '.join(differ)}")
        for name, version in first.note.software.items():
            if (other := one.note.software.get(name)) != version:
                raise RecordError(
                    f"{first} was computed with {name} {shown(version)}, but {one} with {shown(other)}; "
                    "use the same on all machines, and compute one of them again"
                )
        if (one.note.all_folds, one.note.clips) != (first.note.all_folds, first.note.clips):
            raise RecordError(f"{first} and {one} list different folds or clips; compute one of them again")


def _results(shards: Sequence[FinishedShard]) -> dict[str, FoldResult]:
    """Every finished fold; folds of several shards are compared."""
    found: dict[str, tuple[FinishedShard, FoldResult]] = {}
    for one in shards:
        for name in one.note.folds:
            result = _fold(one, name)
            first, other = found.setdefault(name, (one, result))
            if _answers(other) != _answers(result):
                raise RecordError(f"{first} and {one} differ in fold {shown(name)}; compute one of them again")
    _check_grouping(found.values())
    return {name: result for name, (_, result) in found.items()}


def _fold(shard: FinishedShard, name: str) -> FoldResult:
    result = shard.folder.finished("folds", name)
    if result is None or not {one.clip for one in result.predictions} <= set(shard.note.clips):
        raise RecordError(f"fold {shown(name)} of {shard} is missing or was changed; {AGAIN}")
    return result


def _answers(result: FoldResult) -> dict[str, Any]:
    """What two computations of a fold must have in common."""
    return result.model_dump(exclude={"machine": True, "note": True, "summary": {"seconds"}})


def _check_grouping(found: Iterable[tuple[FinishedShard, FoldResult]]) -> None:
    """Check that all folds were grouped alike, as in a single run: other groups may give other last digits."""
    by_grouping = {result.grouping: (shard, result) for shard, result in found}
    if len(by_grouping) > 1:
        (one, first), (other, second), *_ = by_grouping.values()
        raise RecordError(
            f"{one} was computed as '{shown(first.grouping)}', but {other} as '{shown(second.grouping)}', so the last "
            "digits may differ; compute one of them again, on a machine like that of the other"
        )


def _absent(shards: Sequence[FinishedShard]) -> str:
    """Which shards would complete the run, if all shards divide it alike."""
    numbers, counts = ({getattr(one.note, name) for one in shards} for name in ("number", "count"))
    absent = [f"{number}/{count}" for count in counts for number in range(1, count + 1) if number not in numbers]
    if len(counts) > 1 or not absent:
        return "; add the shards that have them"
    return f"; add shard {and_more(absent, NAMED)}"


def _record(plan: Plan, results: list[FoldResult], shards: Sequence[FinishedShard], path: Path) -> Record:
    _check_predictions(plan, results)
    notes = [one.note for one in shards]
    warnings = list(dict.fromkeys(warning for note in notes for warning in note.warnings))
    record = make_record(plan, results, notes[0].clips, warnings, _environment(notes))
    check_digests(record)
    return parse_record(record.to_json().encode(), path)


def _check_predictions(plan: Plan, results: Sequence[FoldResult]) -> None:
    """Check what scoring takes for granted."""
    rows = [one for result in results for one in result.predictions]
    policies = {frozenset(one.policies) for one in rows}
    classes = {one.truth for one in rows} | {each.predicted for one in rows for each in one.policies.values()}
    if len(policies) != 1 or max(classes) >= len(plan.classes):
        raise RecordError("the predictions of the shards do not fit the plan; compute the shards again")


def _environment(notes: Sequence[ShardNote]) -> dict[str, Any]:
    """The environment of the first shard, with the time of all shards and the highest peak of memory."""
    each = [note.environment for note in notes]
    total = {
        "finished": max(one.finished for one in each),
        "peak_memory_bytes": max(one.peak_memory_bytes for one in each),
        "seconds": round(sum(one.seconds for one in each), 1),
        "resumed": any(one.resumed for one in each),
    }
    return each[0].model_dump(mode="json") | total


def _copy(shards: Sequence[FinishedShard], results: dict[str, FoldResult], target: RunFolder) -> None:
    target.open(shards[0].plan)
    if grouping := shards[0].folder.kept_grouping():
        target.keep_grouping(grouping)
    for one in shards:
        if one.folder.path.resolve() != target.path.resolve():
            for name in one.note.folds:
                _copy_weights(one.folder, target, name)
                target.finish("folds", results[name])


def _copy_weights(source: RunFolder, target: RunFolder, fold: str) -> None:
    path, copy = (weights_file(folder.path, fold) for folder in (source, target))
    if not path.is_file():
        return
    try:
        with path.open("rb") as file, replacing(copy) as written:
            shutil.copyfileobj(file, written)
    except OSError as error:
        raise OutputError(f"cannot write {copy}: {error.strerror}; choose another place with --out") from error
