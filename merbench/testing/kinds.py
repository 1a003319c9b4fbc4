"""Which checks a spec has, and on which toys they run."""

from __future__ import annotations

from typing import Any

from merbench.errors import OptionError
from merbench.plugin.registry import Registry
from merbench.plugin.specs import EstimatorModel, Executor, Feature, FitModel, Protocol, Source, TorchModel
from merbench.testing.estimator_checks import ESTIMATOR_CHECKS
from merbench.testing.executors import EXECUTOR_CHECKS, ExecutorToys
from merbench.testing.features import FEATURE_CHECKS, FeatureToys
from merbench.testing.findings import Check
from merbench.testing.fit_checks import FIT_CHECKS
from merbench.testing.model_checks import MODEL_CHECKS
from merbench.testing.models import ModelToys
from merbench.testing.protocols import PROTOCOL_CHECKS, ProtocolToys
from merbench.testing.sources import SOURCE_CHECKS, SourceToys

__all__ = ["checks_of"]

Pair = tuple[Any, tuple[Check[Any], ...]]
WAYS = ("recipe", "shapes", "inputs", "clips", "root", "options")


def checks_of(spec: Any, registry: Registry, **how: Any) -> Pair:
    """The toys of a spec, and its checks.

    Args:
        spec: a model, feature, source, protocol or executor.
        registry: finds the shapes that features declare.
        how: any of `WAYS`; a kind of spec takes the ones that it knows.

    Raises:
        OptionError: the spec is of another kind, or the shape of a model's feature is not known.
        UnknownName: the model has no such recipe.
    """
    if unknown := sorted(set(how) - set(WAYS)):
        raise OptionError(f"checks take no argument {unknown[0]!r}; they take {', '.join(WAYS)}")

    def some(*names: str) -> dict[str, Any]:
        return {name: how[name] for name in names if name in how}

    if isinstance(spec, TorchModel):
        from merbench.testing.network_checks import NETWORK_CHECKS  # imports torch

        return ModelToys(spec, registry, **some("recipe", "shapes")), (*MODEL_CHECKS, *NETWORK_CHECKS)
    if isinstance(spec, EstimatorModel):
        return ModelToys(spec, registry, **some("recipe", "shapes")), (*MODEL_CHECKS, *ESTIMATOR_CHECKS)
    if isinstance(spec, FitModel):
        return ModelToys(spec, registry, **some("recipe", "shapes")), (*MODEL_CHECKS, *FIT_CHECKS)
    if isinstance(spec, Feature):
        return FeatureToys(spec, registry, **some("shapes", "inputs")), FEATURE_CHECKS
    if isinstance(spec, Protocol):
        return ProtocolToys(spec, **some("clips")), PROTOCOL_CHECKS
    if isinstance(spec, Source):
        return SourceToys(spec, **some("root")), SOURCE_CHECKS
    if isinstance(spec, Executor):
        return ExecutorToys(spec, **some("options")), EXECUTOR_CHECKS
    raise OptionError(f"there are no checks for {spec!r}: give a model, feature, source, protocol or executor")
