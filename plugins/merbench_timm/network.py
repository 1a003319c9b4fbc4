"""A timm network for clips: their images are resized and stacked as channels, and the result is logits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

import merbench
from merbench_timm.weights import config_of, find_weights, fitted

__all__ = ["TimmNetwork"]

MEAN, DEVIATION = (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)  # for architectures without weights in timm


class TimmNetwork(nn.Module):
    """An architecture of timm, built by timm, for any number of classes and input channels.

    A clip's images are stacked along the channels and resized by bilinear interpolation.

    Args:
        classes: number of logits.
        architecture: a name from `timm.list_models`, optionally with the tag of its weights. The model `timm:NAME` sets
            it; it has no default, so it cannot be changed.
        in_chans: channels of the stacked images: 3 for flow, 6 for onset and apex, 24 for eight frames.
        image_size: rows and columns that the images are resized to.
        normalize: for images of 0..255: divide by 255, and scale each channel by the mean and deviation that the
            architecture's weights were trained with. Leave it off if the recipe standardizes.
        pretrained: true for timm's own weights, from the hub's cache or the network; or the path of a checkpoint of
            this architecture (`.safetensors`, or a torch state dict; code in it is never run). timm adapts the first
            convolution to `in_chans`. A head with another number of classes keeps its random initial weights.

    Raises:
        ValueError: an option is out of range, the architecture is unknown, or it does not accept the size.
        merbench.OptionError: the weights cannot be obtained or do not fit.
    """

    def __init__(
        self,
        classes: int = 3,
        *,
        architecture: str,
        in_chans: int = 3,
        image_size: int = 32,
        normalize: bool = False,
        pretrained: bool | str | None = None,
    ) -> None:
        super().__init__()
        merbench.check_whole(classes=classes, in_chans=in_chans, image_size=image_size)
        if normalize and in_chans % 3:
            raise ValueError(f"in_chans is {in_chans}; to normalize, it must be a multiple of 3 (red, green, blue)")
        if not isinstance(pretrained, bool | str | None):
            raise ValueError(f"pretrained is {pretrained!r}; it must be true, false or the path of a checkpoint")
        self.in_chans, self.image_size, self.normalize = in_chans, image_size, normalize
        self.network = _created(architecture, classes, in_chans, image_size)
        if isinstance(pretrained, str) or pretrained:  # `find_weights` refuses an empty text
            path = find_weights(architecture, pretrained)
            self.network = _loaded(path, self.network, architecture, classes, in_chans, image_size)
        config = config_of(self.network)
        self.mean = [255 * one for one in config.get("mean") or MEAN]
        self.deviation = [255 * one for one in config.get("std") or DEVIATION]

    def forward(self, clips: Tensor) -> Tensor:
        """Logits `[batch, classes]` of clips `[batch, channels, height, width]`, or of several images each
        `[batch, images, channels, height, width]`, float32.

        Raises:
            ValueError: the network was built for another number of channels.
        """
        x = clips.flatten(1, -3)
        if x.shape[1] != self.in_chans:
            raise ValueError(f"in_chans is {self.in_chans}, but the clips have {x.shape[1]} channels")
        if self.normalize:
            mean, deviation = (x.new_tensor(one * (self.in_chans // 3)) for one in (self.mean, self.deviation))
            x = (x - mean[:, None, None]) / deviation[:, None, None]
        size = (self.image_size, self.image_size)
        if tuple(x.shape[2:]) != size:
            x = functional.interpolate(x, size, mode="bilinear", align_corners=False)
        alone = self.training and len(x) == 1
        # An epoch's last step may have one clip, on which a batch norm over a 1x1 map cannot train: repeat the clip.
        logits: Tensor = self.network(torch.cat([x, x]) if alone else x)
        return logits[:1] if alone else logits


def _created(architecture: str, classes: int, in_chans: int, image_size: int) -> nn.Module:
    """timm's network with random weights.

    Raises:
        ValueError: timm has no such architecture, or it does not accept such images.
    """
    if not timm.is_model(architecture):
        raise ValueError(f"timm {timm.__version__} has no architecture {architecture!r}")
    try:
        network = _timm(architecture, classes, in_chans, image_size)
    except Exception as error:  # each architecture has its own rules
        raise ValueError(
            f"timm cannot build {architecture} for {in_chans} channels of {image_size}x{image_size}: {_reason(error)}"
        ) from error
    if getattr(network, "num_classes", classes) != classes:
        raise ValueError(f"timm's {architecture} is an encoder without a classification head")
    return network


def _loaded(
    path: Path, random: nn.Module, architecture: str, classes: int, in_chans: int, image_size: int
) -> nn.Module:
    """timm's network with the weights in a file; `random` is the same network with random weights."""
    overlay = fitted(path, random, in_chans)
    try:
        return _timm(architecture, classes, in_chans, image_size, pretrained=True, pretrained_cfg_overlay=overlay)
    except Exception as error:  # a tensor is missing, superfluous or of another shape
        raise merbench.OptionError(
            f"pretrained={path} does not fit timm's {architecture} with {in_chans} channels: {_reason(error)}"
        ) from error


def _timm(architecture: str, classes: int, in_chans: int, image_size: int, **weights: Any) -> nn.Module:
    found = timm.get_pretrained_cfg(architecture)
    # `fixed_input_size` marks architectures whose layers depend on the size of their images.
    sized: dict[str, Any] = {"img_size": image_size} if found and found.fixed_input_size else {}
    network: nn.Module = timm.create_model(architecture, num_classes=classes, in_chans=in_chans, **sized, **weights)
    module: Any  # torch types every attribute that a module does not declare as a tensor or a module
    for module in network.modules():
        # On a CPU, torch's fused attention would run fold by fold, and it gains little with so few tokens.
        if hasattr(module, "fused_attn"):
            module.fused_attn = False
    return network


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
