"""Brushes of the face painter: soft polygons, smooth curves and noise, in pixels on a float32 image."""

from __future__ import annotations

import cv2
import numpy as np

__all__ = ["curve", "ellipse", "mottle", "paint", "soft_mask"]

_SHIFT = 6  # OpenCV takes corners as whole 64ths of a pixel


def curve(points: np.ndarray, *, closed: bool = True, steps: int = 8) -> np.ndarray:
    """A Catmull-Rom spline through the points: float64 `[steps * n, 2]`."""
    if not closed:
        points = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    before, start, end, after = (np.roll(points, shift, axis=0)[:, None] for shift in (1, 0, -1, -2))
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    spline = 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    )
    if not closed:
        spline = spline[1:-2]
        return np.concatenate([spline.reshape(-1, 2), points[-2:-1]])
    return np.asarray(spline.reshape(-1, 2))


def ellipse(x: float, y: float, across: float, down: float) -> np.ndarray:
    """The outline of an ellipse with these half axes: float64 `[48, 2]`."""
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return np.stack([x + across * np.cos(turn), y + down * np.sin(turn)], axis=1)


def soft_mask(size: tuple[int, int], outline: np.ndarray, softness: float) -> np.ndarray:
    """How much of each pixel the polygon covers, blurred by `softness` pixels: float32 `[height, width]`, 0..1."""
    mask = np.zeros(size, np.uint8)
    corners = np.rint(outline * 2**_SHIFT).astype(np.int32)
    cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, _SHIFT)
    cover = mask.astype(np.float32) / np.float32(255)
    return cv2.GaussianBlur(cover, (0, 0), softness) if softness > 0.3 else cover


def paint(
    image: np.ndarray, outline: np.ndarray, colour: np.ndarray | float, *, opacity: float = 1.0, softness: float = 0.7
) -> None:
    """Paint a soft polygon on the image, in place.

    Args:
        image: float32 `[height, width, 3]`.
        outline: corners `[n, 2]`, pixels.
        colour: three numbers, an image `[height, width, 3]`, or one number that multiplies the image.
        opacity: 0..1.
        softness: standard deviation of the blur of its edge, pixels.
    """
    height, width = image.shape[:2]
    margin = int(4 * softness) + 2
    left, top = np.clip(np.floor(outline.min(axis=0)).astype(int) - margin, 0, (width, height))
    right, bottom = np.clip(np.ceil(outline.max(axis=0)).astype(int) + margin + 1, 0, (width, height))
    if right <= left or bottom <= top:
        return
    mask = soft_mask((bottom - top, right - left), outline - (left, top), softness)[..., None] * np.float32(opacity)
    part = image[top:bottom, left:right]
    if np.ndim(colour) == 0:
        target = part * np.float32(colour)
    else:
        over = np.asarray(colour, np.float32)
        target = over[top:bottom, left:right] if over.ndim == 3 else over
    part += mask * (target - part)


def mottle(size: tuple[int, int], width: float, draw: np.random.Generator) -> np.ndarray:
    """Smooth noise of mean 0 and standard deviation 1: float32 `[height, width]`, structures about `width` pixels."""
    step = max(1, int(width))  # coarse noise is drawn on a coarse grid
    coarse = draw.standard_normal((size[0] // step + 3, size[1] // step + 3), np.float32)
    noise = cv2.resize(coarse, (coarse.shape[1] * step, coarse.shape[0] * step), interpolation=cv2.INTER_CUBIC)
    noise = cv2.GaussianBlur(noise, (0, 0), max(width / 2, 0.4))[step : step + size[0], step : step + size[1]]
    return np.asarray((noise - noise.mean()) / (noise.std() + 1e-6), np.float32)
