"""Draw a virtual subject's face without expression: skin, eyes, brows, nose, mouth, hair, clothes and light.

Nothing comes from a photograph; every colour and shape is drawn from random numbers that depend only on the subject's
name. `muscles.py` moves the face, and `video.py` makes videos of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from merbench_demo.painting import curve, ellipse, mottle, paint, soft_mask
from merbench_demo.shape import Pose, generator, neutral_landmarks

__all__ = ["Face", "draw_face"]

# Face units per image side: a portrait shows the head with some space around it, a crop only the face.
PORTRAIT_UNIT, CROP_UNIT = (0.24, 0.27), (0.36, 0.44)
SKINS = ((241, 205, 180), (228, 184, 152), (214, 165, 130), (190, 138, 104), (160, 112, 84), (128, 88, 66))
HAIR = ((28, 22, 20), (46, 32, 24), (74, 50, 34), (112, 80, 50), (88, 84, 84))
EYES = ((70, 46, 30), (92, 66, 40), (84, 104, 112), (98, 112, 80))
CLOTHES = ((60, 72, 96), (110, 60, 64), (72, 92, 76), (140, 140, 146), (44, 44, 50))


@dataclass(frozen=True)
class Face:
    """A subject in front of a camera: `image` is uint8 `[height, width, 3]`, red first; `landmarks` float64 `[68, 2]`,
    pixels, iBUG order; `pose` is the place of the face."""

    image: np.ndarray
    landmarks: np.ndarray
    pose: Pose


@lru_cache(maxsize=64)
def draw_face(subject: str, size: tuple[int, int], cropped: bool = False) -> Face:
    """The subject's face without expression at this (height, width); the same bytes for the same arguments.

    Args:
        subject: any name; it decides identity, skin, hair and lighting.
        size: height and width in pixels.
        cropped: whether the face fills the image, as in releases that were cropped by their authors.
    """
    pose = _pose(subject, size, cropped)
    points = neutral_landmarks(subject)
    painter = _Painter(subject, size, pose, points)
    image = np.clip(np.rint(painter.painted()), 0, 255).astype(np.uint8)
    image.setflags(write=False)
    return Face(image, pose.to_pixels(points), pose)


def _pose(subject: str, size: tuple[int, int], cropped: bool) -> Pose:
    draw = generator(subject, "pose", "cropped" if cropped else "portrait")
    height, width = size
    side = min(height, width * 6 / 5) if cropped else min(height, width * 3 / 4)
    unit = side * draw.uniform(*(CROP_UNIT if cropped else PORTRAIT_UNIT))
    shift = draw.uniform(-0.05, 0.05, 2) * side * (0.3 if cropped else 1.0)
    y = height / 2 - (0.5 if cropped else 0.2) * unit + shift[1]
    angle = float(np.clip(draw.normal(0, 0.03), -0.08, 0.08)) * (0.3 if cropped else 1.0)
    return Pose(x=width / 2 + shift[0], y=y, unit=unit, angle=angle)


class _Painter:
    """Paints one subject layer by layer, from the background to the light."""

    def __init__(self, subject: str, size: tuple[int, int], pose: Pose, points: np.ndarray) -> None:
        self.size, self.pose, self.points = size, pose, points
        draw = generator(subject, "looks")
        self.draw = draw
        tone = draw.uniform(0, len(SKINS) - 1)
        lower = int(tone)
        mixed = np.array(SKINS[lower]) + (tone - lower) * (
            np.array(SKINS[min(lower + 1, len(SKINS) - 1)]) - SKINS[lower]
        )
        self.skin = mixed + draw.normal(0, 3, 3)
        self.hair = np.array(HAIR[draw.integers(len(HAIR))]) * draw.uniform(0.8, 1.1)
        self.iris = np.array(EYES[draw.integers(len(EYES))], float)
        self.clothes = np.array(CLOTHES[draw.integers(len(CLOTHES))]) * draw.uniform(0.8, 1.2)
        self.lips = self.skin * (0.80, 0.58, 0.58) + draw.normal(0, 3, 3)
        self.long_hair, self.fringe = draw.random() < 0.45, draw.uniform(-0.98, -0.7)
        self.thick_brows = draw.uniform(0.8, 1.4)
        backdrop = draw.uniform(90, 210) + draw.normal(0, 6, 3)
        self.image = np.broadcast_to(backdrop.astype(np.float32), (*size, 3)).copy()

    def painted(self) -> np.ndarray:
        """float32 `[height, width, 3]`, 0..255."""
        self._backdrop()
        self._body()
        self._head()
        self._cheeks()
        for side in (-1, 1):
            self._eye(side)
            self._brow(side)
        self._nose()
        self._mouth()
        self._front_hair()
        return cv2.GaussianBlur(self._lit(), (0, 0), max(0.5, 0.006 * self.pose.unit))

    def _lay(self, outline: np.ndarray, colour: np.ndarray | float, opacity: float = 1.0, soft: float = 0.01) -> None:
        """Paint an outline given in face units; `soft` is in face units too."""
        pixels = self.pose.to_pixels(outline)
        paint(self.image, pixels, colour, opacity=opacity, softness=max(0.5, soft * self.pose.unit))

    def _textured(self, colour: np.ndarray, width: float, strength: float) -> np.ndarray:
        noise = mottle(self.size, max(0.8, width * self.pose.unit), self.draw)
        return np.asarray(colour.astype(np.float32) * (1 + np.float32(strength) * noise[..., None]), np.float32)

    def _backdrop(self) -> None:
        self.image *= 1 + 0.03 * mottle(self.size, 0.6 * self.pose.unit, self.draw)[..., None]
        self.image *= 1 + 0.01 * mottle(self.size, 0.04 * self.pose.unit, self.draw)[..., None]

    def _body(self) -> None:
        if self.long_hair:
            back = np.array([(-1.16, -0.3), (-0.9, -1.05), (0, -1.38), (0.9, -1.05), (1.16, -0.3), (1.25, 0.9)])
            back = np.concatenate([back, [(1.15, 2.0), (0, 2.1), (-1.15, 2.0), (-1.25, 0.9)]])
            self._lay(curve(back), self._textured(self.hair, 0.05, 0.18), soft=0.03)
        neck = np.array([(-0.52, 0.9), (0.52, 0.9), (0.56, 2.4), (-0.56, 2.4)])
        self._lay(neck, self.skin * 0.72, soft=0.04)
        shoulders = np.array([(-0.6, 2.0), (-0.3, 2.12), (0, 2.16), (0.3, 2.12), (0.6, 2.0), (1.9, 2.3), (2.4, 4.5)])
        shoulders = np.concatenate([shoulders, [(-2.4, 4.5), (-1.9, 2.3)]])
        self._lay(curve(shoulders), self._textured(self.clothes, 0.03, 0.08), soft=0.02)

    def _outline(self) -> np.ndarray:
        """The head without ears: the jaw line and the skull above it."""
        skull = np.array([(1.0, -0.35), (0.93, -0.7), (0.7, -1.02), (0.36, -1.2), (0, -1.25)])
        skull = np.concatenate([skull, (skull * (-1, 1))[-2::-1]])
        return curve(np.concatenate([self.points[:17], skull]))

    def _head(self) -> None:
        if not self.long_hair:
            for side in (-1, 1):
                self._lay(ellipse(side * 1.04, 0.18, 0.12, 0.27), self.skin * (0.9, 0.82, 0.8), soft=0.02)
                self._lay(ellipse(side * 1.05, 0.18, 0.05, 0.15), self.skin * 0.66, 0.6, soft=0.03)
            self._lay(curve(self._crown(1.12, -1.42)), self._textured(self.hair, 0.05, 0.18), soft=0.03)
        self._lay(self._outline(), self._skin_texture(), soft=0.015)

    def _crown(self, across: float, top: float) -> np.ndarray:
        half = np.array([(across, 0.05), (across * 1.0, -0.5), (across * 0.84, -1.0), (across * 0.45, top * 0.95)])
        return np.concatenate([half, [(0, top)], (half * (-1, 1))[::-1]])

    def _skin_texture(self) -> np.ndarray:
        """Blotches, pores and a few freckles, because flow methods need texture."""
        shade = 1 + 0.025 * mottle(self.size, 0.25 * self.pose.unit, self.draw)
        shade += 0.022 * mottle(self.size, max(1.2, 0.05 * self.pose.unit), self.draw)
        shade += 0.02 * mottle(self.size, max(1.0, 0.018 * self.pose.unit), self.draw)
        freckles = mottle(self.size, max(1.0, 0.03 * self.pose.unit), self.draw)
        shade -= self.draw.uniform(0, 0.12) * np.clip(freckles - 2.0, 0, 1)
        return np.asarray(self.skin.astype(np.float32) * shade[..., None], np.float32)

    def _cheeks(self) -> None:
        for side in (-1, 1):
            self._lay(ellipse(side * 0.58, 0.5, 0.26, 0.2), self.skin * (1.0, 0.86, 0.86), 0.5, soft=0.12)

    def _eye(self, side: int) -> None:
        points = self.points[36:42] if side < 0 else self.points[42:48]
        middle, width = points.mean(axis=0), np.ptp(points[:, 0])
        lids = curve(points)
        self._lay(ellipse(middle[0], middle[1] - 0.08, 0.26, 0.15), 0.8, 0.75, soft=0.07)  # the socket's shadow
        self._lay(curve(middle + (points - middle) * (1.12, 1.45)), 0.78, 0.55, soft=0.025)
        self._lay(lids, np.array((226.0, 220.0, 214.0)), 0.95, soft=0.01)
        inside = soft_mask(self.size, self.pose.to_pixels(lids), max(0.5, 0.01 * self.pose.unit))[..., None]
        below = self.image.copy()
        radius, y = 0.25 * width, middle[1] - 0.012
        self._lay(ellipse(middle[0], y, radius, radius), self.iris, soft=0.012)
        self._lay(ellipse(middle[0], y, 0.45 * radius, 0.45 * radius), np.array((12.0, 10.0, 10.0)), soft=0.01)
        self._lay(ellipse(middle[0] + 0.03, y - 0.03, 0.018, 0.018), np.array((250.0, 250.0, 250.0)), 0.9, soft=0.006)
        self._lay(curve(points - (0, 0.085)), 0.45, 0.8, soft=0.03)  # the shadow of the upper lid on the eyeball
        self.image = below + inside * (self.image - below)
        upper, lower = ([0, 1, 2, 3], [3, 4, 5, 0])
        self._line(points[upper], 0.022, 0.22, 0.95)
        self._line(points[lower], 0.01, 0.55, 0.6)
        self._line(points[upper] * (1, 1) - (0, 0.065), 0.014, 0.66, 0.7)  # the fold above the eye

    def _line(self, points: np.ndarray, thick: float, shade: float, opacity: float) -> None:
        """A stroke along the points, thin at its ends."""
        path = curve(points, closed=False)
        taper = thick * np.sin(np.linspace(0.15, 0.85, len(path)) * np.pi)
        around = np.concatenate([path - np.outer(taper, (0, 1)), (path + np.outer(taper, (0, 1)))[::-1]])
        self._lay(around, shade, opacity, soft=0.012)

    def _brow(self, side: int) -> None:
        points = self.points[17:22] if side < 0 else self.points[22:27]
        path = curve(points, closed=False)
        along = np.linspace(0, 1, len(path)) if side < 0 else np.linspace(1, 0, len(path))
        thick = self.thick_brows * 0.055 * (0.35 + 0.65 * np.sin(np.pi * (0.15 + 0.7 * along**0.8)))
        around = np.concatenate([path - np.outer(thick, (0, 1)), (path + np.outer(thick, (0, 1)))[::-1]])
        self._lay(around, self._textured(self.hair * 1.1, 0.025, 0.25), 0.88, soft=0.022)

    def _nose(self) -> None:
        base = self.points[31:36]
        y, half = base[2, 1], (base[4, 0] - base[0, 0]) / 2
        for side in (-1, 1):
            self._lay(ellipse(side * 0.55 * half, y - 0.035, 0.36 * half, 0.032), 0.32, 0.9, soft=0.02)  # nostril
            wing = np.array([(0.95, -0.16), (1.2, -0.08), (1.1, 0.0), (0.8, 0.0), (1.0, -0.06)]) * (side * half, 1)
            self._lay(curve(wing + np.array([0, y - 0.02])), 0.68, 0.6, soft=0.022)
        self._lay(ellipse(0, y + 0.005, 0.8 * half, 0.022), 0.68, 0.65, soft=0.025)

    def _mouth(self) -> None:
        outer, inner = self.points[48:60], self.points[60:68]
        upper = np.concatenate([outer[0:7], inner[4:5], inner[3:0:-1], inner[0:1]])
        lower = np.concatenate([outer[6:12], outer[0:1], inner[0:1], inner[[7, 6, 5]], inner[4:5]])
        self._lay(curve(upper, steps=3), self._textured(self.lips * 0.86, 0.03, 0.04), 0.9, soft=0.014)
        self._lay(curve(lower, steps=3), self._textured(self.lips * 1.04, 0.03, 0.04), 0.85, soft=0.016)
        self._line(np.concatenate([outer[0:1], (inner[1:4] + inner[[7, 6, 5]]) / 2, outer[6:7]]), 0.02, 0.3, 0.9)
        for corner in outer[[0, 6]]:
            self._lay(ellipse(corner[0], corner[1], 0.028, 0.022), 0.5, 0.7, soft=0.02)
        below = outer[9]
        self._lay(ellipse(0, below[1] + 0.055, 0.2, 0.03), 0.76, 0.6, soft=0.035)

    def _front_hair(self) -> None:
        line = np.array(
            [(-0.97, -0.28), (-0.82, -0.62), (-0.42, 0.04), (0, 0), (0.42, 0.03), (0.82, -0.62), (0.97, -0.28)]
        )
        line[2:5, 1] += self.fringe
        line[2:5, 1] += self.draw.normal(0, 0.03, 3)
        top = np.array(
            [(1.16, -0.3), (0.95, -1.05), (0.45, -1.38), (0, -1.45), (-0.45, -1.38), (-0.95, -1.05), (-1.16, -0.3)]
        )
        sides = 0.75 if self.long_hair else 0.0
        top[[0, -1], 1] += sides
        line[[0, -1], 1] += sides
        self._lay(curve(np.concatenate([line, top])), self._textured(self.hair, 0.045, 0.2), soft=0.03)

    def _lit(self) -> np.ndarray:
        """The painted image in the subject's light: diffuse light on a relief of the head."""
        x, y = self.pose.grid(self.size)
        relief = self._relief(x, y)
        slope_y, slope_x = np.gradient(relief, 1 / self.pose.unit)
        draw = generator("lamp", str(self.draw.integers(2**32)))
        lamp = np.array([draw.normal(0, 0.22), -0.35 + draw.normal(0, 0.12), 1.0])
        lamp /= np.linalg.norm(lamp)
        facing = (lamp[2] - lamp[0] * slope_x - lamp[1] * slope_y) / np.sqrt(1 + slope_x**2 + slope_y**2)
        head = cv2.GaussianBlur(
            soft_mask(self.size, self.pose.to_pixels(self._outline()), 0.03 * self.pose.unit), (0, 0), 0.5
        )
        light = 1 + head * (0.38 + 0.62 * np.clip(facing, 0, 1) / lamp[2] - 1)
        gain = draw.uniform(0.9, 1.1)
        return np.asarray(self.image * (gain * light[..., None]), np.float32)

    def _relief(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Height of the head towards the camera, face units."""
        points = self.points
        tip, chin = points[33, 1], points[8, 1]
        skull = np.sqrt(np.clip(1.18 - x**2 / 1.05 - ((y - 0.12) / 1.42) ** 2, 0.02, None))
        nose_down = np.clip((y + 0.15) / (tip + 0.1), 0, 1)
        ridge = (
            0.26 * nose_down * np.exp(-((x / (0.075 + 0.06 * nose_down)) ** 2)) / (1 + np.exp((y - tip + 0.02) / 0.025))
        )
        bumps = [(0.0, 0.92, 0.3, 0.14, 0.08), (0.0, float(chin) - 0.16, 0.22, 0.13, 0.08)]
        for side in (-1, 1):
            bumps += [(side * 0.46, 0.0, 0.2, 0.1, -0.07), (side * 0.5, -0.33, 0.3, 0.09, 0.05)]
            bumps += [(side * 0.56, 0.36, 0.2, 0.16, 0.08), (side * 0.17, float(tip) - 0.08, 0.07, 0.07, 0.06)]
            bumps += [(side * 0.46, 0.012, 0.13, 0.07, 0.05)]  # the eyeball
        relief = skull + ridge
        for middle, height, across, down, rise in bumps:
            relief = relief + rise * np.exp(-(((x - middle) / across) ** 2) - ((y - height) / down) ** 2)
        return np.asarray(relief, np.float32)
