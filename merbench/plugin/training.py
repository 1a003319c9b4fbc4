"""What the training loop of an author gets and gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Predictor", "Report", "Training"]

# From an array `[clips, ...]` per feature to class scores `[clips, classes]`. A `torch.nn.Module` gets tensors.
Predictor = Callable[..., Any]


@dataclass(frozen=True, kw_only=True)
class Training:
    """The training side of one fold. The arrays are copies: a fit may overwrite them.

    Attributes:
        arrays: one array `[clips, ...]` float32 per feature, in the order of the model's features.
        labels: `[clips]` int64, class indices.
        subjects: `[clips]` int64, a number for each subject, to hold subjects out.
        classes: number of classes, also of those without training clips.
        pretraining: the datasets of `Recipe.pretrain`, whole, each with its own subjects and classes.
    """

    arrays: tuple[np.ndarray, ...]
    labels: np.ndarray
    subjects: np.ndarray
    classes: int
    pretraining: tuple[Training, ...] = ()


class Report(Protocol):
    """Ends an epoch of a fit, see `FitModel.fit`."""

    def __call__(self, predictor: Predictor, *, loss: float) -> None:
        """Let `predictor` predict the evaluated side now, and note the mean training loss of the epoch."""
