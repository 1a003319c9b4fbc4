"""The checks of the conformance kit, as their docstrings tell them."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from docs.generate.markdown import table
from merbench.testing.estimator_checks import ESTIMATOR_CHECKS
from merbench.testing.executors import EXECUTOR_CHECKS
from merbench.testing.features import FEATURE_CHECKS
from merbench.testing.findings import name_of
from merbench.testing.fit_checks import FIT_CHECKS
from merbench.testing.model_checks import MODEL_CHECKS
from merbench.testing.network_checks import NETWORK_CHECKS
from merbench.testing.plugins import PLUGIN_CHECKS
from merbench.testing.protocols import PROTOCOL_CHECKS
from merbench.testing.sources import SOURCE_CHECKS

__all__ = ["checks"]

CHECKS: dict[str, Sequence[Any]] = {
    "A plugin's module": PLUGIN_CHECKS,
    "Every model": MODEL_CHECKS,
    "A network": NETWORK_CHECKS,
    "An estimator": ESTIMATOR_CHECKS,
    "A fit": FIT_CHECKS,
    "A feature": FEATURE_CHECKS,
    "A source": SOURCE_CHECKS,
    "A protocol": PROTOCOL_CHECKS,
    "An executor": EXECUTOR_CHECKS,
}


def checks() -> str:
    """A table of names and rules for each kind of spec."""
    parts = []
    for heading, some in CHECKS.items():
        rows = [[f"`{name_of(one)}`", " ".join((inspect.getdoc(one) or "").split())] for one in some]
        parts.append(f"### {heading}\n\n{table(['check', 'rule'], rows)}")
    return "\n\n".join(parts)
