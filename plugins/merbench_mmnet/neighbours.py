"""Onset and apex, and the frames near them that MMNet's training takes instead of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import merbench

if TYPE_CHECKING:
    import numpy as np

# The range of frames from which the authors' loaders draw (repository muse1998/MMNet, CASME2_3.py and CASME2_5.py), in
# quarters of a distance: after the onset and before the apex, of the distance between them; after the apex, of the
# distance to the offset.
REACH = {"3-class": (0.2, 0.15, 0.15), "5-class": (0.15, 0.15, 0.0)}
CANDIDATES = 6  # of one, two, three or six different frames, each is drawn as often as by the authors
SMALL_SIDE = 32


def neighbours_224(face: merbench.Frames, apex: np.ndarray, *, variant: str = "3-class") -> np.ndarray:
    """Candidates for onset and apex: uint8 `[2, 6, 3, 224, 224]`, red first; the first of six is the frame itself.

    The authors draw with equal probability among the frame numbers within `REACH`. Here six candidates represent these
    numbers, repeated in turn until there are six. So among 4 or 5 frames, some have twice the probability of others,
    and of more than 6, some are left out (see `candidates`).

    Args:
        face: the aligned clip.
        apex: int64 `[1]`, the apex's place among the frames.
        variant: `3-class` or `5-class`: the reach of the script for that number of classes.

    Raises:
        merbench.ReleaseError: a frame cannot be read.
        ValueError: the variant is unknown.
    """
    import numpy as np

    merbench.check_choice(REACH, variant=variant)
    peak = face.numbers[int(apex[0])]
    numbers = drawn_from(face.onset, peak, face.offset, REACH[variant])
    places = [[face.index(number) for number in candidates(*one)] for one in numbers]
    read = {place: face[place].transpose(2, 0, 1) for place in sorted({*places[0], *places[1]})}
    return np.stack([np.stack([read[place] for place in row]) for row in places])


def neighbours_32(face: merbench.Frames, apex: np.ndarray, *, variant: str = "3-class") -> np.ndarray:
    """The same, shrunk by means over equal areas: float32 `[2, 6, 3, 32, 32]` in 0..255. The values are not rounded,
    because motion is a small difference of large numbers. Arguments and errors are the same."""
    import cv2
    import numpy as np

    images = neighbours_224(face, apex, variant=variant)
    planes = images.reshape(-1, *images.shape[-2:]).astype(np.float32)
    shrunk = [cv2.resize(plane, (SMALL_SIDE, SMALL_SIDE), interpolation=cv2.INTER_AREA) for plane in planes]
    return np.stack(shrunk).reshape(*images.shape[:3], SMALL_SIDE, SMALL_SIDE)


def drawn_from(
    onset: int, apex: int, offset: int, reach: tuple[float, float, float]
) -> tuple[tuple[int, range], tuple[int, range]]:
    """For onset and apex: the frame itself, and all frame numbers that the authors draw from, itself included."""
    rising, falling = max(apex - onset, 0), max(offset - apex, 0)
    after_onset, before_apex = (int(share * rising / 4) for share in reach[:2])
    after_apex = int(reach[2] * falling / 4)
    around = range(apex - before_apex, apex + after_apex + 1)
    return (onset, range(onset, onset + after_onset + 1)), (apex, around)


def candidates(exact: int, numbers: range) -> list[int]:
    """Six of `numbers`, `exact` first. Fewer numbers are repeated in turn; of more, evenly spaced ones are taken, both
    ends included."""
    others = [number for number in numbers if number != exact]
    most = CANDIDATES - 1
    if len(others) > most:
        others = [others[round(step * (len(others) - 1) / (most - 1))] for step in range(most)]
    different = [exact, *others]
    return [different[place % len(different)] for place in range(CANDIDATES)]
