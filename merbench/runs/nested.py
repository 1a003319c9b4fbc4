"""Chooses a setting inside each training side: the record of a nested choice among runs that differ in settings alone.

In each fold every candidate is trained on a part of the training side, and predicts the other part. The candidate with
the best pooled UF1 there is taken, the first on a tie, and its run's predictions of the test side count. No label of a
test side is used.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from merbench.engine.policies import held_out_uf1
from merbench.errors import OptionError
from merbench.runs.changes import in_brief
from merbench.runs.environment import environment
from merbench.runs.schema import AnyPolicy, Candidate, FoldResult, Plan, Record
from merbench.runs.scoring import score_predictions, undefined_parts

__all__ = ["choose", "nested_plan", "nested_record"]

LISTED = 6  # candidates that a warning names
SHARED = ("clips", "labels", "folds")  # digests


def nested_plan(plans: Sequence[Plan]) -> Plan:
    """The plan of a choice among the runs of these plans, which differ in settings, options and variants alone.

    Raises:
        OptionError: they differ in anything else, such as their clips.
    """
    first = plans[0]
    if any(_rest(one) != _rest(first) for one in plans):
        raise OptionError(f"the candidates of {first.model} differ in more than settings, such as in their clips")
    settings, options = (_common([getattr(one, name) for one in plans]) for name in ("settings", "options"))
    candidates = [
        Candidate(
            settings=_without(one.settings, settings),
            options=_without(one.options, options),
            features=one.features,
            data_digest=one.digests.data,
        )
        for one in plans
    ]
    data = dict.fromkeys(one.digests.data for one in plans)
    joined = hashlib.sha256(" ".join(data).encode()).hexdigest() if len(data) > 1 else first.digests.data
    changed = {
        "candidates": candidates,
        "settings": settings,
        "options": options,
        "features": list(dict.fromkeys(feature for one in plans for feature in one.features)),
        "digests": first.digests.model_copy(update={"data": joined}),
        "code": {name: code for one in plans for name, code in one.code.items()},
    }
    return Plan(**{**{name: getattr(first, name) for name in Plan.model_fields}, **changed})


def choose(held: Sequence[Mapping[str, FoldResult]], policy: AnyPolicy) -> dict[str, int]:
    """The index of the candidate with the best held-out UF1 in each fold; the first on a tie.

    Args:
        held: of each candidate, the results of all folds on held-out training clips.
        policy: under which they are compared.
    """
    found = {}
    for name in held[0]:
        rows = [one[name].predictions for one in held]
        predicted = np.array([[row.policies[policy].predicted for row in of_one] for of_one in rows])
        found[name] = int(np.argmax(held_out_uf1(predicted, np.array([row.truth for row in rows[0]]))))
    return found


def nested_record(plan: Plan, records: Sequence[Record], chosen: Mapping[str, int], seconds: float) -> Record:
    """The record of a nested choice.

    Args:
        plan: from `nested_plan`.
        records: of the candidates, in the order of the plan.
        chosen: the candidate of each fold, by index.
        seconds: of the choice, without the runs of the candidates.
    """
    answers = [{one.clip: one for one in record.predictions} for record in records]
    summaries = [{one.name: one for one in record.folds} for record in records]
    predictions = [answers[chosen[one.fold]][one.clip] for one in records[0].predictions]
    folds = [
        summaries[chosen[one.name]][one.name].model_copy(update={"candidate": chosen[one.name]})
        for one in records[0].folds
    ]
    scores = score_predictions(predictions, plan.classes, plan.groups)
    taking_part = {one.distribution for one in plan.code.values()}
    seconds += sum(record.environment["seconds"] for record in records)
    timed = {
        "engine": records[0].environment["engine"],
        "seconds": round(seconds, 1),
        "resumed": any(record.environment.get("resumed") for record in records),
        **_machines(records),
    }
    noted = dict.fromkeys(warning for record in records for warning in record.warnings)
    return Record(
        id=plan.digest(),
        plan=plan,
        environment=environment(plan.device, taking_part, timed),
        predictions=predictions,
        scores=scores,
        folds=folds,
        warnings=list(dict.fromkeys([_told(plan, chosen), *noted, *undefined_parts(scores)])),
    )


def _machines(records: Sequence[Record]) -> dict[str, Any]:
    """The machines that executors chose for the candidates; their numbers of folds are those of all candidates."""
    counted: Counter[str] = Counter()
    for machine in (one for record in records for one in record.environment.get("machines", ())):
        counted[json.dumps({name: value for name, value in machine.items() if name != "folds"})] += machine["folds"]
    machines = [{**json.loads(text), "folds": folds} for text, folds in sorted(counted.items())]
    return {"machines": machines} if machines else {}


def _told(plan: Plan, chosen: Mapping[str, int]) -> str:
    """What was chosen, for readers of the record."""
    text = "settings were chosen in each fold, by UF1 on held-out training subjects"
    counted = Counter(chosen.values())
    names = [_named(one, plan) for one in plan.candidates or ()]
    if len(names) > LISTED:
        return f"{text}, among {len(names)} candidates"
    return f"{text}: " + "; ".join(f"{name} in {counted[place]}" for place, name in enumerate(names))


def _named(candidate: Candidate, plan: Plan) -> str:
    """What tells a candidate from the others: `C=0.1`, or a feature with its variant."""
    others = [one.features for one in plan.candidates or ()]
    variants = [one.split(" ")[0] for one in candidate.features if not all(one in seen for seen in others)]
    return ", ".join(filter(None, (in_brief({**candidate.settings, **candidate.options}), *variants)))


def _rest(plan: Plan) -> dict[str, Any]:
    """What the candidates share."""
    content = plan.model_dump(mode="json", exclude={"settings", "options", "features", "digests", "code"})
    return content | {name: getattr(plan.digests, name) for name in SHARED}


def _common(given: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in given[0].items() if all(name in one and one[name] == value for one in given)}


def _without(given: Mapping[str, Any], common: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in common}
