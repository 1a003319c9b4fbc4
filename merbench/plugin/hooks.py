"""The hooks of a plugin. A plugin is a module; each hook is a function in it, marked `@merbench.hookimpl`.

The smallest model plugin:

    import merbench

    @merbench.hookimpl
    def merbench_models():
        yield merbench.TorchModel(
            name="my-net",
            network="my_package.net:MyNet",
            features=("flow-28",),
            recipes={"published": merbench.Recipe(optimizer="adam", lr=1e-4, batch_size=64, epochs=100)},
        )

and, in its pyproject.toml:

    [project.entry-points.merbench]
    my-net = "my_package"

Every hook is called once, without arguments, when the plugin is loaded, and returns an iterable of specs. A module with
hooks must not import torch, cv2 or scikit-learn: a spec names such code as "module:attribute".
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from merbench.plugin.specs import Dataset, Executor, Feature, Model, ModelFamily, Protocol, Source

__all__ = ["NAMESPACE", "hookimpl", "hookspec"]

NAMESPACE = "merbench"  # of the marker, the manager, the entry-point group and the hook prefix

ModelOrFamily = Model | ModelFamily

hookspec = pluggy.HookspecMarker(NAMESPACE)
hookimpl = pluggy.HookimplMarker(NAMESPACE)


@hookspec
def merbench_sources() -> Iterable[Source]:
    """Releases that the plugin can read.

    Example: `yield merbench.Source(name="my-release", reader="my_package.release:Reader", provides=("flow-28",),
    databases=("mydb",), obtain="the archive my-release.zip from the authors' page")`
    """
    return ()


@hookspec
def merbench_datasets() -> Iterable[Dataset]:
    """Datasets to benchmark on.

    Example: `yield merbench.Dataset(name="mydb-3", sources=("my-release",), databases=("mydb",),
    scheme=merbench.THREE_CLASS)`
    """
    return ()


@hookspec
def merbench_features() -> Iterable[Feature]:
    """Features that are computed from other features.

    Example: `yield merbench.Feature(name="flow-magnitude-28", function="my_package.features:magnitude",
    inputs=("flow-28",))`
    """
    return ()


@hookspec
def merbench_models() -> Iterable[ModelOrFamily]:
    """Models to benchmark: `merbench.TorchModel`, `merbench.EstimatorModel` or `merbench.FitModel`.

    If there are too many to list, a `merbench.ModelFamily` makes each model when it is asked for.

    Example: `yield merbench.EstimatorModel(name="my-svm", estimator="my_package.svm:build", features=("flow-28",))`
    """
    return ()


@hookspec
def merbench_protocols() -> Iterable[Protocol]:
    """Ways of splitting clips into folds.

    Example: `yield merbench.Protocol(name="subjects-10", splitter="my_package.splits:TenFold")`
    """
    return ()


@hookspec
def merbench_executors() -> Iterable[Executor]:
    """Places where the units of a run are computed.

    Example: `yield merbench.Executor(name="our-cluster", runner="my_package.cluster:Runner")`
    """
    return ()
