"""One network, or many networks of one shape, with the same interface: parameters, and logits of batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.parameter import UninitializedParameter

from merbench.engine.draws import KeyedDraws, draw_keys
from merbench.engine.generators import seeded
from merbench.engine.norms import WeightedNorms, statistics_of
from merbench.engine.seeds import derive_seed
from merbench.engine.task import Task
from merbench.errors import PluginError
from merbench.plugin.calls import calling, kind, wrong
from merbench.protocols import Fold

Head = Callable[..., Any]  # from the outputs of a network, and tensors `[batch]`, to what is wanted of them

__all__ = ["OneNetwork", "StackedNetworks", "build_network", "tensors_of"]


def build_network(task: Task, seed: int) -> nn.Module:
    """Build a network on the CPU; its initial parameters depend only on `seed`, not on the device.

    Raises:
        PluginError: the network is not a module, or has lazy modules, whose parameters have no shape yet.
        OptionError: the network cannot be built with its options.
    """
    with seeded(derive_seed(fold=seed, purpose="init")):
        network = task.build()
    if not isinstance(network, nn.Module):
        raise wrong(task.author, "what builds the network", kind(network), "give a torch.nn.Module")
    if any(isinstance(one, UninitializedParameter) for one in network.parameters()):
        raise PluginError(f"{task.author}: {type(network).__name__} has lazy modules: give them their sizes")
    return network


def tensors_of(network: nn.Module) -> dict[str, Tensor]:
    """The tensors of a network by name: its parameters, each once, and the buffers that belong to its state."""
    return dict(network.named_parameters()) | _buffers(network)


def _buffers(network: nn.Module) -> dict[str, Tensor]:
    parameters = {name for name, _ in network.named_parameters(remove_duplicate=False)}
    state = network.state_dict()
    return {name: one for name, one in state.items() if name not in parameters and isinstance(one, Tensor)}


class OneNetwork:
    """The network of a single fold, called directly."""

    def __init__(self, task: Task, folds: Sequence[Fold]) -> None:
        (fold,) = folds
        self.task = task
        self.module = build_network(task, fold.seed).to(task.device)
        self.begin(draw_keys(folds, 0, 0).to(task.device))

    def named_parameters(self) -> Iterable[tuple[str, Tensor]]:
        """The tensors to train, by name."""
        return self.module.named_parameters()

    def tensors(self, place: int) -> dict[str, Tensor]:
        """All tensors of the only network, see `tensors_of`."""
        return tensors_of(self.module)

    def mode(self, training: bool) -> None:
        """Switch to training or evaluation mode, like `nn.Module.train`."""
        with calling(self.task.author, "train"):
            self.module.train(training)

    def begin(self, keys: Tensor) -> None:
        """Use keyed random numbers of these keys from now on, `[folds]` on the device, see `draw_keys`."""
        self.keys = keys

    def compute(self, inputs: Sequence[Tensor], weights: Tensor, head: Head, *about: Tensor) -> Any:
        """Compute `head` of the outputs for one tensor `[1, batch, ...]` per feature, and of `about`, `[1, batch]`. The
        `weights` do not matter, because the batches of one fold are not padded.

        A result has a new first axis of 1; if it is not a tensor, it is returned as it is.
        """
        with KeyedDraws(self.keys[0]) if self.module.training else nullcontext():
            found = head(self.module(*(tensor[0] for tensor in inputs)), *(tensor[0] for tensor in about))
        return found[None] if isinstance(found, Tensor) else found


class StackedNetworks:
    """The networks of many folds: each parameter is stacked along a new first axis, and one call computes all networks.

    A step takes the same arithmetic as one fold after another, but in fewer and larger matrix products.
    """

    def __init__(self, task: Task, folds: Sequence[Fold]) -> None:
        self.task = task
        device = task.device
        first = build_network(task, folds[0].seed)
        self.stacked: dict[str, Tensor] = {
            name: torch.empty((len(folds), *tensor.shape), dtype=tensor.dtype, device=device)
            for name, tensor in first.named_parameters()
        }
        for index, fold in enumerate(folds):
            network = build_network(task, fold.seed) if index else first
            for name, parameter in network.named_parameters():
                self.stacked[name][index].copy_(parameter.detach())
        for name, parameter in first.named_parameters():
            self.stacked[name].requires_grad_(parameter.requires_grad)  # frozen parameters stay frozen
        self.statistics = {
            name: torch.stack([buffer.to(device)] * len(folds)) for name, buffer in statistics_of(first).items()
        }
        # From here on only the shapes are needed, and buffers, which do not depend on the seed.
        self.module = first.to("meta") if not list(first.buffers()) else first.to(device)
        self.begin(draw_keys(folds, 0, 0).to(device))

    def named_parameters(self) -> Iterable[tuple[str, Tensor]]:
        """The tensors to train, by name, each `[folds, ...]`."""
        return self.stacked.items()

    def tensors(self, place: int) -> dict[str, Tensor]:
        """All tensors of the network of the fold at `place`, see `tensors_of`."""
        own = {name: tensor[place] for name, tensor in (self.stacked | self.statistics).items()}
        return _buffers(self.module) | own

    def mode(self, training: bool) -> None:
        """Switch to training or evaluation mode, like `nn.Module.train`."""
        with calling(self.task.author, "train"):
            self.module.train(training)

    def begin(self, keys: Tensor) -> None:
        """Use keyed random numbers of these keys from now on, `[folds]` on the device, see `draw_keys`."""
        self.keys = keys

    def compute(self, inputs: Sequence[Tensor], weights: Tensor, head: Head, *about: Tensor) -> Any:
        """Compute `head` of the outputs for a tensor `[folds, batch, ...]` per feature and of `about` `[folds, batch]`.
        Batch norms leave out the clips whose `weights`, `[folds, batch]`, are 0.

        A result has a new first axis of the folds; if it is not a tensor, it is returned as it is.
        """

        def one(own: dict[str, Tensor], key: Tensor, weights: Tensor, *tensors: Tensor) -> Any:
            training = self.module.training
            norms = WeightedNorms(weights) if training and self.statistics else nullcontext()
            with norms, KeyedDraws(key) if training else nullcontext():
                outputs = functional_call(self.module, own, tensors[: len(inputs)])
                return head(outputs, *tensors[len(inputs) :])

        # Random numbers without a key would depend on the other folds of the group, so vmap refuses them.
        return vmap(one, randomness="error")(self.stacked | self.statistics, self.keys, weights, *inputs, *about)
