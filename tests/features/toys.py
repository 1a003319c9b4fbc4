"""A plugin whose clips are folders of small images; loaded with `--plugin`, in this process and in others.

What its functions compute they tell in the file that TOYS_LOG names, one line a clip.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import merbench

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

CLASSES = ("negative", "positive")
FACELESS = 255  # the value of an image on which no face is found


@merbench.hookimpl
def merbench_sources() -> Iterable[merbench.Source]:
    yield merbench.Source(name="toys", reader="toys:Toys", provides=("frames", "points"), databases=("toy",))


@merbench.hookimpl
def merbench_datasets() -> Iterable[merbench.Dataset]:
    scheme = merbench.LabelScheme(name="toy", classes=CLASSES, emotions={name: name for name in CLASSES})
    for name, public in (("toys", True), ("private-toys", False)):
        yield merbench.Dataset(name=name, sources=("toys",), databases=("toy",), scheme=scheme, public_labels=public)


@merbench.hookimpl
def merbench_features() -> Iterable[merbench.Feature]:
    version = int(os.environ.get("TOYS_VERSION", "1"))
    yield merbench.Feature(name="toy-face", function="toys:face", inputs=("frames",))
    yield merbench.Feature(
        name="toy-light", function="toys:light", inputs=("toy-face",), variants=("plain", "dim"), version=version
    )
    yield merbench.Feature(name="toy-sum", function="toys:total", inputs=("toy-light", "points"))
    yield merbench.Feature(name="toy-video", function="toys:video", inputs=("toy-face",))
    yield merbench.Feature(name="toy-where", function="toys:where", inputs=("toy-light",))


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.EstimatorModel]:
    for name, features in (("toy-tree", ("toy-sum",)), ("toy-points", ("points",))):
        yield merbench.EstimatorModel(name=name, estimator="sklearn.tree:DecisionTreeClassifier", features=features)


class Toys(merbench.SourceReader):
    """A folder per clip, `subject-number-emotion`, of images `1.png`, `2.png` ..."""

    def clips(self) -> pd.DataFrame:
        names = [folder.name.split("-") for folder in self._folders()]
        return merbench.clip_table(
            {
                "clip": [f"toy/{subject}/{number}" for subject, number, _ in names],
                "database": ["toy"] * len(names),
                "subject": [f"toy/{subject}" for subject, _, _ in names],
                "emotion": [emotion for _, _, emotion in names],
            }
        )

    def read(self, feature: str, clip: str) -> np.ndarray | merbench.Frames:
        import numpy as np

        _, subject, number = clip.split("/")
        if feature == "points":
            return np.array([float(number)], np.float32)
        (folder,) = (one for one in self._folders() if one.name.startswith(f"{subject}-{number}-"))
        files = {int(path.stem): path for path in folder.glob("*.png")}
        return merbench.Frames(files, root=Path(str(self.root)), onset=1, offset=len(files))

    def _folders(self) -> list[Path]:
        return sorted(Path(str(self.root)).iterdir())


def face(frames: merbench.Frames) -> merbench.Frames:
    """Images again, with a word on each clip without a face."""
    if frames[0].min() == FACELESS:
        raise merbench.ReleaseError("no face found")
    return frames.mapped(upside_down)


def upside_down(image: np.ndarray) -> np.ndarray:
    return image[::-1]


def light(frames: merbench.Frames, *, variant: str) -> np.ndarray:
    """`[images]` float64: the mean of each."""
    import numpy as np

    _tell("toy-light", frames)
    _touch(frames)
    return np.array([image.mean() for image in frames]) / (2 if variant == "dim" else 1)


def total(light: np.ndarray, points: np.ndarray) -> np.ndarray:
    """`[2]` float32: the sum of both."""
    import numpy as np

    return np.array([light.sum(), points.sum()], np.float32)


def video(frames: merbench.Frames) -> np.ndarray:
    """`[images, 3, side, side]` uint8, the side being TOYS_SIDE."""
    import cv2
    import numpy as np

    _tell("toy-video", frames)
    side = int(os.environ.get("TOYS_SIDE", "8"))
    return np.stack([cv2.resize(image, (side, side)).transpose(2, 0, 1) for image in frames])


def where(light: np.ndarray) -> np.ndarray:
    """`[1]` int64: the place of the brightest image."""
    import numpy as np

    return np.array([light.argmax()])


def _touch(frames: merbench.Frames) -> None:
    """Writes the clip's first file anew: once (a clip whose file is older than today), or always."""
    how = os.environ.get("TOYS_TOUCH")
    if how:
        file = frames._files[0]
        past = how == "always" or file.stat().st_mtime_ns != 10**9
        os.utime(file, ns=(0, (10**9 if how == "once" else file.stat().st_mtime_ns + 1) if past else 10**9))


def _tell(what: str, frames: merbench.Frames) -> None:
    """A line in the log; at the line that TOYS_KILL names, the run is killed."""
    log = os.environ.get("TOYS_LOG")
    if not log:
        return
    with open(log, "a", encoding="utf-8") as file:
        file.write(f"{what} {frames[0][0, 0, 0]}\n")
    lines = Path(log).read_text(encoding="utf-8").count("\n")
    if lines == int(os.environ.get("TOYS_KILL", "0")):
        os.kill(int(os.environ.get("TOYS_RUN", "0")) or os.getpid(), signal.SIGKILL)
    if lines == int(os.environ.get("TOYS_STOP", "0")):
        os.kill(os.getpid(), signal.SIGINT)
