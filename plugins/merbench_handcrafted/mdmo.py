"""MDMO: the mean motion in its main direction, in 36 regions of the face."""

from __future__ import annotations

from typing import Literal

import numpy as np
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

import merbench
from merbench_handcrafted.mdmo_regions import REGIONS, region_map
from merbench_handcrafted.nested import KERNEL_GRID, NestedC
from merbench_handcrafted.svm import ClassWeights, histogram_steps

__all__ = ["mdmo", "mdmo_svm", "region_histograms", "without_head_motion"]

BINS = 8
CENTRED, FROM_ZERO = VARIANTS = ("centred", "from-zero")
EVEN = 0.5
# Upper jaw on both sides and root of the nose: an expression hardly moves them, so their motion is that of the head.
# These are the thirteen points of the alignment that Zhang and others, Facial 3D regional structural motion
# representation, IEEE Transactions on Affective Computing 2025, released as MDMO's (affine.m).
HEAD = (*range(6), 27, *range(11, 17))


def mdmo(flow: np.ndarray, landmarks: np.ndarray, *, bins: int = BINS, variant: str = CENTRED) -> np.ndarray:
    """The main direction of each region: float32 `[36, 2]`, magnitude in 0..1 and angle in radians, -pi..pi.

    Liu, Zhang, Yan, Wang, Zhao, Fu, A main directional mean optical flow feature for spontaneous micro-expression
    recognition, IEEE Transactions on Affective Computing 7, 2016: the motion of the head is removed; the vectors of
    each region are counted by direction, in 8 bins; the mean vector of the fullest bin represents the region;
    magnitudes are divided by the largest of the 36. The original averages over the flow from the first frame to each
    other frame; this function takes only onset to apex, a common simplification since apex frames are annotated.

    With `centred`, the bins have their middles at 0 (to the right), 45, 90 (downwards) ... degrees. Brows, lids and
    corners of the mouth move up and down, so this motion is in one bin. With `from-zero`, as in the public
    implementation, the edges are there: vertical motion that wavers by a few degrees is divided between two bins, and
    half of its vectors are dropped.

    The paper's abstract fixes the 36 regions, the 72 values and the alignment by flow; the text was not available.
    The fullest bin, the norm and the rows of regions (6, 8, 6, 4, 4, 4, 4 from forehead to chin) follow a public
    implementation; the polygons are merbench's own. That implementation averages magnitudes and angles separately; the
    mean vector avoids its jump at full turns.

    A region without motion, or without a pixel in the image, has magnitude 0 and angle 0. If two bins are equally full,
    the first is taken.

    Args:
        flow: `[2, height, width]`, (u, v) in pixels, v downwards.
        landmarks: `[68, 2]`, (x, y) in the same pixels, iBUG order.
        bins: of the full circle, at least 1.
        variant: `centred` or `from-zero`, where the bins are.

    Raises:
        ValueError: an argument is out of range.
    """
    merbench.check_whole(bins=bins)
    merbench.check_choice(VARIANTS, variant=variant)
    shift = 0.5 if variant == CENTRED else 0.0
    u, v = _main_vectors(without_head_motion(flow, landmarks), region_map(landmarks, flow.shape[1:]), bins, shift)
    magnitudes = np.hypot(u, v)
    return np.stack([magnitudes / (magnitudes.max() or 1.0), np.arctan2(v, u)], axis=1).astype(np.float32)


def without_head_motion(flow: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """The flow after an affine map that moves the points `HEAD` back to their old places: float64, same shape.

    The map is the least-squares map from the thirteen moved points to the points before; a point outside the image
    moves like the nearest pixel. Flow that is affine everywhere, because the head shifts, turns in the image plane or
    comes nearer, becomes 0.

    Args:
        flow: `[2, height, width]`, (u, v) in pixels.
        landmarks: `[68, 2]`, (x, y) in the same pixels.
    """
    height, width = flow.shape[1:]
    flow = flow.astype(np.float64)
    points = np.clip(np.rint(landmarks[list(HEAD)].astype(np.float64)), 0, (width - 1, height - 1)).astype(np.intp)
    motion = flow[:, points[:, 1], points[:, 0]].T
    moved = points + motion
    centre = moved.mean(axis=0)
    # Around the centre, so that points on one spot still give the shift.
    matrix = np.linalg.lstsq(moved - centre, motion.mean(axis=0) - motion, rcond=None)[0]
    rows, columns = np.indices((height, width))
    there = np.stack([columns, rows]) + flow - centre[:, None, None]
    still: np.ndarray = flow - motion.mean(axis=0)[:, None, None] + np.einsum("ij,ihw->jhw", matrix, there)
    return still


def _main_vectors(flow: np.ndarray, regions: np.ndarray, bins: int, shift: float) -> np.ndarray:
    """The mean vector of each region's fullest bin: float64 `[2, 36]`. Direction 0 is at `shift` of the first bin."""
    u, v = flow[:, regions < REGIONS] + 0.0  # removes the sign of zeros, which would decide between two directions
    moving = (u != 0) | (v != 0)
    u, v, numbers = u[moving], v[moving], regions[regions < REGIONS][moving].astype(np.intp)
    turns = (np.arctan2(v, u) / (2 * np.pi) * bins + shift) % bins
    index = numbers * bins + np.minimum(turns.astype(np.intp), bins - 1)
    counts, us, vs = (np.bincount(index, weights=each, minlength=REGIONS * bins) for each in (None, u, v))
    main = counts.reshape(REGIONS, bins).argmax(axis=1) + np.arange(REGIONS) * bins
    vectors: np.ndarray = np.stack([us[main], vs[main]]) / np.maximum(counts[main], 1)
    return vectors


def mdmo_svm(
    *,
    kernel: Literal["linear", "rbf", "chi2"] = "linear",
    C: float = 1.0,
    weight: float = EVEN,
    class_weights: ClassWeights = "balanced",
    nested_c: bool = False,
) -> Pipeline | NestedC:
    """Support vector machine on MDMO.

    Args:
        kernel: `linear` or `rbf`, on magnitudes times `weight` and angles times 1 - `weight`; or `chi2`, on
            `region_histograms`, because chi-squared compares histograms and an angle is not a histogram.
        C, class_weights, nested_c: as in `merbench_handcrafted.svm.histogram_svm`.
        weight: weight of magnitudes against angles, in 0..1. One half favours neither; it is open whether and how the
            paper weights them. `chi2` has both in one number and does not take a weight.

    Raises:
        ValueError: an argument is out of range, or `weight` is given with `chi2`.
    """
    steps = histogram_steps(kernel=kernel, C=C, class_weights=class_weights)
    if not 0 <= weight <= 1:
        raise ValueError(f"weight is {weight!r}; it must be from 0 to 1")
    if kernel == "chi2" and weight != EVEN:
        raise ValueError(f"weight is {weight!r}, but kernel 'chi2' takes no weight: leave it out")
    histograms = FunctionTransformer(region_histograms)
    first = histograms if kernel == "chi2" else FunctionTransformer(_balanced, kw_args={"weight": weight})
    machine = make_pipeline(first, *steps)
    return NestedC(machine, KERNEL_GRID) if nested_c else machine


def region_histograms(X: np.ndarray) -> np.ndarray:
    """Each region's main direction as a histogram of 8 directions: `[clips, 36, 8]` in 0..1, dtype of `X`.

    The magnitude is divided between the two nearest of the directions 0, 45, 90 ... degrees; the nearer one gets more.
    So a histogram adds up to the magnitude, nothing is negative, a small turn changes little, and there is no jump at a
    full turn. This form is merbench's own, because chi-squared compares histograms.

    Args:
        X: `[clips, 36, 2]`, magnitude and angle in radians, as returned by `mdmo`.
    """
    magnitudes, turns = X[..., 0, None], X[..., 1, None] / (2 * np.pi) * BINS
    apart = np.abs((turns - np.arange(BINS) + BINS / 2) % BINS - BINS / 2)
    histograms: np.ndarray = magnitudes * np.maximum(1 - apart, 0)
    return histograms.astype(X.dtype)


def _balanced(X: np.ndarray, weight: float) -> np.ndarray:
    """`[clips, 36, 2]`, magnitude and angle, each times its weight."""
    balanced: np.ndarray = X * np.array([weight, 1 - weight], X.dtype)
    return balanced
