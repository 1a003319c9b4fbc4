"""The small inputs of the `quick` recipe."""

from __future__ import annotations

import merbench_hsta
import numpy as np
import torch
from merbench_hsta.pictures import flow_28, video_28

from merbench.plugin.registry import load_target


def test_pictures_are_averaged_by_eight_and_rounded() -> None:
    video = np.zeros((8, 3, 224, 224), np.uint8)
    video[2, 1, :8, :8] = 255
    video[2, 1, 0, 8:12] = (0, 0, 90, 3)  # 93 / 64 = 1.45
    video[7, 2, -1, -1] = 32  # 32 / 64, to the even number
    found = video_28(video)
    assert (found.shape, found.dtype) == ((8, 3, 28, 28), np.uint8)
    assert (found[2, 1, 0, 0], found[2, 1, 0, 1], found[7, 2, 27, 27], found.sum()) == (255, 1, 0, 256)


def test_averaged_flow_keeps_its_unit() -> None:
    flow = np.zeros((2, 224, 224), np.float32)
    flow[0], flow[1, 8:16, 16:24] = -1.5, 3
    found = flow_28(flow)
    assert (found.shape, found.dtype) == ((2, 28, 28), np.float32)
    assert (found[0] == -1.5).all()
    assert (found[1, 1, 2], found[1].sum()) == (3, 3)


def test_a_small_input_is_mirrored_to_the_small_input_of_the_mirrored_clip() -> None:
    mirrors = {one.name: load_target(one.mirror, owner=one.name) for one in merbench_hsta.merbench_features()}
    rng = np.random.default_rng(0)
    video = rng.integers(0, 256, (8, 3, 224, 224), np.uint8)
    flow = rng.normal(size=(2, 224, 224)).astype(np.float32)
    other_way = np.stack([-flow[0, :, ::-1], flow[1, :, ::-1]])  # every vector at the mirrored place
    for name, small, wanted in (
        ("hsta-video-28", video_28(video), video_28(video[..., ::-1])),
        ("hsta-flow-28", flow_28(flow), flow_28(other_way)),
    ):
        found = mirrors[name](torch.from_numpy(small)[None].float())[0].numpy()
        np.testing.assert_allclose(found, wanted, atol=1e-6)
