"""From the feature that a model wants back to what the sources provide."""

from __future__ import annotations

import pytest

from merbench.errors import MerbenchError, OptionError, PluginError, UnresolvableFeature
from merbench.features.resolve import Resolved, resolve, split_reference
from merbench.plugin.loading import Plugin
from merbench.plugin.registry import Registry
from merbench.plugin.specs import Feature

FACE = Feature(name="face", function="m:face", inputs=("frames", "landmarks"))
LANDMARKS = Feature(name="landmarks", function="m:landmarks", inputs=("frames",), variants=("mtcnn", "dlib"), version=3)
FLOW = Feature(name="flow-28", function="m:flow", inputs=("face@",), variants=("tvl1", "farneback"))
REGIONS = Feature(
    name="regions", function="m:regions", inputs=("flow-28", "landmarks@dlib"), variants=("as-released", "anatomical")
)
EGG = Feature(name="egg", function="m:egg", inputs=("hen",))
HEN = Feature(name="hen", function="m:hen", inputs=("egg",))


def plugin(distribution: str, *features: Feature) -> Plugin:
    return Plugin(name="p", distribution=distribution, version="1", module="m", specs={"features": features})


@pytest.fixture
def registry() -> Registry:
    return Registry([plugin("toys", FACE, LANDMARKS, FLOW, REGIONS, EGG, HEN)])


def walk(reference: str, registry: Registry, *provides: str) -> Resolved:
    return resolve(reference, registry, provides, "composite", "my-net")


def test_what_a_source_provides_is_read(registry) -> None:
    assert walk("flow-28", registry, "flow-28", "frames") == Resolved("flow-28")


def test_what_it_does_not_is_computed_all_the_way_from_what_it_does(registry) -> None:
    found = walk("regions", registry, "frames")
    assert str(found) == (
        "regions@as-released v1 (flow-28@tvl1 v1 (face v1 (frames, landmarks@mtcnn v3 (frames))), "
        "landmarks@dlib v3 (frames))"
    )
    assert found.spec == REGIONS


def test_the_way_is_no_longer_than_it_must_be(registry) -> None:
    assert str(walk("regions", registry, "flow-28", "frames")) == (
        "regions@as-released v1 (flow-28, landmarks@dlib v3 (frames))"
    )


@pytest.mark.parametrize(("reference", "variant"), [("landmarks", "mtcnn"), ("landmarks@dlib", "dlib")])
def test_the_first_variant_is_the_default(registry, reference, variant) -> None:
    assert walk(reference, registry, "frames").variant == variant


def test_a_variant_that_is_asked_for_is_computed_although_the_plain_feature_is_there(registry) -> None:
    assert walk("flow-28@farneback", registry, "flow-28", "frames").variant == "farneback"


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("landmarks@mtcn", r"feature landmarks has no variant 'mtcn' \(mtcnn, dlib\)"),
        ("face@large", r"feature face has no variant 'large' \(it has none\)"),
        ("frames@large", r"feature frames has no variant 'large' \(it is read as it was released\)"),
    ],
)
def test_an_unknown_variant_is_answered_with_the_known(registry, reference, says) -> None:
    with pytest.raises(OptionError, match=says):
        walk(reference, registry, "frames")


def test_what_cannot_be_computed_is_told_with_the_chain_and_what_there_is(registry) -> None:
    with pytest.raises(UnresolvableFeature) as caught:
        walk("regions", registry, "landmarks-28", "flow-28")
    assert str(caught.value).startswith(
        "my-net wants regions, which is computed from landmarks, which is computed from frames; "
        "dataset composite provides only flow-28 and landmarks-28"
    )
    assert "merbench list models" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_misspelt_feature_is_answered_with_the_nearest(registry) -> None:
    with pytest.raises(UnresolvableFeature, match=r"my-net wants region; .*nearest: regions"):
        walk("region", registry, "frames")


def test_a_source_that_provides_nothing_is_said_to(registry) -> None:
    with pytest.raises(UnresolvableFeature, match="provides only nothing"):
        walk("face", registry)


def test_features_that_want_one_another_are_told_as_the_chain_that_they_are(registry) -> None:
    chain = "my-net wants egg, which is computed from hen, which is computed from egg; dataset"
    with pytest.raises(UnresolvableFeature, match=chain):
        walk("egg", registry, "frames")


def test_a_cycle_does_no_harm_where_a_source_provides_part_of_it(registry) -> None:
    assert str(walk("egg", registry, "hen")) == "egg v1 (hen)"


def test_a_qualified_name_finds_its_feature(registry) -> None:
    assert str(walk("toys:landmarks@dlib", registry, "frames")) == "landmarks@dlib v3 (frames)"


def test_a_name_of_two_distributions_is_told_with_both() -> None:
    registry = Registry([plugin("one", LANDMARKS), plugin("two", LANDMARKS)])
    third = Registry([plugin("one", LANDMARKS), plugin("two", LANDMARKS), plugin("three", FACE)])
    with pytest.raises(PluginError, match="one:landmarks or two:landmarks"):
        walk("face", third, "frames")
    assert walk("two:landmarks", registry, "frames").variant == "mtcnn"


def test_a_reference_is_a_name_and_a_variant() -> None:
    assert split_reference("regions@anatomical") == ("regions", "anatomical")
    assert split_reference("regions") == ("regions", "")
    assert issubclass(UnresolvableFeature, MerbenchError)
