"""A `torch.nn.Module` as the predictor of a fit: its scores, and the tensors that are kept of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from merbench.engine.device import threads
from merbench.engine.estimators import taken
from merbench.engine.networks import build_network, tensors_of
from merbench.engine.task import Task
from merbench.errors import ReleaseError, printable
from merbench.plugin.calls import calling, kind, wrong

__all__ = ["check_tensors", "evaluated", "kept_of", "predict_fit", "untrained_predictor"]

RETURNS = "the predictor that fit returns"


def evaluated(module: nn.Module, inputs: Sequence[np.ndarray]) -> Any:
    """What a module gives for one array per feature, in evaluation mode and without gradients.

    Afterwards each of its parts is in the mode in which it was.
    """
    modes = {part: part.training for part in module.modules()}
    device = next(iter(tensors_of(module).values()), torch.empty(0)).device
    try:
        with torch.no_grad():
            return module.eval()(*(torch.as_tensor(one, device=device) for one in inputs))
    finally:
        for part, training in modes.items():
            part.training = training


def untrained_predictor(task: Task) -> nn.Module:
    """Build the predictor of a fit as it is before training.

    Raises:
        PluginError, OptionError: it cannot be built, see `build_network`.
    """
    assert task.predictor is not None
    return build_network(replace(task, build=task.predictor), 0)


def kept_of(task: Task, predictor: object) -> dict[str, Tensor]:
    """Copies on the CPU of all tensors of a trained predictor, as `network.NAME`.

    Raises:
        PluginError: the predictor is no module, or has other tensors than what `FitModel.predictor` builds.
    """
    if not isinstance(predictor, nn.Module):
        wanted = "return a torch.nn.Module, so that weights can be kept; leave out --keep-weights"
        raise wrong(task.author, "fit", kind(predictor), wanted, predictor)
    found, planned = tensors_of(predictor), tensors_of(untrained_predictor(task))
    for name in sorted(found.keys() | planned.keys()):
        shapes = [list(some[name].shape) if name in some else "no" for some in (found, planned)]
        if shapes[0] != shapes[1]:
            gives = f"a module with {shapes[0]} tensor {printable(name)}"
            raise wrong(task.author, RETURNS, gives, f"have {shapes[1]}, as the module that FitModel.predictor builds")
    return {f"network.{name}": one.detach().to("cpu", copy=True).contiguous() for name, one in found.items()}


def predict_fit(task: Task, weights: Mapping[str, Tensor]) -> np.ndarray:
    """Predict all clips of a task with the kept tensors of a fit's predictor: class scores `[clips, classes]` float32.

    Raises:
        ReleaseError: the tensors do not fit the predictor, or give scores that are not finite.
        PluginError: the predictor fails.
    """
    module = untrained_predictor(task)
    wanted = {f"network.{name}": tensor for name, tensor in tensors_of(module).items()}
    check_tensors(weights, {name: tensor.shape for name, tensor in wanted.items()})
    with torch.no_grad():
        for name, tensor in wanted.items():
            tensor.copy_(weights[name])
    with threads(1), calling(task.author, "the predictor"):
        scores = np.asarray(evaluated(module, taken(task.arrays, np.arange(len(task.labels)))).float().numpy())
    if not np.isfinite(scores).all():
        raise ReleaseError("they give class scores that are not finite")
    return scores


def check_tensors(weights: Mapping[str, Tensor], wanted: Mapping[str, Sequence[int]]) -> None:
    """Compare the names and shapes of tensors with those of a network.

    Raises:
        ReleaseError: they differ.
    """
    if differing := sorted(weights.keys() ^ wanted.keys()):
        raise ReleaseError(f"they do not fit the network: tensor {printable(differing[0])} is only in one of both")
    for name, shape in wanted.items():
        if list(weights[name].shape) != list(shape):
            found = f"{list(weights[name].shape)}, but the network wants {list(shape)}"
            raise ReleaseError(f"they do not fit the network: {name} has shape {found}")
