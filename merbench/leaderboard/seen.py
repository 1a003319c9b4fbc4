"""Where the data of a run come from: which raw features it saw, and of which sources."""

from __future__ import annotations

import re

from merbench.data.homes import dataset_homes
from merbench.plugin.registry import Registry
from merbench.runs.schema import Plan, Submission

__all__ = ["data_from"]

# `flow-28@tvl1 v2 (flow@tvl1 v1 (face v1 (frames, landmarks-68 v1 (frames))))`: a raw feature has no version.
RAW = re.compile(r"[^\s(),]+(?=[),]|$)")


def data_from(plan: Plan | Submission, registry: Registry) -> str:
    """The raw features that everything was computed from, and the sources that have them: `flow-28 of htnet-release`.

    A record does not name its sources. They follow from the dataset if only one of its homes provides the features; the
    dataset must be installed. Without that the features stand alone. Empty if the run saw no feature, or if predictions
    were handed in.
    """
    if not isinstance(plan, Plan):
        return ""
    raw = list(dict.fromkeys(name for one in plan.features for name in RAW.findall(one)))
    if not raw:
        return ""
    homes = dataset_homes(registry, plan.dataset) if plan.dataset in registry.datasets.names() else []
    fitting = [home for home in homes if home.provides.issuperset(raw)]
    sources = f" of {', '.join(fitting[0].sources)}" if len(fitting) == 1 else ""
    return f"{', '.join(raw)}{sources}"
