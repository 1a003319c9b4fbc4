"""How well faces, landmarks, flow and apex are found in drawn faces, whose landmarks and motion are known."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import merbench
from tests.benchmarks.release_channels import IMAGES, images
from tests.benchmarks.row import Row
from tests.flow.conftest import Aligned

SUBJECTS = 60
EMOTIONS = ("positive", "negative", "surprise")
FRAMES, ONSET, APEX = 20, 2, 9
CORNERS = (30, 36, 39, 42, 45, 48, 54)  # of iBUG's points: the tip of the nose, corners of the eyes and of the mouth
NAMES = {"tvl1": "TV-L1", "farneback": "Farneback", "dis": "DIS"}


def run(reference: Path | None) -> Iterator[Row]:
    """Rows for each step from images to flow; `reference` is not used."""
    made = [drawn(number) for number in range(SUBJECTS)]
    yield from _landmarks(made)
    yield from _flow(made)
    yield _border("largest strain of flow-28 in its outermost pixels", [_strain(one) for one in made])
    if data := os.environ.get("MERBENCH_REAL_DATA"):
        yield _border("the same in the flow release", images(Path(data) / IMAGES)[..., 0])
    yield _apex(made)


def drawn(number: int) -> Aligned:
    """A clip of one subject, without an annotated apex, aligned by its true landmarks."""
    from merbench_demo.video import render

    emotion = EMOTIONS[number % len(EMOTIONS)]
    clip = render(f"s{number}", "c1", emotion, frames=FRAMES, onset=ONSET, apex=APEX)
    return Aligned(clip, annotate_apex=False)


def _landmarks(made: Sequence[Aligned]) -> Iterator[Row]:
    found = [(one, points) for one in made if (points := _found(one)) is not None]
    yield Row("faces found, each once", f"{len(found)} of {len(made)}", "one subject each, 640x480")
    apart = np.stack([np.linalg.norm(points - one.points, axis=1) for one, points in found])
    width = np.median([np.ptp(one.points[:, 0]) for one in made])
    figure = f"median {np.median(apart):.1f} px"
    corners = f"corners of eyes and mouth, and the nose: {np.median(apart[:, CORNERS]):.1f} px"
    yield Row("distance of landmarks from the true ones", figure, f"faces {width:.0f} pixels wide; {corners}")


def _found(one: Aligned) -> np.ndarray | None:
    from merbench_faces.landmarks import find_landmarks

    try:
        return find_landmarks(one.clip.image(ONSET))
    except merbench.ReleaseError:  # no face, or two
        return None


def _flow(made: Sequence[Aligned]) -> Iterator[Row]:
    from merbench_flow.algorithms import flow

    true = [one.true_flow() for one in made]
    least, largest = (choose(np.hypot(*motion).max() for motion in true) for choose in (min, max))
    conditions = f"{len(made)} clips, in each of which a point moves by {least:.1f} to {largest:.1f} px at most"
    for variant, name in NAMES.items():
        errors = [
            np.hypot(*(flow(one.face, one.apex, variant=variant) - motion)).mean()
            for one, motion in zip(made, true, strict=True)
        ]
        figure = f"{min(errors):.2f} to {max(errors):.2f} px, median {np.median(errors):.2f}"
        yield Row(f"{name}, mean endpoint error in the crop", figure, conditions)


def _strain(one: Aligned) -> np.ndarray:
    from merbench_flow.small import flow_28

    return flow_28(one.face, one.apex)[0]


def _border(what: str, strains: Sequence[np.ndarray] | np.ndarray) -> Row:
    share = np.mean([at_border(strain) for strain in strains])
    return Row(what, f"{share:.0%}", f"of {len(strains)} clips")


def at_border(strain: np.ndarray) -> bool:
    """Whether no inner pixel `[height, width]` is as large as the largest of the outermost ones."""
    return bool(strain[1:-1, 1:-1].max() < strain.max())


def _apex(made: Sequence[Aligned]) -> Row:
    from merbench_flow.apex import apex

    off = np.array([abs(int(apex(one.face, one.landmarks)[0]) - APEX) for one in made])
    figure = f"{(off == 0).sum()} exact, {(off == 1).sum()} off by a frame, {(off > 1).sum()} further off"
    return Row("estimated apex", figure, f"{len(made)} clips of {FRAMES} frames")
