"""Videos of virtual faces with known motion: images, the true flow between any two of them, and the true landmarks.

A frame shows the subject's resting face (`face.py`) after pushes of the skin (`muscles.py`) and a drift of the head.
The map from the resting face to frame i takes a point X to

    x_i(X) = c + s_i R_i (X + w_i A(X) + b_i B(X) - c) + t_i

with A the displacement of the expression, B that of a blink, w_i and b_i their progress, and s_i, R_i, t_i the growth,
turn and shift of the head about its middle c. An image is drawn with the inverse of this map (turn and shift are undone
exactly, pushes by fixed-point iteration). So the true flow from frame i to frame j at a pixel x is x_j(X) - x, with X
the point that frame i shows there. The videos show no real person.

`python -m tests.benchmarks faces-and-flow` measures how far dlib's landmarks and the computed flow lie from the truth.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from merbench import Frames
from merbench_demo.face import draw_face
from merbench_demo.muscles import BLINK, Push, pushes_of, shown_units
from merbench_demo.shape import VERSION, Pose, generator, neutral_landmarks

__all__ = ["DrawnFrames", "RenderedClip", "render"]

TURN, GROW, SHIFT = 0.002, 0.0015, 0.004  # drift over the clip: radians, ratio, face units (standard deviations)
FPS = 200  # frames per second in the clip table
BLINKS = 0.2  # share of clips with a blink
NOISE = 1.2  # standard deviation of the sensor's noise, in 1/255 of full brightness
BLINK_REACH = 2.0  # length of a blink in multiples of an expression's intensity: the lids close halfway
INVERSE_STEPS = 4  # of the fixed-point iteration: pushes have slopes below 0.4, so each step shrinks the error by that
GRAIN_ROOM = 32  # largest random shift of the sensor's noise from frame to frame, in pixels


@dataclass(frozen=True)
class RenderedClip:
    """A clip whose frames are drawn when they are asked for.

    Attributes:
        subject, clip, emotion: names; they decide everything random.
        units: the action units that are shown.
        frames: number of frames; onset, apex, offset: places among the frames, counted from 0.
        size: height and width in pixels.
        cropped: whether the face fills the image.
        noise: standard deviation of the sensor's noise, 1/255 of full brightness.
        strength: of the expression, relative to the usual strength.
    """

    subject: str
    clip: str
    emotion: str
    units: tuple[str, ...]
    frames: int
    onset: int
    apex: int
    offset: int
    size: tuple[int, int]
    cropped: bool
    noise: float
    strength: float = 1.0

    def image(self, place: int) -> np.ndarray:
        """One frame: uint8 `[height, width, 3]`, red first; the bytes are always the same."""
        rest = self._rest(place)
        drawn = cv2.remap(self._face.image, rest[0], rest[1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        if not self.noise:
            return np.asarray(drawn, np.uint8)
        down, right = generator(self.subject, self.clip, "noise", str(place)).integers(0, GRAIN_ROOM, 2)
        grain = self._grain[down : down + self.size[0], right : right + self.size[1]]
        return np.asarray(cv2.add(drawn, grain, dtype=cv2.CV_8U), np.uint8)

    def flow(self, first: int, second: int) -> np.ndarray:
        """The true motion: float32 `[2, height, width]`, (u, v) in pixels, at each pixel of the first frame."""
        moved = self._moved(self._rest(first), second)
        return np.asarray(moved - self._grid, np.float32)

    def landmarks(self, place: int) -> np.ndarray:
        """The true landmarks in a frame: float32 `[68, 2]`, (x, y) in pixels, in iBUG's order."""
        points = self._face.landmarks
        expression, blink = (_displacement_at(pushes, self._pose, points) for pushes in self._pushes)
        pushed = points + self._weight(place) * expression + self._blink(place) * blink
        return np.asarray(self._drifted(pushed.T, place).T, np.float32)

    @cached_property
    def _face(self):  # type: ignore[no-untyped-def]  # a Face; dataclasses would take the annotation for a field
        return draw_face(self.subject, self.size, self.cropped)

    @property
    def _pose(self) -> Pose:
        pose: Pose = self._face.pose
        return pose

    @cached_property
    def _pushes(self) -> tuple[list[Push], list[Push]]:
        points = neutral_landmarks(self.subject)
        return (
            pushes_of(self.subject, self.clip, self.units, points, self.strength),
            pushes_of(self.subject, f"{self.clip} blink", (BLINK,), points),
        )

    @cached_property
    def _grain(self) -> np.ndarray:
        """The sensor's noise, with a margin for shifts: float32 `[height + room, width + room, 3]`."""
        shape = (self.size[0] + GRAIN_ROOM, self.size[1] + GRAIN_ROOM, 3)
        draw = generator(self.subject, self.clip, "grain")
        return np.asarray(self.noise * draw.standard_normal(shape, np.float32), np.float32)

    @cached_property
    def _grid(self) -> np.ndarray:
        rows, columns = np.indices(self.size, dtype=np.float32)
        return np.stack([columns, rows])

    @cached_property
    def _fields(self) -> tuple[np.ndarray, np.ndarray]:
        """A and B at each pixel of the resting face: float32 `[height, width, 2]`, pixels."""
        expression, blink = (_field(pushes, self._pose, self.size) for pushes in self._pushes)
        return expression, blink

    def _weight(self, place: int) -> float:
        """Progress of the expression: 0 up to the onset, 1 at the apex, 0 from the offset on, smooth between."""
        if not self.onset < place < self.offset:
            return float(place == self.apex)
        rising = place <= self.apex
        start, end = (self.onset, self.apex) if rising else (self.offset, self.apex)
        return float(np.sin(np.pi / 2 * (place - start) / (end - start)) ** 2) if start != end else 1.0

    def _blink(self, place: int) -> float:
        draw = generator(self.subject, self.clip, "blink")
        happens, middle, span = draw.random() < BLINKS, draw.uniform(0, self.frames), max(2.0, self.frames / 8)
        return BLINK_REACH * float(np.exp(-(((place - middle) / span) ** 2))) if happens else 0.0

    def _drift(self, place: int) -> tuple[np.ndarray, np.ndarray]:
        """The head's turn and growth as a matrix `[2, 2]`, and its shift `[2]` in pixels; 0 in the first frame."""
        draw = generator(self.subject, self.clip, "drift")
        turn, grow, *shift = draw.normal(0, 1, 4) * (TURN, GROW, SHIFT, SHIFT) * place / max(1, self.frames - 1)
        scale = 1 + grow
        matrix = scale * np.array([(np.cos(turn), -np.sin(turn)), (np.sin(turn), np.cos(turn))])
        return matrix, np.array(shift) * self._pose.unit

    def _drifted(self, points: np.ndarray, place: int) -> np.ndarray:
        """The places of points `[2, ...]` of the resting head after the head's drift."""
        matrix, shift = self._drift(place)
        middle = np.array([self._pose.x, self._pose.y])
        moved = np.tensordot(matrix, points, axes=1)
        return np.asarray(moved + (middle + shift - matrix @ middle).reshape(2, *[1] * (points.ndim - 1)))

    def _rest(self, place: int) -> np.ndarray:
        """The point of the resting face that each pixel of a frame shows: float32 `[2, height, width]`."""
        matrix, shift = self._drift(place)
        middle = np.array([self._pose.x, self._pose.y])
        back = np.linalg.inv(matrix)
        start = (middle - back @ (middle + shift)).reshape(2, 1, 1)
        undrifted = np.asarray(np.tensordot(back.astype(np.float32), self._grid, axes=1) + start, np.float32)
        if not (self._weight(place) or self._blink(place)):
            return undrifted
        field, rest = self._field_of(place), undrifted
        for _ in range(INVERSE_STEPS):
            rest = undrifted - _sampled(field, rest)
        return rest

    def _moved(self, rest: np.ndarray, place: int) -> np.ndarray:
        return self._drifted(rest + _sampled(self._field_of(place), rest), place)

    def _field_of(self, place: int) -> np.ndarray:
        expression, blink = self._fields
        return np.asarray(self._weight(place) * expression + self._blink(place) * blink, np.float32)


def render(
    subject: str,
    clip: str,
    emotion: str,
    *,
    frames: int = 24,
    onset: int = 2,
    apex: int | None = None,
    offset: int | None = None,
    size: tuple[int, int] = (480, 640),
    cropped: bool = False,
    noise: float = NOISE,
    units: tuple[str, ...] | None = None,
    strength: float = 1.0,
) -> RenderedClip:
    """A clip of a virtual subject who shows an emotion.

    Args:
        subject, clip: any names; the same names give the same bytes.
        emotion: negative, positive or surprise, or an annotated emotion that counts as one of them.
        frames: number of frames, at least 1.
        onset, apex, offset: places among the frames; by default the apex lies midway and the offset is the last frame.
        size: height and width in pixels.
        cropped: whether the face fills the image.
        noise: standard deviation of the sensor's noise, 1/255 of full brightness.
        units: the action units to show instead of those of the emotion.
        strength: of the expression; with 1, skin moves by one to three pixels of a 640x480 image.

    Raises:
        ValueError: the places are not in order or not among the frames.
    """
    offset = frames - 1 if offset is None else offset
    onset = min(onset, offset)
    apex = (onset + offset) // 2 if apex is None else apex
    if not 0 <= onset <= apex <= offset < frames:
        raise ValueError(f"onset {onset}, apex {apex}, offset {offset} must be in order and below {frames} frames")
    shown = shown_units(subject, clip, emotion) if units is None else units
    return RenderedClip(subject, clip, emotion, shown, frames, onset, apex, offset, size, cropped, noise, strength)


class DrawnFrames(Frames):
    """The images of a rendered clip, in the form that a source returns, but drawn when they are asked for.

    Args:
        clip: the clip to draw; frame n is its place n - 1.
        annotate_apex: whether the apex is annotated.
    """

    def __init__(self, clip: RenderedClip, *, annotate_apex: bool = True) -> None:
        super().__init__(
            {place + 1: Path() for place in range(clip.frames)},
            root=Path(),
            onset=clip.onset + 1,
            apex=clip.apex + 1 if annotate_apex else None,
            offset=clip.offset + 1,
            fps=FPS,
            cropped=clip.cropped,
        )
        self.clip = clip

    @property
    def files(self) -> dict[int, Path]:
        """Empty, because the images are not on disk."""
        return {}

    def read(self, place: int) -> np.ndarray:
        """The image at a place: uint8 `[height, width, 3]`, red first."""
        return self.clip.image(place)

    def signature(self) -> str:
        """sha256 (hex) of everything that decides the images."""
        decided = [getattr(self.clip, field.name) for field in fields(self.clip)]
        everything = [VERSION, decided, self.onset, self.apex, self.offset]
        return hashlib.sha256(json.dumps(everything).encode()).hexdigest()


def _field(pushes: list[Push], pose: Pose, size: tuple[int, int]) -> np.ndarray:
    x, y = pose.grid(size)
    field = np.zeros((*size, 2), np.float32)
    for push in pushes:
        weight = np.exp(-((x - push.site[0]) ** 2 + (y - push.site[1]) ** 2) / (2 * push.width**2))
        field += weight[..., None] * _turned(push.reach, pose)
    return field


def _displacement_at(pushes: list[Push], pose: Pose, points: np.ndarray) -> np.ndarray:
    """The displacement of single points `[n, 2]` in pixels by the pushes: `[n, 2]` pixels."""
    moved = np.zeros_like(points)
    for push in pushes:
        site = pose.to_pixels(push.site[None])
        away = ((points - site) ** 2).sum(axis=1) / pose.unit**2
        moved += np.exp(-away / (2 * push.width**2))[:, None] * _turned(push.reach, pose)
    return moved


def _turned(reach: np.ndarray, pose: Pose) -> np.ndarray:
    """A length in face units, in pixels of the image."""
    ends = pose.to_pixels(np.stack([np.zeros(2), reach]))
    return np.asarray(ends[1] - ends[0], np.float32)


def _sampled(field: np.ndarray, at: np.ndarray) -> np.ndarray:
    """A field `[height, width, 2]` at points `[2, height, width]`: float32 `[2, height, width]`."""
    values = cv2.remap(
        field, at[0].astype(np.float32), at[1].astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(values.transpose(2, 0, 1), np.float32)
