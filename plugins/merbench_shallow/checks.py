"""Checks that the networks share: of their divisor, and of the shape of their images."""

from __future__ import annotations

import math

from torch import Tensor

__all__ = ["check_divisor", "check_images"]


def check_divisor(divisor: float) -> None:
    """Raise ValueError unless `divisor` is above 0 and finite."""
    if not 0 < divisor < math.inf:
        raise ValueError(f"divisor is {divisor!r}; it must be above 0, and finite")


def check_images(network: object, images: Tensor, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless `images` is `[batch, *shape]`."""
    if tuple(images.shape[1:]) != shape:
        found = tuple(images.shape[1:])
        raise ValueError(f"{type(network).__name__} was built for images of shape {shape}, not {found}")
