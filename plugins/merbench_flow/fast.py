"""Dual TV-L1 in OpenCV's scheme, several times as fast: a step is a few dozen NumPy passes over whole arrays.

OpenCV's `tvl1flow.cpp` computes a step pixel by pixel, and calls C's `hypot` twice for each. Pyramid, warps, median
filter and the rule that ends the steps are the same here; only rounding differs. docs/faces-and-flow.md says how far
the results are apart.

A step uses only operations that are rounded exactly, and NumPy's sum, whose order is fixed. So the result does not
depend on the number of threads. OpenCV's `magnitude` would save a tenth of the time, but its last digit depends on
where in memory the result lies.
"""

from __future__ import annotations

import cv2
import numpy as np

from merbench_flow.algorithms import TVL1

TAU, THETA, EPSILON = (np.float32(TVL1[name]) for name in ("tau", "theta", "epsilon"))
LARGEST_STEP = np.float32(TVL1["lambda_"] * THETA)
# Flow is kept in this unit while it is computed: then no step has to multiply gradients by tau / theta.
UNIT = np.float32(TAU / THETA)
SMALLEST_SIDE = 16  # of a level of the pyramid, as in OpenCV
ONE = np.float32(1)


def tv_l1(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The motion between two grey images, float32 `[height, width]` in 0..1: float32 `[height, width, 2]`, (u, v) in
    pixels.

    The result is OpenCV's `DualTVL1OpticalFlow` with the parameters `TVL1`, up to rounding. Two parameters are fixed:
    `gamma` is 0 and `useInitialFlow` False.
    """
    (start, end), *finer = reversed(_pyramid(first, second))
    motion = _Level(start, end, [np.zeros_like(start)] * 2).solved()
    for start, end in finer:
        larger = [cv2.resize(one, start.shape[::-1]) / np.float32(TVL1["scaleStep"]) for one in motion]
        motion = _Level(start, end, larger).solved()
    return np.stack(motion, axis=-1)


def _pyramid(first: np.ndarray, second: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Both images with values 0..255, from their own size to the smallest."""
    levels: list[tuple[np.ndarray, np.ndarray]] = [(first * np.float32(255), second * np.float32(255))]
    ratio = TVL1["scaleStep"]
    while len(levels) < TVL1["nscales"]:
        start, end = (cv2.resize(image, None, fx=ratio, fy=ratio) for image in levels[-1])
        if min(start.shape) < SMALLEST_SIDE:
            break
        levels.append((start, end))
    return levels


class _Component:
    """u or v of one level, and its two dual variables.

    Rows have one column more than the image, which stays 0, and lie one after the other. Thus a neighbour is at a fixed
    distance, and every difference is one pass over a contiguous array.
    """

    def __init__(self, start: np.ndarray) -> None:
        rows, columns = start.shape
        wide = columns + 1
        flow = np.zeros(rows * wide + wide, np.float32)
        self.flow, self.right, self.down = flow[:-wide], flow[1 : 1 - wide], flow[wide:]
        x, y = np.zeros((2, wide + rows * wide), np.float32)
        self.x, self.left = x[wide:], x[wide - 1 : -1]
        self.y, self.above = y[wide:], y[:-wide]
        self.slope = np.zeros(rows * wide, np.float32)  # of the warped image, divided by theta
        self.pixels = self.flow.reshape(rows, wide)[:, :-1]
        np.multiply(start, UNIT, out=self.pixels)

    def median(self) -> None:
        """The flow becomes its median filter."""
        self.pixels[...] = cv2.medianBlur(self.pixels, TVL1["medianFiltering"])


class _Level:
    """One level of the pyramid: images `[height, width]` and (u, v) in its pixels."""

    def __init__(self, first: np.ndarray, second: np.ndarray, motion: list[np.ndarray]) -> None:
        self.rows, self.columns = first.shape
        self.first = first
        self.second = cv2.merge([second, *_gradient(second)])
        self.u, self.v = _Component(motion[0]), _Component(motion[1])
        self.columns_from_0, self.rows_from_0 = np.meshgrid(
            np.arange(self.columns, dtype=np.float32), np.arange(self.rows, dtype=np.float32)
        )
        size = len(self.u.flow)
        # The step towards the second image is `offset + of_u * u + of_v * v`, clipped.
        self.offset, self.of_u, self.of_v = np.zeros((3, size), np.float32)
        self.a, self.b, self.c, self.d = np.empty((4, size), np.float32)  # results in between

    def solved(self) -> list[np.ndarray]:
        """u and v `[height, width]` after all warps."""
        enough = float(EPSILON) ** 2 * self.first.size
        for _ in range(TVL1["warps"]):
            self._warp()
            self._steps(enough)
        return [one.pixels / UNIT for one in (self.u, self.v)]

    def _steps(self, enough: float) -> None:
        for _ in range(TVL1["outerIterations"]):
            self.u.median()
            self.v.median()
            for _ in range(TVL1["innnerIterations"]):
                change = self._move()
                self._relax(self.u)
                self._relax(self.v)
                if change <= enough:
                    return

    def _warp(self) -> None:
        """Makes the second image, moved back by the flow, linear around the flow."""
        u, v = self.u.pixels / UNIT, self.v.pixels / UNIT
        moved = cv2.remap(self.second, self.columns_from_0 + u, self.rows_from_0 + v, cv2.INTER_CUBIC)
        image, x, y = cv2.split(moved)
        inverse = -ONE / np.maximum(x * x + y * y, np.finfo(np.float32).eps)
        self._inside(self.offset)[...] = (image - x * u - y * v - self.first) * inverse
        for slope, factor, component in ((x, self.of_u, self.u), (y, self.of_v, self.v)):
            np.multiply(slope, inverse / UNIT, out=self._inside(factor))
            np.divide(slope, np.float32(THETA), out=self._inside(component.slope))

    def _inside(self, array: np.ndarray) -> np.ndarray:
        return array.reshape(self.rows, self.columns + 1)[:, :-1]

    def _move(self) -> float:
        """Moves the flow towards the second image and the dual variables; returns the sum of squared changes."""
        step, change, part = self.a, self.b, self.c
        np.multiply(self.of_u, self.u.flow, out=step)
        np.multiply(self.of_v, self.v.flow, out=part)
        step += part
        step += self.offset
        np.clip(step, -LARGEST_STEP, LARGEST_STEP, out=step)
        squares = 0.0
        for one in (self.u, self.v):
            np.subtract(one.x, one.left, out=change)
            change += one.y
            change -= one.above
            np.multiply(step, one.slope, out=part)
            change += part
            change *= TAU
            one.flow += change
            change *= change
            squares += float(change.sum())
        return squares / float(UNIT) ** 2

    def _relax(self, one: _Component) -> None:
        """Updates the dual variables of a component from the gradient of its flow."""
        x, y, length, part = self.a, self.b, self.c, self.d
        np.subtract(one.right, one.flow, out=x)
        np.subtract(one.down, one.flow, out=y)
        x.reshape(self.rows, -1)[:, -2:] = 0
        y.reshape(self.rows, -1)[-1] = 0
        np.multiply(x, x, out=length)
        np.multiply(y, y, out=part)
        length += part
        np.sqrt(length, out=length)
        length += ONE
        one.x += x
        one.x /= length
        one.y += y
        one.y /= length


def _gradient(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Half of the difference of the two neighbours in x and in y; at the border, the pixel is its own neighbour."""
    padded = np.pad(image, 1, mode="edge")
    half = np.float32(0.5)
    return half * (padded[1:-1, 2:] - padded[1:-1, :-2]), half * (padded[2:, 1:-1] - padded[:-2, 1:-1])
