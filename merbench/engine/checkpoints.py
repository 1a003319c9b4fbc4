"""Predicts from checkpoints, one for each fold, instead of training."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from merbench.engine.generators import seeded
from merbench.engine.seeds import derive_seed
from merbench.engine.task import FoldOutcome, Task
from merbench.errors import ReleaseError
from merbench.plugin.calls import calling, reason
from merbench.protocols import Fold

__all__ = ["predict_from", "unused_tensors"]


def predict_from(task: Task, fold: Fold, path: Path) -> FoldOutcome:
    """Predict one fold from a checkpoint. Only tensors are unpickled.

    Raises:
        ReleaseError: the file is not a checkpoint, or its tensors do not fit the network.
        PluginError: the network fails, or gives anything but logits.
    """
    from merbench.engine.device import threads
    from merbench.engine.loop import Group
    from merbench.engine.networks import OneNetwork

    started = time.perf_counter()
    group = Group(task, [fold], stacked=False)
    network = group.network
    assert isinstance(network, OneNetwork)
    state = _read(path, task.device)
    with calling(task.author, "load_state_dict"):
        try:
            network.module.load_state_dict(state)
        except Exception as error:
            raise ReleaseError(f"--weights: {path.name} does not fit the network: {reason(error)}") from error
    with threads(task.jobs), seeded(derive_seed(fold=fold.seed, purpose="training")):
        (scores,) = group.predict()
    if not np.isfinite(scores).all():
        raise ReleaseError(f"--weights: {path.name} gives class scores that are not finite")
    return FoldOutcome(
        name=fold.name,
        scores=scores[None],
        predicted=scores.argmax(-1)[None],
        loss=np.empty(0, np.float32),
        seconds=time.perf_counter() - started,
    )


def unused_tensors(task: Task) -> str | None:
    """A note that names the checkpoint tensors that the network lists as `unused_tensors`; None if it lists none."""
    from merbench.engine.networks import build_network

    names = getattr(build_network(task, 0), "unused_tensors", ())
    return f"{len(names)} tensors of the checkpoints are not used by the network: {', '.join(names)}" if names else None


def _read(path: Path, device: str) -> Any:
    import torch

    try:
        with warnings.catch_warnings(action="ignore"):
            return torch.load(path, map_location=device, weights_only=True)
    except Exception as error:  # not torch's message: torch advises to load the file together with its code
        raise ReleaseError(
            f"--weights: {path.name} is not a checkpoint with only tensors: it is damaged, another kind of file, or "
            "contains code, which merbench never runs; save it again with torch.save(network.state_dict(), path)"
        ) from error
