"""Makes the record of a run from its finished folds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from merbench.runs.environment import MACHINE
from merbench.runs.schema import FoldResult, Plan, Record
from merbench.runs.scoring import score_predictions, undefined_parts

__all__ = ["make_record"]


def make_record(
    plan: Plan,
    results: Sequence[FoldResult],
    clips: Sequence[str],
    warnings: Sequence[str],
    environment: Mapping[str, Any],
) -> Record:
    """The record of a run.

    Args:
        plan: of the run.
        results: of every fold of the plan, in the order of the folds.
        clips: ids of all clips that may be tested, in the order of the record.
        warnings: notes for readers of the record; those that follow from the results are added.
        environment: the machine, the software and the times; the machines that an executor or a shard chose are added.
    """
    order = {clip: index for index, clip in enumerate(clips)}
    predictions = sorted((one for result in results for one in result.predictions), key=lambda one: order[one.clip])
    scores = score_predictions(predictions, plan.classes, plan.groups)
    return Record(
        id=plan.digest(),
        plan=plan,
        environment={**environment, **_machines(results, environment)},
        predictions=predictions,
        scores=scores,
        folds=[result.summary for result in results],
        warnings=[*warnings, *_noted(results), *undefined_parts(scores)],
    )


def _machines(results: Sequence[FoldResult], environment: Mapping[str, Any]) -> dict[str, Any]:
    """The machines of the folds, each with its number of folds; nothing if no fold names its machine.

    A fold that names none was computed where the run was started.
    """
    here = {name: environment[name] for name in MACHINE}
    counted = Counter(json.dumps(result.machine or here, sort_keys=True) for result in results)
    machines = [{**json.loads(text), "folds": folds} for text, folds in sorted(counted.items())]
    return {"machines": machines} if any(result.machine for result in results) else {}


def _noted(results: Sequence[FoldResult]) -> list[str]:
    """The notes on folds, each with the number of folds that it applies to."""
    counted = Counter(result.note for result in results if result.note)
    return [f"{note} (in {folds} of {len(results)} folds)" for note, folds in counted.items()]
