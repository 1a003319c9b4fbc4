"""What every network here refuses in the same words: options out of range, and images that it was not built for."""

from __future__ import annotations

from torch import Tensor

__all__ = ["check_divisor", "check_dropout", "check_images", "check_whole"]


def check_whole(**options: int) -> None:
    """Raises ValueError, naming the option, unless each is a whole number of at least 1."""
    for name, value in options.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} is {value!r}; it must be a whole number of at least 1")


def check_dropout(dropout: float) -> None:
    """Raises ValueError unless `dropout` is a share in [0, 1)."""
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout is {dropout!r}; it must be at least 0 and below 1")


def check_divisor(divisor: float) -> None:
    """Raises ValueError unless `divisor` is above 0."""
    if not divisor > 0:
        raise ValueError(f"divisor is {divisor!r}; it must be above 0")


def check_images(network: object, images: Tensor, shape: tuple[int, ...]) -> None:
    """Raises ValueError unless `images` is `[batch, *shape]`."""
    if tuple(images.shape[1:]) != shape:
        found = tuple(images.shape[1:])
        raise ValueError(f"{type(network).__name__} was built for images of shape {shape}, not {found}")
