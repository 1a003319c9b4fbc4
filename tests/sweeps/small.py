"""A plugin for sweeps: sixteen clips of four subjects, and models that fit at once, fail, or end their process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

import merbench

EMOTIONS = ("anger", "happiness", "surprise")
CLIPS = {
    f"little/s{subject}/{place}": emotion for subject in range(4) for place, emotion in enumerate((*EMOTIONS, "anger"))
}
MODELS = {"steady": "Steady", "broken": "Broken", "ended": "Ended"}


class Reader(merbench.SourceReader):
    """Clips whose values tell the emotion, a little."""

    def clips(self) -> Any:
        return merbench.clip_table(
            {
                "clip": list(CLIPS),
                "database": ["little"] * len(CLIPS),
                "subject": [clip.rsplit("/", 1)[0] for clip in CLIPS],
                "emotion": list(CLIPS.values()),
            }
        )

    def read(self, feature: str, clip: str) -> np.ndarray:
        random = np.random.default_rng(list(clip.encode()))
        return (random.standard_normal(4) + EMOTIONS.index(CLIPS[clip])).astype(np.float32)


def scaled(four: np.ndarray, variant: str) -> np.ndarray:
    return four * {"twice": 2, "thrice": 3}[variant]


class Steady:
    """The nearest training clip among every `step`-th, by a random projection."""

    def __init__(self, step: int = 1, random_state: int | None = None) -> None:
        self.step, self.random_state = step, random_state

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"step": self.step, "random_state": self.random_state}

    def set_params(self, **values: Any) -> Steady:
        self.__dict__.update(values)
        return self

    def fit(self, X: np.ndarray, y: np.ndarray) -> Steady:
        self.axes = np.random.default_rng(self.random_state).standard_normal((X.shape[1], 2))
        self.X, self.y = X[:: self.step] @ self.axes, y[:: self.step]
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        apart = np.abs((X @ self.axes)[:, None] - self.X[None]).sum(-1)
        return np.asarray(self.y[apart.argmin(1)])


class Broken(Steady):
    """Cannot be fitted."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> Steady:
        raise ValueError("no such matrix")


class Ended(Steady):
    """Sends its process the signal SMALL_SIGNAL in its third fold, unless the file SMALL_ONCE exists."""

    fits = 0

    def fit(self, X: np.ndarray, y: np.ndarray) -> Steady:
        Ended.fits += 1
        once = Path(os.environ["SMALL_ONCE"])
        if Ended.fits == 3 and not once.exists():
            once.touch()
            os.kill(os.getpid(), int(os.environ["SMALL_SIGNAL"]))
            signal.pause()
        return super().fit(X, y)


@merbench.hookimpl
def merbench_sources() -> Iterable[merbench.Source]:
    yield merbench.Source(
        name="little", reader=f"{__name__}:Reader", provides=("four",), databases=("little",), embedded=True
    )


@merbench.hookimpl
def merbench_datasets() -> Iterable[merbench.Dataset]:
    lacking = merbench.LabelScheme(
        name="lacking",
        classes=("negative", "positive", "surprise", "others"),
        emotions={**merbench.THREE_CLASS.emotions, "others": "others"},
    )
    for name, scheme in (("little", merbench.THREE_CLASS), ("lacking", lacking)):
        yield merbench.Dataset(
            name=name,
            sources=("little",),
            databases=("little",),
            scheme=scheme,
            protocol="loso",
            public_labels=True,
        )


@merbench.hookimpl
def merbench_features() -> Iterable[merbench.Feature]:
    yield merbench.Feature(name="eight", function=f"{__name__}:scaled", inputs=("four",), variants=("twice", "thrice"))


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.EstimatorModel | merbench.TorchModel]:
    recipe = merbench.Recipe(optimizer="adam", lr=0.1, batch_size=4, epochs=3, claim="as published")
    yield merbench.TorchModel(name="net", network="sweep_net:Net", features=("eight",), recipes={"quick": recipe})
    for name, kind in MODELS.items():
        yield merbench.EstimatorModel(name=name, estimator=f"{__name__}:{kind}", features=("eight",))
