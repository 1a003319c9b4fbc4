"""A plugin of a stranger's: a network and an estimator."""

from collections.abc import Iterable

import merbench


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.TorchModel | merbench.EstimatorModel]:
    """One model of each kind."""
    yield merbench.TorchModel(
        name="stranger-net",
        network="stranger.network:StrangerNet",
        features=("flow-28",),
        recipes={"quick": merbench.Recipe(lr=1e-2, epochs=3, standardize=True, about="three epochs, to show it runs")},
        about="one convolution and a linear layer",
    )
    yield merbench.EstimatorModel(
        name="stranger-centroid",
        estimator="stranger.centroid:build",
        features=("flow-28",),
        about="the class whose mean flow is nearest",
    )
