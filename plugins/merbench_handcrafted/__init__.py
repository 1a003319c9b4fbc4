"""Handcrafted descriptors of texture and motion, and simple reference models: baselines without a network."""

from __future__ import annotations

from collections.abc import Iterable

import merbench
from merbench_handcrafted.motion_specs import motion_features, motion_models
from merbench_handcrafted.texture_specs import texture_features, texture_models

BASELINE = {"default": merbench.Recipe(claim="baseline")}


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
        recipes=BASELINE,
        about="predicts the most frequent class of the training side",
    )
    yield merbench.EstimatorModel(
        name="flow-lr",
        title="Logistic regression on flow",
        estimator="merbench_handcrafted.reference:flow_lr",
        features=("flow-28",),
        recipes=BASELINE,
        about="logistic regression on the standardised pixels of 28x28 flow",
    )
    yield merbench.EstimatorModel(
        name="flow-svm",
        title="Linear SVM on flow",
        estimator="merbench_handcrafted.reference:flow_svm",
        features=("flow-28",),
        recipes=BASELINE,
        about="support vector machine on the standardised pixels of 28x28 flow",
    )
    yield from texture_models()
    yield from motion_models()
