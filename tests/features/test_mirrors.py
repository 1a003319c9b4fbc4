"""A recipe that changes images meets only features that are images, and can be changed so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from merbench_flow import mirror

from merbench.errors import OptionError, PluginError
from merbench.features.mirrors import find_mirrors
from merbench.features.resolve import Resolved
from merbench.plugin.calls import Author
from merbench.plugin.specs import Recipe

FLOW, IMAGES, REGIONS, LANDMARKS = (
    Resolved(name) for name in ("flow-28", "onset-apex-224", "htnet-regions", "landmarks-28")
)
SHAPES = {FLOW: (2, 3, 28, 28), IMAGES: (2, 2, 3, 8, 8), REGIONS: (2, 3, 28, 28), LANDMARKS: (2, 5, 2)}


def found(registry, recipe: Recipe, *features: Resolved):
    return find_mirrors(registry, recipe, features, [np.zeros(SHAPES[one], np.float32) for one in features])


def test_what_a_release_holds_is_mirrored_as_what_is_computed_under_that_name(registry) -> None:
    mirrors = [one.mirror for one in found(registry, Recipe(flip=0.5), FLOW, IMAGES)]
    assert mirrors == [mirror.small_motion, mirror.images]


class Unlike:
    """Mirrors of images that give what they must not."""

    @staticmethod
    def smaller(clips):
        return clips[..., 1:]

    @staticmethod
    def failing(clips):
        raise KeyError("flow")


@pytest.mark.parametrize(
    ("mirror", "says"),
    [
        (Unlike.smaller, r"mirror at .*test_mirrors.py:\d+ gives shape \[2, 3, 8, 7\]; it must give a tensor of the"),
        (Unlike.failing, r"mirror failed at .*test_mirrors.py:\d+ in failing: KeyError: 'flow'; it must give a tensor"),
    ],
)
def test_a_mirror_at_fault_is_told_with_its_feature(registry, monkeypatch, mirror, says) -> None:
    monkeypatch.setattr("merbench.features.mirrors.load_target", lambda target, owner: mirror)
    (one,) = found(registry, Recipe(flip=0.5), FLOW)
    ours = replace(one, author=Author.of("feature flow-28", "flow", __name__))
    with pytest.raises(PluginError, match=rf"^feature flow-28 \(plugin flow\): {says}"):
        ours(np.zeros((2, 3, 8, 8)))


def test_an_empty_feature_is_not_blamed_on_the_padding(registry) -> None:
    assert find_mirrors(registry, Recipe(), [IMAGES], [np.zeros((2, 3, 0, 8), np.float32)]) == (None,)


def test_without_flips_nothing_needs_a_mirror(registry) -> None:
    assert found(registry, Recipe(rotation=4, crop_padding=4), FLOW, REGIONS) == (None, None)
    assert found(registry, Recipe(), LANDMARKS) == (None,)


@pytest.mark.parametrize("name", ["htnet-regions", "strangers-own"])
def test_a_feature_that_does_not_say_how_it_is_mirrored_is_refused(registry, name) -> None:
    feature = Resolved(name)
    with pytest.raises(OptionError, match=rf"flip=0.5: feature {name} does not say how it is mirrored; --set flip=0"):
        find_mirrors(registry, Recipe(flip=0.5), [feature], [np.zeros((2, 3, 28, 28), np.float32)])


def test_padding_as_wide_as_the_image_is_refused(registry) -> None:
    with pytest.raises(OptionError, match=r"feature onset-apex-224 is 8x8; crop_padding must be smaller"):
        found(registry, Recipe(crop_padding=8), FLOW, IMAGES)
    assert found(registry, Recipe(crop_padding=7), FLOW, IMAGES) == (None, None)


@pytest.mark.parametrize("setting", ["flip", "rotation", "crop_padding"])
def test_what_is_no_image_is_refused(registry, setting) -> None:
    with pytest.raises(OptionError, match=rf"{setting}=1: feature landmarks-28 has shape \[5, 2\], which is no image"):
        found(registry, Recipe(**{setting: 1}), FLOW, LANDMARKS)
