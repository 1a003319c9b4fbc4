"""The reference models do what their names say."""

from __future__ import annotations

import importlib
import inspect
import pickle
from collections.abc import Callable

import merbench_handcrafted
import numpy as np
import pytest
from merbench_handcrafted.reference import flow_lr, flow_svm, majority

LABELS = np.array([0] * 20 + [1] * 6 + [2] * 4)


def separable_flow() -> np.ndarray:
    """Clips `[30, 3, 4, 4]` whose class shows in one pixel, at scales far apart from each other."""
    flow = np.random.default_rng(0).normal(100, 20, (len(LABELS), 3, 4, 4)).astype(np.float32)
    flow[:, 0, 0, 0] = LABELS * 0.01
    flow[:, 1, 2, 2] = (LABELS == 1) * 1000
    return flow


def test_majority_answers_the_most_frequent_class_and_needs_no_feature() -> None:
    nothing = np.zeros((len(LABELS), 1), np.float32)
    assert majority().fit(nothing, LABELS).predict(nothing[:3]).tolist() == [0, 0, 0]


@pytest.mark.parametrize("build", [flow_lr, flow_svm])
def test_images_are_flattened_and_each_pixel_counts_alike_whatever_its_scale(build: Callable) -> None:
    fitted = build(C=1.0).fit(separable_flow(), LABELS)
    assert fitted.predict(separable_flow()).tolist() == LABELS.tolist()


def test_the_rare_classes_have_an_equal_say() -> None:
    blank = np.zeros((len(LABELS), 3, 4, 4), np.float32)
    np.testing.assert_allclose(flow_lr().fit(blank, LABELS).predict_proba(blank[:1]), 1 / 3, atol=1e-6)
    assert flow_svm()[-1].class_weight == "balanced"


def test_the_defaults_are_the_published_settings() -> None:
    assert flow_lr()[-1].C == 1e-3
    assert (flow_svm()[-1].C, flow_svm()[-2].kernel) == (1.0, "rbf")


@pytest.mark.parametrize("build", [majority, flow_lr, flow_svm])
def test_an_estimator_travels_to_another_process(build: Callable) -> None:
    fitted = pickle.loads(pickle.dumps(build())).fit(separable_flow(), LABELS)
    assert len(fitted.predict(separable_flow())) == len(LABELS)


@pytest.mark.parametrize(
    ("build", "options", "says"),
    [
        (flow_lr, {"C": 0}, "C is 0; it must be a finite number above 0"),
        (flow_lr, {"C": float("nan")}, "C is nan"),
        (flow_lr, {"max_iter": 0}, "max_iter is 0"),
        (flow_svm, {"C": -1.0}, r"C is -1\.0"),
        (flow_svm, {"kernel": "poly"}, "kernel is 'poly'"),
    ],
)
def test_an_option_out_of_range_is_named(build: Callable, options: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        build(**options)


def test_every_registered_builder_is_there_and_names_its_options() -> None:
    for model in merbench_handcrafted.merbench_models():
        module, _, name = model.estimator.partition(":")
        parameters = inspect.signature(getattr(importlib.import_module(module), name)).parameters.values()
        assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters)
