"""Each check of a feature passes on one that keeps the rules, and fails on one that breaks its rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import merbench
from merbench.plugin.registry import Registry
from merbench.testing import CheckFailed, check_feature, parametrize_with_checks
from merbench.testing.features import FEATURE_CHECKS, FeatureToys
from merbench.testing.findings import find

GRID = {"grid": (3, 4)}


def feature(function: str, inputs: tuple[str, ...] = ("frames",), **fields: Any) -> merbench.Feature:
    return merbench.Feature(name=function, function=f"zoo_rest:{function}", inputs=inputs, **fields)


def result(check: str, spec: merbench.Feature) -> tuple[str, str]:
    """What a check finds of a feature, and its evidence."""
    (function,) = (one for one in FEATURE_CHECKS if one.__name__ == check)
    finding = find(function, FeatureToys(spec, Registry([]), shapes=GRID))
    return finding.result, finding.evidence


MIRRORED = feature("doubled", ("grid",), shape=(3, 4), mirror="zoo_rest:mirrored", drawing="zoo_rest:drawn")


@parametrize_with_checks([feature("light", shape=(3,)), MIRRORED], shapes=GRID)
def test_a_feature_that_keeps_the_rules_passes_each_check(check: Any) -> None:
    check()


BROKEN = [
    ("spec_resolves", feature("light", mirror="zoo_rest:nowhere"), "there is no 'nowhere' in module zoo_rest"),
    ("gives_declared_shape", feature("light", shape=(4,)), "it gives shape [3], but declares [4]"),
    ("gives_declared_shape", feature("doubled"), "unsupported operand type(s) for *: 'Frames' and 'int'"),
    ("is_pure", feature("counted"), "it gives something else after another clip"),
    ("is_pure", feature("halved_in_place", ("grid",)), "it writes into grid"),
    ("takes_a_constant_clip", feature("contrast"), "values that are not finite for a clip grey"),
    ("takes_one_image", feature("last_motion"), "IndexError"),
    ("takes_a_long_clip", feature("lights"), "it gives shape [200] for a clip long, [5] for another"),
    ("takes_large_images", feature("rows"), "it gives shape [1088] for a clip of large images, [224] for another"),
    ("mirrors_there_and_back", feature("light", mirror="zoo_rest:shifted"), "the mirror of the mirror is something"),
    ("mirrors_there_and_back", feature("light", mirror="zoo_rest:overwritten"), "the mirror writes into its input"),
    ("draws_a_picture", feature("light", drawing="zoo_rest:drawn_grey"), "it gives uint8 [4, 4]"),
]


@pytest.mark.parametrize(("check", "spec", "said"), BROKEN)
def test_each_check_fails_on_a_feature_that_breaks_its_rule(check: str, spec: merbench.Feature, said: str) -> None:
    found, evidence = result(check, spec)
    assert found == "found"
    assert said in evidence


def test_every_check_fails_on_some_feature() -> None:
    assert {check for check, _, _ in BROKEN} == {one.__name__ for one in FEATURE_CHECKS}


def test_a_clip_that_a_feature_refuses_says_nothing_about_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import zoo_rest

    def refuse(images: merbench.Frames) -> np.ndarray:
        raise merbench.ReleaseError("no face was found")

    monkeypatch.setattr(zoo_rest, "light", refuse)
    said = "it refuses the toy clip: no face was found; give other inputs in a test"
    assert result("is_pure", feature("light")) == ("unchecked", said)


def test_an_input_of_unknown_shape_that_is_not_images_says_nothing_about_a_feature() -> None:
    found, evidence = result("is_pure", feature("doubled", ("unknown",)))
    assert found == "unchecked"
    said = "it takes no images as unknown, whose shape is not declared (give --shape, or inputs in a test): feature"
    assert evidence.startswith(said)


def test_noise_is_whole_bytes_where_a_feature_takes_no_float32() -> None:
    done = check_feature(feature("bits", ("grid",), shape=(3, 4)), shapes=GRID)
    assert {one.result for one in done} == {"passed"}


def test_inputs_can_be_given_for_each_clip() -> None:
    def inputs(images: merbench.Frames) -> dict[str, Any]:
        return {"last": np.array([images[len(images) - 1].mean()], np.float32)}

    done = check_feature(feature("doubled", ("last",), shape=(1,)), inputs=inputs)
    assert {one.result for one in done} == {"passed"}


def test_all_failures_of_a_feature_are_told_in_one_line() -> None:
    with pytest.raises(CheckFailed, match=r"^counted fails 1 check\(s\): is_pure: it gives something else"):
        check_feature(feature("counted"))
