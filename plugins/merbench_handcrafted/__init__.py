"""Handcrafted descriptors of texture and motion, and simple reference models: baselines without a network."""

from __future__ import annotations

from collections.abc import Iterable

import merbench
from merbench_handcrafted.motion_specs import motion_features, motion_models
from merbench_handcrafted.texture_specs import texture_features, texture_models

MAJORITY = {"default": merbench.Recipe(claim="baseline")}


def _baselines(fixed: str) -> dict[str, merbench.Recipe]:
    """The reference `nested`, and the fixed C that answers in seconds; both also without class weights."""
    chosen = "C chosen by UF1 on held-out training subjects"
    unweighted = {"class_weights": "none"}
    return {
        "default": merbench.Recipe(about=fixed, claim="baseline"),
        "unweighted": merbench.Recipe(options=unweighted, about=f"{fixed}; every clip counts alike", claim="baseline"),
        "nested": merbench.Recipe(options={"nested_c": True}, about=chosen, claim="baseline"),
        "nested-unweighted": merbench.Recipe(
            options={"nested_c": True, **unweighted}, about=f"{chosen}; every clip counts alike", claim="baseline"
        ),
    }


@merbench.hookimpl
def merbench_features() -> Iterable[merbench.Feature]:
    """The descriptors."""
    yield from texture_features()
    yield from motion_features()


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.EstimatorModel]:
    """The reference models, and a model for each descriptor."""
    yield merbench.EstimatorModel(
        name="majority",
        title="Majority class",
        estimator="merbench_handcrafted.reference:majority",
        features=(),
        recipes=MAJORITY,
        about="predicts the most frequent class of the training side",
    )
    yield merbench.EstimatorModel(
        name="flow-lr",
        title="Logistic regression on flow",
        estimator="merbench_handcrafted.reference:flow_lr",
        features=("flow-28",),
        recipes=_baselines("C fixed at 0.001"),
        about="logistic regression on the standardised pixels of 28x28 flow",
    )
    yield merbench.EstimatorModel(
        name="flow-svm",
        title="SVM on flow",
        estimator="merbench_handcrafted.reference:flow_svm",
        features=("flow-28",),
        recipes=_baselines("C fixed at 1, scikit-learn's default"),
        about="support vector machine on the standardised pixels of 28x28 flow",
    )
    yield from texture_models()
    yield from motion_models()
