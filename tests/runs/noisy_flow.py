"""A plugin with a flow release of the nine clips of `tiny`, made of noise; the demo draws their videos."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from merbench_demo.release import DemoRelease
from sklearn.dummy import DummyClassifier

import merbench


@merbench.hookimpl
def merbench_sources() -> Iterable[merbench.Source]:
    yield merbench.Source(
        name="noise", reader="noisy_flow:Noise", provides=("flow-28",), databases=("tiny",), embedded=True
    )


@merbench.hookimpl
def merbench_datasets() -> Iterable[merbench.Dataset]:
    yield merbench.Dataset(
        name="noisy",
        sources=("noise",),
        alternatives=(("demo",),),
        databases=("tiny",),
        scheme=merbench.THREE_CLASS,
        protocol="loso",
    )


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.EstimatorModel]:
    yield merbench.EstimatorModel(name="guess", estimator="noisy_flow:guess", features=("flow-28",))


class Noise(merbench.SourceReader):
    def clips(self) -> pd.DataFrame:
        clips = DemoRelease(None).clips()
        return clips[clips["database"] == "tiny"]

    def read(self, feature: str, clip: str) -> np.ndarray:
        draw = np.random.default_rng(list(clip.encode()))
        return draw.integers(0, 256, (3, 28, 28)).astype(np.float32)


def guess() -> DummyClassifier:
    """Draws its answers, from the seed of the fold."""
    return DummyClassifier(strategy="stratified")
