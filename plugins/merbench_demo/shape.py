"""The shape of a virtual face: the 68 landmarks, and their variation between subjects.

Lengths are in face units: half the width of the face from ear to ear. The origin lies between the eyes, x points to the
right of the image and y downwards. The template has the proportions of an average frontal face.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

__all__ = ["EYES", "JAW", "LANDMARKS", "MOUTH", "NOSE", "VERSION", "Pose", "generator", "neutral_landmarks"]

VERSION = 1  # part of every seed; increase it when the drawing changes

# The 68 landmarks in the order of iBUG (300-W); left is left in the image.
LANDMARKS = 68
JAW, NOSE, EYES, MOUTH = slice(0, 17), slice(27, 36), slice(36, 48), slice(48, 68)

_JAW = [(-1.0, 0.0), (-0.985, 0.24), (-0.945, 0.48), (-0.88, 0.72), (-0.765, 0.95), (-0.6, 1.14), (-0.41, 1.3)]
_JAW += [(-0.2, 1.42), (0.0, 1.47)]
_BROW = [(-0.83, -0.27), (-0.69, -0.39), (-0.52, -0.42), (-0.35, -0.385), (-0.2, -0.32)]
_BRIDGE = [(0.0, -0.03), (0.0, 0.13), (0.0, 0.29), (0.0, 0.45)]
_BASE = [(-0.2, 0.565), (-0.1, 0.6), (0.0, 0.625)]
_EYE = [(-0.63, 0.02), (-0.53, -0.065), (-0.4, -0.065), (-0.3, 0.03), (-0.41, 0.06), (-0.53, 0.065)]
_LIPS = [(-0.37, 0.92), (-0.235, 0.845), (-0.085, 0.805), (0.0, 0.825)]
_LIPS_BELOW = [(0.0, 1.06), (-0.09, 1.05), (-0.23, 1.005)]  # from the middle to the left
_INNER = [(-0.32, 0.92), (-0.09, 0.9), (0.0, 0.905)]
_INNER_BELOW = [(0.0, 0.93), (-0.09, 0.925)]


def _mirrored(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same points on the other side of the face, in the opposite order."""
    return [(-x, y) for x, y in reversed(points)]


def _template() -> np.ndarray:
    right_eye = [_mirrored(_EYE)[place] for place in (2, 3, 4, 5, 0, 1)]  # both eyes run clockwise from their left
    points = [*_JAW, *_mirrored(_JAW[:-1]), *_BROW, *_mirrored(_BROW), *_BRIDGE, *_BASE, *_mirrored(_BASE[:-1])]
    points += [*_EYE, *right_eye]
    points += [*_LIPS, *_mirrored(_LIPS[:-1]), *_mirrored(_LIPS_BELOW[1:]), *_LIPS_BELOW]
    points += [*_INNER, *_mirrored(_INNER[:-1]), *_mirrored(_INNER_BELOW[1:]), *_INNER_BELOW]
    return np.array(points)


TEMPLATE = _template()

# Standard deviations of the differences between faces (ratios, or face units).
WIDER_JAW, LONGER_CHIN, EYE_DISTANCE, EYE_HEIGHT, EYE_WIDTH = 0.05, 0.05, 0.03, 0.13, 0.05
BROW_HEIGHT, NOSE_WIDTH, NOSE_LENGTH, MOUTH_WIDTH, LIP_HEIGHT, MOUTH_PLACE = 0.025, 0.1, 0.035, 0.08, 0.15, 0.02
JITTER = 0.004


def generator(*identity: str) -> np.random.Generator:
    """Random numbers that depend only on the given names, and not on earlier draws."""
    digest = hashlib.sha256("\n".join(("merbench-faces", str(VERSION), *identity)).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


def neutral_landmarks(subject: str) -> np.ndarray:
    """The subject's landmarks without expression: float64 `[68, 2]`, face units, iBUG order."""
    draw = generator(subject, "shape")
    points = TEMPLATE.copy()
    _shape_jaw(points, draw)
    for eye in (slice(36, 42), slice(42, 48)):
        _stretch(points, eye, 1 + _spread(draw, EYE_WIDTH), 1 + _spread(draw, EYE_HEIGHT))
    apart, brow = _spread(draw, EYE_DISTANCE), _spread(draw, BROW_HEIGHT)
    points[[*range(17, 22), *range(36, 42)], 0] -= apart
    points[[*range(22, 27), *range(42, 48)], 0] += apart
    points[17:27, 1] += brow
    points[31:36, 0] *= 1 + _spread(draw, NOSE_WIDTH)
    lower = _spread(draw, NOSE_LENGTH)
    points[27:31, 1] += lower * np.linspace(0, 1, 4)
    points[31:36, 1] += lower
    points[MOUTH, 1] += lower / 2 + _spread(draw, MOUTH_PLACE)
    _stretch(points, MOUTH, 1 + _spread(draw, MOUTH_WIDTH), 1 + _spread(draw, LIP_HEIGHT))
    return np.asarray(points + draw.normal(0, JITTER, points.shape).clip(-2 * JITTER, 2 * JITTER))


def _spread(draw: np.random.Generator, deviation: float) -> float:
    """A normally distributed number, cut at two standard deviations so that no face is a caricature."""
    return float(np.clip(draw.normal(), -2, 2) * deviation)


def _shape_jaw(points: np.ndarray, draw: np.random.Generator) -> None:
    wider, longer = _spread(draw, WIDER_JAW), _spread(draw, LONGER_CHIN)
    below = np.clip(points[JAW, 1] / 1.47, 0, 1)
    points[JAW, 0] *= 1 + wider * np.sin(np.pi * below)
    points[JAW, 1] += longer * below**2


def _stretch(points: np.ndarray, part: slice, across: float, down: float) -> None:
    middle = points[part].mean(axis=0)
    points[part] = middle + (points[part] - middle) * (across, down)


@dataclass(frozen=True)
class Pose:
    """The place of the face in the image: one face unit is `unit` pixels, the origin is at (`x`, `y`) pixels, and the
    head is turned by `angle` radians (clockwise in the image)."""

    x: float
    y: float
    unit: float
    angle: float

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        """From face units to pixels; float64 of the same shape `[..., 2]`."""
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        turn = np.array([(cosine, sine), (-sine, cosine)])
        return np.asarray(self.unit * points @ turn + (self.x, self.y))

    def grid(self, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """(x, y) in face units of every pixel of an image of this (height, width): float32 `[height, width]` each."""
        rows, columns = np.indices(size, dtype=np.float32)
        right, down = (columns - self.x) / self.unit, (rows - self.y) / self.unit
        cosine, sine = np.float32(np.cos(self.angle)), np.float32(np.sin(self.angle))
        return (cosine * right + sine * down).astype(np.float32), (cosine * down - sine * right).astype(np.float32)
