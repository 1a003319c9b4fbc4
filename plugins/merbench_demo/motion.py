"""The generator's model of a face that moves: where it moves, how, and what a camera makes of it.

A clip is a displacement field (u to the right, v downwards, in pixels of a 28x28 image) from onset to apex: a sum of
Gaussian-weighted pushes at brows, eyes, nose, cheeks, mouth and chin, of which those of the class's action units (FACS
numbers) are the signal; a blink, a dimple, head drift and smooth noise are not. All lengths below are pixels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

SIDE = 28
VERSION = 1  # part of every seed: a change of the generator is a change of this number

# Left eye, right eye, nose, left and right mouth corner (left as seen in the image), of the average face.
TEMPLATE = np.array([(9.2, 10.4), (18.8, 10.4), (14.0, 16.0), (10.4, 21.6), (17.6, 21.6)])
FACE_SHIFT = 1.0  # standard deviation of where a subject's whole face lies
POINT_SHIFT = 0.5  # of each landmark about it
STYLE_SPREAD = 0.25  # standard deviation of a subject's log intensity
TASTE = 1.5  # how much subjects differ in which action units they show: concentration of their Dirichlet draw

# Action unit → pushes (site, displacement to the right, displacement down); on the right side of the image the
# displacement to the right is mirrored, so that "right" reads "towards the middle of the face".
ACTION_UNITS: dict[str, tuple[tuple[str, float, float], ...]] = {
    "1+2": (("brow", 0.0, -1.3),),
    "4": (("brow", 0.6, 0.7),),
    "6": (("cheek", 0.0, -0.7), ("eye", 0.0, -0.2)),
    "9": (("nose", 0.0, -0.7), ("brow", 0.2, 0.3)),
    "12": (("corner", -0.7, -0.7),),
    "14": (("corner", -0.6, 0.1),),
    "15": (("corner", 0.0, 0.9),),
    "26": (("chin", 0.0, 1.5),),
    "45": (("eye", 0.0, 0.9),),
}
SITE_WIDTH = {"brow": 2.4, "eye": 1.6, "nose": 1.8, "cheek": 2.6, "corner": 2.0, "chin": 3.0}  # sigma of each push

# Emotion → the combinations of action units that stand for it.
COMBINATIONS: dict[str, tuple[tuple[str, ...], ...]] = {
    "negative": (("4",), ("4", "9"), ("15",), ("4", "15"), ("14",)),
    "positive": (("12",), ("6", "12"), ("6",)),
    "surprise": (("1+2",), ("1+2", "26"), ("26",)),
}
INTENSITY = 1.0  # median length of a push
INTENSITY_SPREAD = 0.35  # standard deviation of its logarithm over clips
ASYMMETRY = 0.3  # standard deviation of the difference between the sides
AMBIGUOUS = 0.08  # share of clips that show another emotion's action units too
WEAK, WEAK_INTENSITY = 0.1, 0.35  # share of clips that hardly move, and how much of the push is left
BLINK, DIMPLE = 0.35, 0.15  # share of clips with the one or the other on top
DRIFT = 0.01  # standard deviation of the head's rotation (rad) and of its growth as it comes nearer (ratio)
NOISE_WIDTH = 2.0  # sigma (px) to which sensor noise is smoothed


@dataclass(frozen=True)
class Camera:
    """What a database does to every clip: `scale` on the motion, `noise` (px, standard deviation) on the flow."""

    scale: float
    noise: float


def generator(*identity: str) -> np.random.Generator:
    """Random numbers that depend on the given names alone, and not on what was generated before."""
    digest = hashlib.sha256("\n".join(("merbench-demo", str(VERSION), *identity)).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


def landmarks(subject: str) -> np.ndarray:
    """The subject's five landmarks: float32 `[5, 2]`, (x, y) in pixels."""
    draw = generator(subject, "face")
    moved = TEMPLATE + draw.normal(0, FACE_SHIFT, 2) + draw.normal(0, POINT_SHIFT, (5, 2))
    return moved.astype(np.float32)


def flow(subject: str, clip: str, emotion: str, camera: Camera) -> np.ndarray:
    """The clip as a release would ship it: float32 `[3, 28, 28]`, (strain, v, u), whole numbers 0..255.

    Each channel is stretched to its own 0..255 and rounded to 8 bits, as the flow release of the composite is.
    """
    u, v = displacement(subject, clip, emotion, camera)
    return np.stack([_stretched(channel) for channel in (strain(u, v), v, u)])


def displacement(subject: str, clip: str, emotion: str, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """(u, v) from onset to apex in pixels, float64 `[28, 28]` each, rows downwards."""
    draw = generator(subject, clip, "motion")
    sites = _sites(landmarks(subject))
    style = np.exp(generator(subject, "style").normal(0, STYLE_SPREAD))
    u, v = _pushes(sites, _shown_units(subject, emotion, draw), style * _intensity(draw), draw)
    distractors = [unit for unit, share in (("45", BLINK), ("14", DIMPLE)) if draw.random() < share]
    for part in (_pushes(sites, distractors, _intensity(draw), draw), _head(draw)):
        u, v = u + part[0], v + part[1]
    return camera.scale * u + _noise(camera.noise, draw), camera.scale * v + _noise(camera.noise, draw)


def strain(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Optical strain magnitude sqrt(u_x^2 + v_y^2 + (u_y + v_x)^2 / 2), as the STSTNet family computes it."""
    u_y, u_x = np.gradient(u)
    v_y, v_x = np.gradient(v)
    return np.asarray(np.sqrt(u_x**2 + v_y**2 + (u_y + v_x) ** 2 / 2))


def _shown_units(subject: str, emotion: str, draw: np.random.Generator) -> list[str]:
    units = list(_combination(subject, emotion, draw))
    others = [name for name in COMBINATIONS if name != emotion]
    if draw.random() < AMBIGUOUS:
        units += _combination(subject, others[draw.integers(len(others))], draw)
    return units


def _combination(subject: str, emotion: str, draw: np.random.Generator) -> tuple[str, ...]:
    """One of the emotion's combinations; each subject has a taste for some of them."""
    choices = COMBINATIONS[emotion]
    taste = generator(subject, "taste", emotion).dirichlet([TASTE] * len(choices))
    return choices[draw.choice(len(choices), p=taste)]


def _intensity(draw: np.random.Generator) -> float:
    weak = WEAK_INTENSITY if draw.random() < WEAK else 1.0
    return float(INTENSITY * weak * np.exp(draw.normal(0, INTENSITY_SPREAD)))


def _sites(points: np.ndarray) -> dict[str, np.ndarray]:
    """(x, y) of each site on a face with these landmarks: `[2, 2]` (left, right), or `[1, 2]` for the chin."""
    eyes, nose, mouth = points[0:2].astype(float), points[2].astype(float), points[3:5].astype(float)
    outwards = np.array([(-1.0, 0.0), (1.0, 0.0)])
    return {
        "brow": eyes - (0.0, 3.4),
        "eye": eyes,
        "nose": nose + 2.0 * outwards,
        "cheek": (eyes + mouth) / 2 + outwards,
        "corner": mouth,
        "chin": mouth.mean(axis=0, keepdims=True) + np.array([0.0, 3.6]),
    }


def _pushes(
    sites: dict[str, np.ndarray], units: Iterable[str], intensity: float, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    u, v = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE))
    for unit in units:
        for site, right, down in ACTION_UNITS[unit]:
            balance = draw.normal(0, ASYMMETRY)
            for (x, y), mirror in zip(sites[site], (1.0, -1.0), strict=False):
                weight = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * SITE_WIDTH[site] ** 2))
                strength = intensity * max(0.0, 1 + mirror * balance)
                u += strength * mirror * right * weight
                v += strength * down * weight
    return u, v


def _head(draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The head's drift: the whole image turns and grows about its middle.

    It also shifts, in life; but a constant is lost when the channels are stretched, so none is drawn.
    """
    rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    turn, grow = draw.normal(0, DRIFT, 2)
    return grow * columns - turn * rows, grow * rows + turn * columns


def _noise(deviation: float, draw: np.random.Generator) -> np.ndarray:
    """White noise, smoothed to NOISE_WIDTH and brought to the given standard deviation."""
    steps = np.subtract.outer(np.arange(SIDE), np.arange(SIDE))
    kernel = np.exp(-(steps**2) / (2 * NOISE_WIDTH**2))
    smooth = kernel @ draw.standard_normal((SIDE, SIDE)) @ kernel.T
    return np.asarray(deviation * smooth / smooth.std())


def _stretched(channel: np.ndarray) -> np.ndarray:
    lowest, highest = channel.min(), channel.max()
    eight_bits: np.ndarray = np.rint(255 * (channel - lowest) / (highest - lowest)).astype(np.float32)
    return eight_bits
