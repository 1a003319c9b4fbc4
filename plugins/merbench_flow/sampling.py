"""A fixed number of images of a clip, whatever its length, for models that look at frames."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import merbench
from merbench_flow.tim import tim_weights

if TYPE_CHECKING:
    import numpy as np

HSTA_REACH = 50  # HSTA looks at no more frames than these after the onset
HSTA_FRAMES = 6


def onset_apex(face: merbench.Frames, apex: np.ndarray) -> np.ndarray:
    """The images at onset and apex: uint8 `[2, 3, 224, 224]`, red first.

    Args:
        face: the aligned clip.
        apex: int64 `[1]`, the apex's place among the frames.

    Raises:
        merbench.ReleaseError: a frame cannot be read.
    """
    return _images(face, [face.index(face.onset), int(apex[0])])


def frames_8(face: merbench.Frames, *, variant: str = "uniform") -> np.ndarray:
    """8 images from onset to offset: uint8 `[8, 3, 224, 224]`; see `sampled`."""
    return sampled(face, 8, variant)


def frames_10(face: merbench.Frames, *, variant: str = "uniform") -> np.ndarray:
    """10 images from onset to offset: uint8 `[10, 3, 224, 224]`; see `sampled`."""
    return sampled(face, 10, variant)


def frames_16(face: merbench.Frames, *, variant: str = "uniform") -> np.ndarray:
    """16 images from onset to offset: uint8 `[16, 3, 224, 224]`; see `sampled`."""
    return sampled(face, 16, variant)


def sampled(face: merbench.Frames, count: int, variant: str) -> np.ndarray:
    """`count` images from onset to offset, both included: uint8 `[count, 3, height, width]`, red first.

    Args:
        face: the aligned clip.
        count: number of images.
        variant: `uniform`, the frames nearest to evenly spaced places (a short clip repeats some); or `tim`, the
            temporal interpolation model, rounded to whole numbers.

    Raises:
        merbench.ReleaseError: a frame cannot be read, or the offset comes before the onset.
        ValueError: the variant is unknown.
    """
    import numpy as np

    merbench.check_choice(("uniform", "tim"), variant=variant)
    places = span(face)
    if variant == "uniform":
        return _images(face, [places[round(place)] for place in np.linspace(0, len(places) - 1, count)])
    parts = (
        weights[:, None, None, None] * face[place].transpose(2, 0, 1).astype(np.float32)
        for place, weights in zip(places, tim_weights(len(places), count).T.astype(np.float32), strict=True)
    )
    images = next(parts)
    for part in parts:
        images += part
    rounded: np.ndarray = np.rint(images).clip(0, 255)
    return rounded.astype(np.uint8)


def video_6_2(face: merbench.Frames, apex: np.ndarray) -> np.ndarray:
    """HSTA's input: 6 frames in order, then onset and apex: uint8 `[8, 3, 224, 224]`, red first.

    The 6 frames come from the frames between onset and offset, of which the first 51 count. From more than 6, HSTA's
    loader draws a random subset; this function takes `subset`, which is the same on every machine and in every epoch.
    Fewer are filled up with copies of the first before them and of the last after them.

    Raises:
        merbench.ReleaseError: a frame cannot be read, or the offset comes before the onset.
    """
    places = span(face)[: HSTA_REACH + 1]
    chosen = subset(len(places), HSTA_FRAMES) if len(places) > HSTA_FRAMES else padded(len(places), HSTA_FRAMES)
    return _images(face, [*(places[one] for one in chosen), face.index(face.onset), int(apex[0])])


def span(face: merbench.Frames) -> range:
    """The places of the frames from onset to offset, both included.

    Raises:
        merbench.ReleaseError: the offset comes before the onset.
    """
    if face.offset < face.onset:
        raise merbench.ReleaseError(f"its offset, frame {face.offset}, comes before its onset, frame {face.onset}")
    return range(face.index(face.onset), face.index(face.offset) + 1)


def subset(length: int, count: int) -> list[int]:
    """`count` different places below `length`, in order, as if drawn at random.

    They depend only on the two numbers, so a clip gets the same frames on every machine and with every version of a
    random generator.
    """
    drawn = sorted(range(length), key=lambda place: hashlib.sha256(f"{length} {place}".encode()).digest())
    return sorted(drawn[:count])


def padded(length: int, count: int) -> list[int]:
    """All places below `length`, filled up to `count` with copies of the first before them and of the last after them;
    if the number of copies is odd, the last is repeated once more than the first."""
    missing = count - length
    return [*[0] * (missing // 2), *range(length), *[length - 1] * (missing - missing // 2)]


def _images(face: merbench.Frames, places: list[int]) -> np.ndarray:
    import numpy as np

    read = {place: face[place].transpose(2, 0, 1) for place in dict.fromkeys(places)}
    return np.stack([read[place] for place in places])
