"""Every model trains on clips in which nothing moves, or nothing is to be seen, and answers with finite scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from merbench_handcrafted.biwoof import bi_woof, bi_woof_28
from merbench_handcrafted.hog import hog_top
from merbench_handcrafted.hoof import hoof, hoof_28
from merbench_handcrafted.lbp import lbp_sip, lbp_top
from merbench_handcrafted.mdmo import mdmo

import merbench
from merbench.engine.build import Build
from merbench.engine.estimators import fit_fold
from merbench.engine.loop import Group, train_group
from merbench.engine.task import Task
from merbench.features.resolve import split_reference
from merbench.plugin.calls import Author
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry, load_target
from merbench.protocols import Fold

REGISTRY = Registry(load(allow=()))
MODELS = [*REGISTRY.models, REGISTRY.models.get("timm:resnet18")]
CLIPS = 5
TRAIN = np.arange(4)
LABELS = np.array([0, 1, 2, 0, 1])

FRAMES = np.full((10, 3, 48, 48), 90, np.uint8)
STILL = np.zeros((2, 48, 48), np.float32)
FACE = np.stack(np.meshgrid(np.linspace(4, 44, 17), np.linspace(4, 44, 4)), -1).reshape(68, 2)
DESCRIBED: dict[str, Callable[[int], np.ndarray]] = {
    "lbp-top": lambda value: lbp_top(FRAMES + np.uint8(value)),
    "lbp-sip": lambda value: lbp_sip(FRAMES + np.uint8(value)),
    "hog-top": lambda value: hog_top(FRAMES + np.uint8(value)),
    "hoof": lambda value: hoof(STILL),
    "hoof-28": lambda value: hoof_28(np.full((3, 28, 28), value, np.float32)),
    "bi-woof": lambda value: bi_woof(STILL),
    "bi-woof-28": lambda value: bi_woof_28(np.full((3, 28, 28), value, np.float32)),
    "mdmo": lambda value: mdmo(STILL, FACE),
}
SHAPES = {
    "causalnet-regions": (4, 3, 28, 28),
    "flow-28": (3, 28, 28),
    "htnet-regions": (3, 28, 28),
    "hsta-video-28": (8, 3, 28, 28),
    "hsta-flow-28": (2, 28, 28),
    "onset-apex-neighbours-32": (2, 6, 3, 32, 32),
    "onset-apex-224": (2, 3, 224, 224),
}


def seen(feature: str, value: int) -> np.ndarray:
    """The clips' feature: all zero, or of one value."""
    name, _ = split_reference(feature)
    if name in DESCRIBED:
        return np.stack([DESCRIBED[name](value)] * CLIPS)
    return np.full((CLIPS, *SHAPES[name]), value, np.float32)


def recipe_of(model: Any) -> merbench.Recipe:
    """`quick`, else the default one; of training two epochs in steps that its batch norms can take."""
    recipe = model.recipes.get("quick") or next(iter(model.recipes.values()))
    settings = {"batch_size": len(TRAIN), "epochs": 2} if isinstance(model, merbench.TorchModel) else {}
    return merbench.Recipe(**{**vars(recipe), **settings})


@pytest.mark.parametrize("value", [0, 128])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_model_trains_on_blank_clips_and_answers(model: Any, value: int) -> None:
    recipe = recipe_of(model)
    features = recipe.features or model.features
    network = isinstance(model, merbench.TorchModel)
    specs = {one.name: one for one in REGISTRY.features}
    mirrors = (specs[split_reference(one)[0]].mirror for one in features)
    task = Task(
        build=Build(
            model.network if network else model.estimator,
            {**recipe.options, **({"classes": 3} if network else {})},
            author := Author.of(f"model {model.name}", model.name),
        ),
        author=author,
        arrays=tuple(seen(feature, value) for feature in features),
        labels=LABELS,
        classes=3,
        recipe=recipe,
        mirrors=tuple(load_target(one, owner=model.name) if recipe.flip else None for one in mirrors),
    )
    fold = Fold(name="s1", train=TRAIN, test=np.arange(4, CLIPS), seed=1)
    (outcome,) = train_group(Group(task, [fold], stacked=False)) if network else [fit_fold(task, fold)]
    assert np.isfinite(outcome.scores).all()
    assert np.isfinite(outcome.loss).all()
