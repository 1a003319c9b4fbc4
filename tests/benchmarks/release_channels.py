"""Which channel of the flow release is strain, which is v and which is u, and by which formula strain was computed.

For each order of the channels, strain is computed from the two channels that would be u and v, and correlated with the
third. Each channel of each image was stretched by itself, so the ratio of the scales of u and v is lost: the best of a
range is taken, of both signs.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tests.benchmarks.row import Row

IMAGES = "htnet-release/datasets/STSNet_whole_norm_u_v_os"
RATIOS = np.concatenate([sign * np.exp(np.linspace(-1.5, 1.5, 25)) for sign in (1, -1)])
Gradients = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # u_x, u_y, v_x, v_y


def ststnet(u_x: np.ndarray, u_y: np.ndarray, v_x: np.ndarray, v_y: np.ndarray) -> np.ndarray:
    """The square of STSTNet's strain."""
    squared: np.ndarray = u_x**2 + v_y**2 + (u_y + v_x) ** 2 / 2
    return squared


def meb(u_x: np.ndarray, u_y: np.ndarray, v_x: np.ndarray, v_y: np.ndarray) -> np.ndarray:
    """The square of the library meb's strain."""
    squared: np.ndarray = u_x**2 + v_y**2 + (u_y**2 + v_x**2) / 2
    return squared


def run(reference: Path | None) -> list[Row]:
    """One row per formula and order of channels; none where MERBENCH_REAL_DATA does not name the data."""
    data = os.environ.get("MERBENCH_REAL_DATA")
    if not data:
        return [Row("channels of the flow release", "not measured", "MERBENCH_REAL_DATA is not set")]
    released = images(Path(data) / IMAGES)
    fits = {order: correlations(released, order, ststnet) for order in itertools.permutations(range(3))}
    return [*_orders(fits), *_formulas(released, fits[0, 1, 2])]


def images(folder: Path) -> np.ndarray:
    """`[clips, 28, 28, 3]`, channels as OpenCV reads them."""
    import cv2

    return np.stack([cv2.imread(str(path)) for path in sorted(folder.glob("*.png"))]).astype(np.float64)


def correlations(images: np.ndarray, order: tuple[int, int, int], formula: Callable[..., np.ndarray]) -> np.ndarray:
    """The correlation with the strain channel, `[clips]`, at the best ratio of scales."""
    strain, v, u = order
    (v_y, v_x), (u_y, u_x) = (np.gradient(images[..., one], axis=(1, 2)) for one in (v, u))
    wanted = _unit(images[..., strain])
    fits = [(_unit(np.sqrt(formula(r * u_x, r * u_y, v_x, v_y))) * wanted).sum(axis=1) for r in RATIOS]
    best: np.ndarray = np.max(fits, axis=0)
    return best


def _unit(values: np.ndarray) -> np.ndarray:
    flat = values.reshape(len(values), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    unit: np.ndarray = flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)
    return unit


def _orders(fits: dict[tuple[int, int, int], np.ndarray]) -> Iterator[Row]:
    best = np.argmax([fits[order] for order in fits], axis=0)
    for place, (order, fit) in enumerate(fits.items()):
        named = dict(zip(order, ("strain", "v", "u"), strict=True))
        words = ", ".join(named[channel] for channel in range(3))
        figure = f"median correlation {np.median(fit):.2f}"
        yield Row(f"channels ({words})", figure, f"the best order for {(best == place).sum()} of {len(fit)} clips")


def _formulas(images: np.ndarray, fit: np.ndarray) -> Iterator[Row]:
    other = correlations(images, (0, 1, 2), meb)
    yield Row(
        "strain as STSTNet", f"median correlation {np.median(fit):.2f}", f"fits {(fit > other).sum()} clips better"
    )
    yield Row("strain as meb", f"median correlation {np.median(other):.2f}", f"fits {(other > fit).sum()} clips better")
