"""A mirrored feature is the feature of the mirrored motion."""

from __future__ import annotations

import numpy as np
import torch
from merbench_flow.mirror import images, motion, small_motion
from merbench_flow.small import stretched
from merbench_flow.strain import optical_strain


def mirrored_by_hand(flow: np.ndarray) -> np.ndarray:
    """`[2, rows, columns]`: every vector at the mirrored place, pointing the other way."""
    return np.stack([-flow[0, :, ::-1], flow[1, :, ::-1]])


def moving(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(2, 28, 28)).astype(np.float32)


def with_strain(flow: np.ndarray) -> np.ndarray:
    return np.stack([*flow, optical_strain(flow, variant="ststnet")])


def test_motion_to_the_right_becomes_motion_to_the_left_and_strain_only_changes_place() -> None:
    flow = moving()
    found = motion(torch.from_numpy(with_strain(flow))[None])[0].numpy()
    np.testing.assert_allclose(found, with_strain(mirrored_by_hand(flow)), atol=1e-6)


def test_stretched_channels_are_those_of_the_mirrored_motion() -> None:
    flow = moving(1)

    def small(of: np.ndarray) -> np.ndarray:
        u, v, strain = with_strain(of)
        return np.stack([stretched(channel) for channel in (strain, v, u)])

    found = small_motion(torch.from_numpy(small(flow))[None])[0].numpy()
    np.testing.assert_array_equal(found, small(mirrored_by_hand(flow)))


def test_a_clip_without_motion_stays_as_it_is() -> None:
    still = torch.zeros(2, 3, 28, 28)
    still[1, 2, 0, 0] = 255
    found = small_motion(still)
    assert not found[0].any()
    assert found[1, 2, 0, -1] == 0
    assert (found[1, 2].flatten().sort().values[1:] == 255).all()


def test_images_turn_their_columns_and_leave_their_input_alone() -> None:
    clips = torch.arange(12.0).reshape(1, 2, 1, 2, 3)
    kept = clips.clone()
    assert images(clips)[0, 0, 0].tolist() == [[2, 1, 0], [5, 4, 3]]
    for mirror in (images, motion, small_motion):
        mirror(torch.ones(1, 3, 2, 2))
    assert torch.equal(clips, kept)
