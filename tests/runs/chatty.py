"""A plugin whose every function prints, and draws from Python's, NumPy's and torch's own generators."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import merbench

if TYPE_CHECKING:
    import numpy as np

RECIPE = merbench.Recipe(epochs=2, batch_size=4, lr=0.01)


@merbench.hookimpl
def merbench_features() -> Iterable[merbench.Feature]:
    yield merbench.Feature(name="chatty-light", function="chatty:light", inputs=("frames",))


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.TorchModel | merbench.EstimatorModel]:
    for name in ("batched", "sequential"):
        options = {"noisy": name == "sequential"}
        yield merbench.TorchModel(
            name=f"chatty-{name}",
            network="chatty:network",
            features=("chatty-light",),
            recipes={"default": merbench.Recipe(epochs=2, batch_size=4, lr=0.01, options=options)},
        )
    yield merbench.EstimatorModel(name="chatty-estimator", estimator="chatty:Drawing", features=("chatty-light",))


def light(frames: merbench.Frames) -> np.ndarray:
    import numpy as np

    print("feature speaks")
    below_python()
    return np.array([image.mean() for image in frames], np.float32) / 255


def below_python() -> None:
    """Prints as native code does, which keeps its own buffer."""
    import ctypes

    ctypes.CDLL(None).puts(b"native code prints")


def drawn() -> float:
    """A number of which each of the three generators has a say."""
    import numpy as np
    import torch

    return random.random() + float(np.random.random()) + float(torch.rand(()))


def network(classes: int, noisy: bool) -> Any:
    from chatty_network import Network

    print("builder speaks")
    below_python()
    return Network(classes, drawn(), noisy)


class Drawing:
    """Predicts classes by chance."""

    def __init__(self) -> None:
        print("builder speaks")
        self.built = drawn()

    def fit(self, X: np.ndarray, y: np.ndarray) -> None:
        """Imports torch, where that was not done."""
        print("fit speaks")
        below_python()
        self.fitted, self.classes = drawn(), int(y.max()) + 1

    def predict(self, X: np.ndarray) -> np.ndarray:
        import numpy as np

        print("predict speaks")
        return np.array([int(1e6 * (self.built + self.fitted + drawn())) % self.classes for _ in X])
