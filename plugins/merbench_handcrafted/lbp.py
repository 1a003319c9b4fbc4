"""Local binary patterns of a clip: on three orthogonal planes (LBP-TOP) and at six points (LBP-SIP)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

import merbench
from merbench_handcrafted.volume import block_histograms, check_blocks, grey, shares

__all__ = ["LBP_SIP", "LBP_TOP", "Setting", "lbp_sip", "lbp_top", "pattern_codes", "plane_points", "uniform_bins"]

Point = tuple[float, float, float]  # (t, y, x) from the centre
ONE = 2**20  # sum of the weights of an interpolated value: whole numbers, so that equal values stay equal


@dataclass(frozen=True)
class Setting:
    """The parameters of a descriptor.

    Attributes:
        radii: (x, y, t), whole numbers of at least 1.
        points: neighbours on each plane's ellipse, 4 or 8; not used by LBP-SIP.
        uniform: whether patterns with more than two changes around the ellipse share one bin.
        blocks: (rows, columns) that the image is divided into; time is not divided.

    Raises:
        ValueError: a parameter is out of range.
    """

    radii: tuple[int, int, int] = (1, 1, 4)
    points: int = 4
    uniform: bool = False
    blocks: tuple[int, int] = (5, 5)

    def __post_init__(self) -> None:
        if len(self.radii) != 3 or not all(isinstance(one, int) and one >= 1 for one in self.radii):
            raise ValueError(f"radii is {self.radii!r}; it must be three whole numbers of at least 1")
        if self.points not in (4, 8):
            raise ValueError(f"points is {self.points!r}; it must be 4 or 8")
        check_blocks(self.blocks)


# megc2019: the baseline of See, Yap, Li, Hong, Wang, MEGC 2019 - The second facial micro-expressions grand challenge,
# FG 2019, with R (1, 1, 4), P 4 and 5x5 blocks; whether it kept all 16 patterns is open. r3p8: R 3 and uniform patterns
# of P 8, which Zhao and Pietikainen (2007) use for faces; the code of Jiang, Zong, Zheng, Seeking salient facial
# regions for cross-database micro-expression recognition, 2021, has them too, with 177 values a block, and LBP-SIP with
# R 3 and 20 values. The blocks here are 5x5; theirs are 85, in several sizes.
LBP_TOP = {"megc2019": Setting(), "r3p8": Setting(radii=(3, 3, 3), points=8, uniform=True)}
LBP_SIP = {"r114": Setting(), "r3": Setting(radii=(3, 3, 3))}


def lbp_top(frames: np.ndarray, *, variant: str = "megc2019") -> np.ndarray:
    """Local binary patterns on three orthogonal planes: float32 `[rows, columns, 3, bins]`; a histogram adds up to 1.

    Zhao, Pietikainen, Dynamic texture recognition using local binary patterns with an application to facial
    expressions, PAMI 29, 2007. The planes are XY, XT and YT. P 4 has 16 bins; the uniform patterns of P 8 have 59.

    Args:
        frames: uint8 `[frames, 3, height, width]`, red first.
        variant: of `LBP_TOP`: `megc2019` or `r3p8`.

    Raises:
        ValueError: the variant is unknown, or the clip is too short or its images too small for it.
    """
    return lbp_top_histograms(grey(frames), _named(LBP_TOP, variant))


def lbp_sip(frames: np.ndarray, *, variant: str = "r114") -> np.ndarray:
    """Local binary patterns at six intersection points: float32 `[rows, columns, 20]`.

    Wang, See, Phan, Oh, LBP with six intersection points, ACCV 2014: among the points of LBP-TOP with P 4, only six are
    different, four in the image and two in time. The patterns of the four have 16 bins, the patterns of the two have 4;
    each of the two histograms adds up to 1. The authors' radii and blocks were not available: see `LBP_SIP`.

    Args:
        frames: uint8 `[frames, 3, height, width]`, red first.
        variant: of `LBP_SIP`: `r114`, the radii and blocks of the LBP-TOP baseline, or `r3`, all radii 3.

    Raises:
        ValueError: the variant is unknown, or the clip is too short or its images too small for it.
    """
    return lbp_sip_histograms(grey(frames), _named(LBP_SIP, variant))


def lbp_top_histograms(volume: np.ndarray, setting: Setting) -> np.ndarray:
    """LBP-TOP of a grey volume, uint8 `[frames, height, width]`; result and errors as in `lbp_top`.

    All three planes have the same centres: those with all neighbours inside the volume, on every plane. The blocks
    divide these centres, and each histogram is divided by its sum. The code of Hong, Xu, Zhao, LBP-TOP: a tensor
    unfolding revisit, ACCV workshops 2016, from the authors' group, does the same.
    """
    bins = uniform_bins(setting.points) if setting.uniform else np.arange(2**setting.points)
    planes = []
    for plane in ("xy", "xt", "yt"):
        codes = pattern_codes(volume, plane_points(plane, setting.radii, setting.points), setting.radii)
        planes.append(shares(block_histograms(bins[codes], int(bins.max()) + 1, setting.blocks)))
    return np.stack(planes, 2)


def lbp_sip_histograms(volume: np.ndarray, setting: Setting) -> np.ndarray:
    """LBP-SIP of a grey volume, uint8 `[frames, height, width]`; result and errors as in `lbp_sip`."""
    groups = plane_points("xy", setting.radii, 4), plane_points("xt", setting.radii, 4)[1::2]
    codes = [pattern_codes(volume, points, setting.radii) for points in groups]
    parts = [
        shares(block_histograms(code, 2 ** len(points), setting.blocks))
        for code, points in zip(codes, groups, strict=True)
    ]
    return np.concatenate(parts, -1)


def plane_points(plane: str, radii: tuple[int, int, int], count: int) -> list[Point]:
    """`count` points on the ellipse around a centre in the plane `xy`, `xt` or `yt`, as (t, y, x).

    Point p lies at the angle 2 pi p / count: from the plane's x (in `yt`: from t) towards its t (in `xy` and `yt`:
    towards the top of the image), as in the authors' code.
    """
    x, y, t = radii
    points = []
    for number in range(count):
        angle = 2 * math.pi * number / count
        cos, sin = round(math.cos(angle), 9), round(math.sin(angle), 9)
        points.append(
            {"xy": (0.0, -y * sin, x * cos), "xt": (t * sin, 0.0, x * cos), "yt": (t * cos, -y * sin, 0.0)}[plane]
        )
    return points


def pattern_codes(volume: np.ndarray, points: Sequence[Point], radii: tuple[int, int, int]) -> np.ndarray:
    """The pattern around each centre: uint8 `[frames - 2 t, height - 2 y, width - 2 x]`.

    Bit p is 1 if the value at point p is at least the value at the centre. Values between pixels are interpolated
    bilinearly, with weights that are multiples of 2^-20, so a constant added to all grey values changes no bit.

    Args:
        volume: uint8 `[frames, height, width]`.
        points: at most 8, within `radii`.
        radii: (x, y, t); centres nearer to the border are left out.

    Raises:
        ValueError: the volume has no centre.
    """
    x, y, t = radii
    for size, radius, what in zip(volume.shape, (t, y, x), ("frames", "rows", "columns"), strict=True):
        if size < 2 * radius + 1:
            raise ValueError(f"{size} {what} are too few for a radius of {radius}, which needs {2 * radius + 1}")
    codes = np.zeros([size - 2 * radius for size, radius in zip(volume.shape, (t, y, x), strict=True)], np.uint8)
    wide: np.ndarray | None = None
    for bit, point in enumerate(points):
        corners = _corners(point)
        if len(corners) == 1:
            above = _shifted(volume, corners[0][0], radii) >= _shifted(volume, (0, 0, 0), radii)
        else:
            wide = volume.astype(np.int32) if wide is None else wide
            value = sum(weight * _shifted(wide, offset, radii) for offset, weight in corners)
            above = value >= ONE * _shifted(wide, (0, 0, 0), radii)
        codes |= above.view(np.uint8) << np.uint8(bit)
    return codes


def uniform_bins(points: int) -> np.ndarray:
    """The bin of each of the 2^points patterns: int64 `[2^points]`.

    A pattern with at most two changes between 0 and 1 around the circle has its own bin, in the order of the codes; all
    other patterns share the last bin (Ojala, Pietikainen, Maenpaa, PAMI 24, 2002).
    """
    codes = np.arange(2**points)
    around = codes ^ (codes >> 1 | (codes & 1) << points - 1)
    uniform = np.array([bin(one).count("1") <= 2 for one in around])
    return np.where(uniform, np.cumsum(uniform) - 1, uniform.sum())


def _corners(point: Point) -> list[tuple[tuple[int, int, int], int]]:
    """The pixels around a point as offsets (t, y, x), each with its weight; the weights add up to `ONE`."""
    near = [(math.floor(one), one - math.floor(one)) for one in point]
    sides = [[(low, 1 - part), (low + 1, part)] if part else [(low, 1.0)] for low, part in near]
    corners: list[tuple[tuple[int, int, int], int]] = []
    for (t, of_t), (y, of_y), (x, of_x) in product(*sides):
        corners.append(((t, y, x), round(ONE * of_t * of_y * of_x)))
    corners.sort(key=lambda corner: corner[1])
    largest, _ = corners.pop()
    return [*corners, (largest, ONE - sum(weight for _, weight in corners))]


def _shifted(volume: np.ndarray, offset: tuple[int, int, int], radii: tuple[int, int, int]) -> np.ndarray:
    """The values at `offset` from each centre."""
    spans = zip(volume.shape, offset, reversed(radii), strict=True)
    return volume[tuple(slice(radius + shift, size - radius + shift) for size, shift, radius in spans)]


def _named(settings: dict[str, Setting], variant: str) -> Setting:
    merbench.check_choice(settings, variant=variant)
    return settings[variant]
