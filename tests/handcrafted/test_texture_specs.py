"""What is registered of the texture descriptors, from the frames of a clip on."""

from __future__ import annotations

import importlib

import merbench_flow
import numpy as np
import pytest
from merbench_demo.video import DrawnFrames, render
from merbench_faces.align import face
from merbench_flow.sampling import frames_10
from merbench_handcrafted.texture_specs import texture_features

FEATURES = {feature.name: feature for feature in texture_features()}


def target(name: str):
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


@pytest.fixture(scope="module")
def frames() -> dict[str, np.ndarray]:
    """Ten interpolated frames of a rendered face, smiling and still."""
    found = {}
    for name, strength in (("smile", 1.0), ("still", 0.0)):
        clip = render("s1", "c1", "positive", frames=6, onset=0, apex=3, strength=strength)
        found[name] = frames_10(face(DrawnFrames(clip), clip.landmarks(clip.onset)), variant="tim")
    return found


@pytest.mark.parametrize(("name", "variant"), [(one.name, each) for one in FEATURES.values() for each in one.variants])
def test_every_variant_describes_a_clip_in_blocks_and_tells_motion_from_none(frames, name: str, variant: str) -> None:
    describe = target(FEATURES[name].function)
    smile, still = describe(frames["smile"], variant=variant), describe(frames["still"], variant=variant)
    assert smile.dtype == np.float32
    assert smile.shape == still.shape
    assert smile.shape[:2] == (5, 5)
    changed = np.abs(smile - still).sum(axis=tuple(range(2, smile.ndim)))
    assert changed[3:].max() > changed[0].max()  # the mouth moves more than the forehead


@pytest.mark.parametrize("name", FEATURES)
def test_the_first_variant_is_what_the_function_does_by_itself(frames, name: str) -> None:
    describe = target(FEATURES[name].function)
    assert np.array_equal(describe(frames["smile"]), describe(frames["smile"], variant=FEATURES[name].variants[0]))


def test_the_descriptors_see_ten_interpolated_frames() -> None:
    given = {one.name: one for one in merbench_flow.merbench_features()}
    for feature in FEATURES.values():
        (wanted,) = feature.inputs
        name, _, variant = wanted.partition("@")
        assert (name, variant) == ("frames-10", "tim")
        assert variant in given[name].variants
