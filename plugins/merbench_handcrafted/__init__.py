"""Reference points: what a score means is known from what needs no neural network at all."""

from __future__ import annotations

from collections.abc import Iterable

import merbench


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.EstimatorModel]:
    """The reference points."""
    yield merbench.EstimatorModel(
        name="majority",
        estimator="merbench_handcrafted.reference:majority",
        features=(),
        about="answers the most frequent class of the training side",
    )
    yield merbench.EstimatorModel(
        name="flow-lr",
        estimator="merbench_handcrafted.reference:flow_lr",
        features=("flow-28",),
        about="logistic regression on the standardised pixels of 28x28 flow",
    )
    yield merbench.EstimatorModel(
        name="flow-svm",
        estimator="merbench_handcrafted.reference:flow_svm",
        features=("flow-28",),
        about="support vector machine on the standardised pixels of 28x28 flow",
    )
