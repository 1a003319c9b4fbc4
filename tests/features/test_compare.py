"""A released flow beside the same flow computed from videos: differences known by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from merbench.errors import BrokenClips, ReleaseError, UnresolvableFeature
from merbench.features.compare import compare_flows, flow_pair
from merbench.plugin.registry import Registry

CLIPS = ["a/s1/one", "a/s2/two", "b/s1/one", "b/s2/two"]


def test_the_endpoint_difference_is_the_mean_length_of_the_difference_of_u_and_v(both: Registry) -> None:
    """u is 3 apart and v 4, so the end points are 5 apart; strain is 2 apart. The last clip is the same in both."""
    found = compare_flows(both, "both", flow_pair(both, "both"), jobs=1)
    assert [one.clip for one in found.clips] == CLIPS
    assert [one.endpoint for one in found.clips] == [5, 5, 5, 0]
    assert [one.others for one in found.clips] == [{"strain": 2}] * 3 + [{"strain": 0}]


def test_a_shift_and_a_scale_leave_the_correlation_and_a_turned_channel_has_the_opposite_one(both: Registry) -> None:
    same, turned = (compare_flows(both, "both", flow_pair(both, "both", one), jobs=1) for one in ("", "motion@turned"))
    assert same.clips[0].correlations == pytest.approx({"strain": 1, "v": 1, "u": 1})
    assert turned.clips[0].correlations == pytest.approx({"strain": 1, "v": 1, "u": -1})


def test_the_pair_is_the_released_feature_and_the_first_variant_of_the_computed_one(both: Registry) -> None:
    pair = flow_pair(both, "both")
    assert (pair.feature.name, pair.reference) == ("motion", "motion@plain")
    assert (list(pair.released.sources), list(pair.own.sources)) == (["release"], ["videos"])


@pytest.mark.parametrize("feature", ["", "motion", "video", "no-such"])
def test_a_dataset_without_both_is_refused(both: Registry, feature: str) -> None:
    with pytest.raises(UnresolvableFeature, match="of released is both released and computed from videos; choose"):
        flow_pair(both, "released", feature)


def test_a_missing_release_is_named_with_how_to_add_it(both: Registry, both_homes: Path) -> None:
    (both_homes / "videos").rmdir()
    says = r"compare-flow reads the release and the videos of both; .*get the videos, then: merbench data add "
    with pytest.raises(ReleaseError, match=says):
        flow_pair(both, "both")


def test_clips_that_one_home_cannot_read_stop_the_comparison_or_are_left_out(both: Registry, both_homes: Path) -> None:
    (both_homes / "release" / "broken.txt").write_text("a/s1/one")
    (both_homes / "videos" / "broken.txt").write_text("b/s1/one")
    pair = flow_pair(both, "both")
    with pytest.raises(BrokenClips):
        compare_flows(both, "both", pair, jobs=1)
    found = compare_flows(both, "both", pair, skip_broken=True, jobs=1)
    assert found.broken == dict.fromkeys(["a/s1/one", "b/s1/one"], "img7.jpg is truncated")
    assert [one.clip for one in found.clips] == list(found.dataset.clips["clip"]) == ["a/s2/two", "b/s2/two"]
    assert [one.endpoint for one in found.clips] == [5, 0]


def test_without_a_clip_that_both_can_read_there_is_nothing_to_compare(both: Registry, both_homes: Path) -> None:
    (both_homes / "release" / "broken.txt").write_text("\n".join(CLIPS[:2]))
    (both_homes / "videos" / "broken.txt").write_text("\n".join(CLIPS[2:]))
    with pytest.raises(BrokenClips):
        compare_flows(both, "both", flow_pair(both, "both"), skip_broken=True, jobs=1)


def test_both_flows_are_kept_in_the_order_of_the_clips(both: Registry) -> None:
    found = compare_flows(both, "both", flow_pair(both, "both"), jobs=1)
    np.testing.assert_array_equal(found.own.mean(axis=(2, 3))[:, 1], [1.5, 3, 4.5, 6])
    np.testing.assert_array_equal(found.released.mean(axis=(2, 3))[:, 1], [5.5, 7, 8.5, 6])


def test_a_clip_that_the_videos_give_another_class_is_named(both: Registry, both_homes: Path) -> None:
    (both_homes / "videos" / "surprise.txt").write_text("a/s2/two")
    assert compare_flows(both, "both", flow_pair(both, "both"), jobs=1).relabelled == ("a/s2/two",)
