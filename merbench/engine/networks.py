"""One network, or many of one shape at once, behind one face: parameters, and logits for `[folds, batch, ...]`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.parameter import UninitializedParameter

from merbench.engine.draws import KeyedDraws, draw_keys
from merbench.engine.seeds import derive_seed
from merbench.engine.task import FoldTask, Task
from merbench.errors import PluginError

__all__ = ["OneNetwork", "StackedNetworks", "batch_norm", "build_network", "seeded"]


def build_network(build: Callable[[], Any], seed: int) -> nn.Module:
    """A network whose initial parameters depend on `seed` alone: drawn on the CPU, whatever the device.

    Raises:
        PluginError: it has lazy modules, whose parameters have no shape yet.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derive_seed(fold=seed, purpose="init"))
        network: nn.Module = build()
        if any(isinstance(one, UninitializedParameter) for one in network.parameters()):
            raise PluginError(f"{type(network).__name__} has lazy modules: give them their sizes")
    return network


def batch_norm(network: nn.Module) -> str:
    """The name of the first batch norm in it; empty where there is none."""
    norms = (name for name, one in network.named_modules() if isinstance(one, nn.modules.batchnorm._BatchNorm))
    return next(norms, "")


@contextmanager
def seeded(fold: FoldTask, device: str) -> Iterator[None]:
    """In it what torch itself draws follows from the fold's seed; the caller's own draws go on after it as if nothing
    had been drawn.
    """
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if device == "cuda" else []):
        torch.manual_seed(derive_seed(fold=fold.seed, purpose="training"))
        yield


class OneNetwork:
    """A single fold's network, called directly."""

    def __init__(self, task: Task, folds: Sequence[FoldTask]) -> None:
        (fold,) = folds
        self.task, self.folds = task, folds
        self.module = build_network(task.build, fold.seed).to(task.device)
        self.begin(0, 0)

    def named_parameters(self) -> Iterable[tuple[str, Tensor]]:
        """The tensors to train, by name."""
        return self.module.named_parameters()

    def mode(self, training: bool) -> None:
        """Training or evaluation mode, as `nn.Module.train` has it."""
        self.module.train(training)

    def begin(self, epoch: int, step: int) -> None:
        """From here on keyed draws are those of this training step; both count from 0."""
        self.keys = draw_keys(self.folds, epoch, step).to(self.task.device)

    def logits(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits `[1, batch, classes]` for one tensor `[1, batch, ...]` per feature."""
        with KeyedDraws(self.keys[0]) if self.task.keyed and self.module.training else nullcontext():
            logits: Tensor = self.module(*(tensor[0] for tensor in inputs))
        return logits[None]


class StackedNetworks:
    """The networks of many folds: every parameter stacked along a new first axis, one call for all of them.

    A step costs the same arithmetic as one fold after another, in fewer and larger matrix products.
    """

    def __init__(self, task: Task, folds: Sequence[FoldTask]) -> None:
        self.task, self.folds = task, folds
        build, device = task.build, task.device
        first = build_network(build, folds[0].seed)
        self.stacked: dict[str, Tensor] = {
            name: torch.empty((len(folds), *tensor.shape), dtype=tensor.dtype, device=device)
            for name, tensor in first.named_parameters()
        }
        for index, fold in enumerate(folds):
            network = build_network(build, fold.seed) if index else first
            for name, parameter in network.named_parameters():
                self.stacked[name][index].copy_(parameter.detach())
        for name, parameter in first.named_parameters():
            self.stacked[name].requires_grad_(parameter.requires_grad)  # what a network freezes stays frozen
        # The shape alone is needed from here on; constants (buffers) do not depend on the seed.
        self.module = first.to("meta") if not list(first.buffers()) else first.to(device)
        self.begin(0, 0)

    def named_parameters(self) -> Iterable[tuple[str, Tensor]]:
        """The tensors to train by name, each `[folds, ...]`."""
        return self.stacked.items()

    def mode(self, training: bool) -> None:
        """Training or evaluation mode, as `nn.Module.train` has it."""
        self.module.train(training)

    def begin(self, epoch: int, step: int) -> None:
        """From here on keyed draws are those of this training step; both count from 0."""
        self.keys = draw_keys(self.folds, epoch, step).to(self.task.device)

    def logits(self, inputs: Sequence[Tensor]) -> Tensor:
        """Logits `[folds, batch, classes]` for one tensor `[folds, batch, ...]` per feature."""

        def one(parameters: dict[str, Tensor], key: Tensor, *tensors: Tensor) -> Any:
            with KeyedDraws(key) if self.module.training else nullcontext():
                return functional_call(self.module, parameters, tensors)

        # What is drawn in another way would depend on which folds share a group: refuse it.
        logits: Tensor = vmap(one, randomness="error")(self.stacked, self.keys, *inputs)
        return logits
