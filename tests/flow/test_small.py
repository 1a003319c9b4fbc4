"""The field's small flow images."""

from __future__ import annotations

import numpy as np
import pytest
from merbench_flow.algorithms import flow
from merbench_flow.small import flow_28, flow_28_float, stretched
from merbench_flow.strain import optical_strain


def test_the_channels_are_strain_v_and_u_each_stretched_to_whole_numbers(aligned):
    made = aligned()
    image = flow_28(made.face, made.apex, variant="farneback")
    plain = flow_28_float(made.face, made.apex, variant="farneback")
    assert (image.shape, image.dtype) == ((3, 28, 28), np.float32)
    assert np.array_equal(image, np.rint(image))
    for channel, unstretched in zip(image, plain[::-1], strict=True):
        assert (channel.min(), channel.max()) == (0, 255)
        assert np.corrcoef(channel.ravel(), unstretched.ravel())[0, 1] > 0.999


def test_the_float_image_is_the_mean_of_equal_areas(aligned):
    made = aligned()
    u, v = flow(made.face, made.apex, variant="dis")
    strain = optical_strain(np.stack([u, v]))
    means = [channel.reshape(28, 8, 28, 8).mean(axis=(1, 3)) for channel in (u, v, strain)]
    assert np.allclose(flow_28_float(made.face, made.apex, variant="dis"), means, atol=1e-5)


def test_mebs_strain_is_another(aligned):
    made = aligned()
    one, other = (flow_28_float(made.face, made.apex, variant=name) for name in ("dis", "dis-meb"))
    assert np.array_equal(one[:2], other[:2])
    assert not np.array_equal(one[2], other[2])


def test_a_channel_without_any_motion_is_all_zero():
    assert stretched(np.full((4, 4), 0.3)).tolist() == np.zeros((4, 4)).tolist()


def test_stretching_puts_the_least_at_0_and_the_largest_at_255():
    assert stretched(np.array([[-1.0, 0.0, 1.0]])).tolist() == [[0, 128, 255]]


@pytest.mark.parametrize("variant", ["tvl1", "farneback", "dis-meb"])
def test_where_onset_is_apex_the_image_is_all_zero(aligned, variant):
    made = aligned(frames=1, apex=0)
    assert not flow_28(made.face, made.apex, variant=variant).any()


def test_released_images_reach_both_ends_in_every_channel_as_ours_do(real_data):
    import cv2

    images = sorted((real_data / "htnet-release" / "datasets" / "STSNet_whole_norm_u_v_os").glob("*.png"))
    assert len(images) == 442
    for path in images:
        channels = cv2.imread(str(path)).reshape(-1, 3)
        assert channels.min(axis=0).tolist() == [0, 0, 0]
        assert channels.max(axis=0).tolist() == [255, 255, 255]


def test_an_unknown_variant_is_refused(aligned):
    made = aligned(frames=2, apex=1)
    with pytest.raises(ValueError, match="must be one of"):
        flow_28(made.face, made.apex, variant="tvl1-strain")
