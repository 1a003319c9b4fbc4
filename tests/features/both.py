"""A plugin with a dataset that is released as flow, and as videos from which the same flow is computed.

Its four clips have one subject each, in two databases. Clip number k (from 0) moves by (k + 1) times 0, 1, 2, 3: u and
v along the columns, strain along the rows. The released flow is shifted, except that of the last clip.

Lines of `broken.txt` in the folder of a release are clips that cannot be read; those of `surprise.txt` are clips that
it labels as surprise. With a file `same.txt`, the released flow is not shifted.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

import merbench

EMOTIONS = {"a/s1/one": "disgust", "a/s2/two": "happiness", "b/s1/one": "surprise", "b/s2/two": "disgust"}
CLIPS = tuple(EMOTIONS)
SHIFT = np.array([2.0, 4.0, 3.0]).reshape(3, 1, 1)  # of strain, v and u


@merbench.hookimpl
def merbench_sources() -> Iterable[merbench.Source]:
    for name, reader, provides in (("release", "Release", "motion"), ("videos", "Videos", "video")):
        yield merbench.Source(
            name=name, reader=f"both:{reader}", provides=(provides,), databases=("a", "b"), obtain=f"the {name}"
        )


@merbench.hookimpl
def merbench_features() -> Iterable[merbench.Feature]:
    yield merbench.Feature(
        name="motion",
        function="both:motion",
        inputs=("video",),
        variants=("plain", "turned"),
        channels=("strain", "v", "u"),
    )


@merbench.hookimpl
def merbench_datasets() -> Iterable[merbench.Dataset]:
    for name, alternatives in (("both", (("videos",),)), ("released", ())):
        yield merbench.Dataset(
            name=name,
            sources=("release",),
            alternatives=alternatives,
            databases=("a", "b"),
            scheme=merbench.THREE_CLASS,
            protocol="loso",
        )


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.EstimatorModel]:
    for name, claim in (("proposed", "own settings"), ("speed", "baseline")):
        yield merbench.EstimatorModel(
            name=name,
            estimator="both:Speed",
            features=("motion",),
            recipes={"default": merbench.Recipe(claim=claim)},
        )


class Table(merbench.SourceReader):
    def clips(self) -> pd.DataFrame:
        emotions = EMOTIONS | dict.fromkeys(self.listed("surprise.txt"), "surprise")
        rows = [(clip, clip[0], clip[:4], emotion) for clip, emotion in emotions.items()]
        return merbench.clip_table(pd.DataFrame(rows, columns=["clip", "database", "subject", "emotion"]))

    def read(self, feature: str, clip: str) -> np.ndarray:
        if clip in self.listed("broken.txt"):
            raise merbench.ReleaseError("img7.jpg is truncated")
        return self.value(np.full((1, 4, 4), CLIPS.index(clip) + 1.0), clip)

    def value(self, video: np.ndarray, clip: str) -> np.ndarray:
        return video

    def listed(self, name: str) -> list[str]:
        path = Path(self.root) / name
        return path.read_text().splitlines() if path.exists() else []


class Videos(Table):
    pass


class Release(Table):
    def value(self, video: np.ndarray, clip: str) -> np.ndarray:
        shifted = clip != CLIPS[-1] and not self.listed("same.txt")
        return motion(video) + SHIFT * shifted


def motion(video: np.ndarray, variant: str = "plain") -> np.ndarray:
    ramp = video[0] * np.arange(4)
    return np.stack([ramp.T, ramp, -ramp if variant == "turned" else ramp])


class Speed:
    """Answers by the mean of v, and learns nothing: right on the own flow, whose mean is 1.5, 3, 4.5 and 6; and on the
    released one, 5.5, 7, 8.5 and 6, the classes 2, 0, 1 and 0.
    """

    def fit(self, X: np.ndarray, y: np.ndarray) -> Speed:
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        return (X[:, 1].mean(axis=(1, 2)) // 1.5 - 1).astype(int) % 3
