"""The four pieces of each image, checked with images whose values are their places."""

from __future__ import annotations

import numpy as np
import pytest
from merbench_causalnet.regions import causalnet_regions
from merbench_htnet.regions import htnet_regions

# image, channel, row and column in one number: 1 2 05 17 is image 1, channel 2, row 5, column 17
PLACES = (
    np.arange(4)[:, None, None, None] * 100_000
    + np.arange(3)[:, None, None] * 10_000
    + np.arange(28)[:, None] * 100
    + np.arange(28)
).astype(np.float32)


def test_the_pieces_are_those_of_the_authors_script() -> None:
    regions = causalnet_regions(PLACES)
    assert (regions.shape, regions.dtype) == ((4, 3, 28, 28), np.float32)
    # The script's points (9.5, 11.1), (21.4, 10.9), (10.3, 22.1), (20.6, 22.3), at most 21, without decimals: (9, 11),
    # (21, 10), (10, 21), (20, 21), and a piece begins 7 before: x is taken for the row.
    for image in range(4):
        for channel in range(3):
            tiled = regions[image, channel] - 100_000 * image - 10_000 * channel
            corners = [divmod(int(tiled[row, column]), 100) for row in (0, 14) for column in (0, 14)]
            assert corners == [(2, 4), (14, 3), (3, 14), (13, 14)]
            for row, column in ((0, 0), (0, 14), (14, 0), (14, 14)):
                piece = tiled[row : row + 14, column : column + 14]
                assert np.array_equal(piece - piece[0, 0], PLACES[0, 0, :14, :14])


def test_they_are_htnets_pieces_with_its_fallback_landmarks() -> None:
    points = np.float32([(9.5281, 11.0626), (21.3962, 10.9198), (15.3802, 17.3806), (10.2554, 22.1212), (20.58, 22.26)])
    wanted = np.stack([htnet_regions(image, points) for image in PLACES])
    assert np.array_equal(causalnet_regions(PLACES), wanted)


def test_images_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"have shape \(3, 28, 28\); it must be \(4, 3, 28, 28\)"):
        causalnet_regions(PLACES[0])
