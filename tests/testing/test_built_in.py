"""What is built in keeps the rules of the conformance kit, or the reason stands here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import merbench
from merbench.data.datasets import release_reader
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.testing import check_source, parametrize_with_checks
from merbench.testing.plugins import PLUGIN_CHECKS
from merbench.testing.toys import toy_array
from tests.docs.releases import casme3a_clips, write_hsta_folds
from tests.made import LAYOUTS, made_clips, write_release

PLUGINS = load(allow=())
BUILT_IN = Registry(PLUGINS)
HSTA = "hsta-5-fold"
LANDMARKS = np.random.default_rng(0).uniform(40, 180, (68, 2)).astype(np.float32)


@pytest.mark.parametrize("check", PLUGIN_CHECKS)
@pytest.mark.parametrize("plugin", [one for one in PLUGINS if one.name != "own"], ids=lambda plugin: plugin.name)
def test_a_plugin_imports_little_prints_nothing_and_provides_something(plugin: Any, check: Any) -> None:
    check(plugin)


def reasons(spec: merbench.EstimatorModel) -> Mapping[str, str]:
    """Why an estimator cannot be fitted to one class; the one without features can."""
    kind = "logistic regression" if spec.name == "flow-lr" else "support vector machine"
    why = f"scikit-learn's {kind} needs clips of two classes"
    return {"trains_on_one_clip": why, "trains_on_one_class": why} if spec.features else {}


QUICK = [one for one in BUILT_IN.models if "quick" in one.recipes]
VIT = BUILT_IN.models.get("timm:vit_tiny_patch16_224")  # one of a family


@parametrize_with_checks([*QUICK, VIT], recipe="quick")
def test_a_network_with_its_quick_recipe_keeps_the_rules(check: Any) -> None:
    check()


@parametrize_with_checks([one for one in BUILT_IN.models if one not in QUICK], expected_failures=reasons)
def test_an_estimator_keeps_the_rules(check: Any) -> None:
    check()


def clip_inputs(images: merbench.Frames) -> dict[str, Any]:
    """What a clip of images has at the places where noise is no input: a face, its landmarks, and its apex."""
    return {
        "apex": np.array([len(images) // 2]),
        "face": images,
        "face-landmarks-68": LANDMARKS,
        "frames": demo_frames() if len(images) > 1 and np.ptp(images[0]) else images,
        "frames-10@tim": toy_array((10, 3, 224, 224)).astype(np.uint8),
        "landmarks-28": LANDMARKS[:5] / 8,
        "landmarks-68": LANDMARKS,
        "two-phase-flow-28": toy_array((4, 3, 28, 28)),
    }


@cache
def demo_frames() -> merbench.Frames:
    """The images of a clip with a face."""
    reader = release_reader(BUILT_IN.sources.get("demo"), None)
    found = reader.read("frames", reader.clips()["clip"].iloc[0])
    assert isinstance(found, merbench.Frames)
    return found


@parametrize_with_checks(BUILT_IN.features, inputs=clip_inputs)
def test_a_feature_keeps_the_rules(check: Any) -> None:
    check()


@parametrize_with_checks([one for one in BUILT_IN.protocols if one.name != HSTA])
def test_a_protocol_keeps_the_rules(check: Any) -> None:
    check()


@pytest.fixture
def hsta_folds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of HSTA's folds are on this machine."""
    write_hsta_folds(tmp_path / "hsta-folds")
    monkeypatch.setenv("MERBENCH_DATA", str(tmp_path))


def hsta_clips() -> pd.DataFrame:
    return merbench.clip_table(casme3a_clips().assign(label=0))


@pytest.mark.usefixtures("hsta_folds")
@parametrize_with_checks(
    [BUILT_IN.protocols.get(HSTA)],
    clips=hsta_clips(),
    expected_failures={
        "keeps_subjects_apart": "it shows what folds with subjects on both sides do to a score",
        "says_why_it_cannot_split": "the released files decide who is tested: of few clips, a fold has none to test",
    },
)
def test_folds_that_were_published_with_a_leak_keep_all_other_rules(check: Any) -> None:
    check()


def release(source: merbench.Source, folder: Path) -> Path | None:
    """A release of a source: made in `folder`, or the real one; None if there is neither."""
    if source.name in LAYOUTS:
        clips = made_clips(source.name, 2)
        write_release(source.name, folder, clips, size=(16, 16), draw="plain", frames="onset-apex-offset")
        return folder
    if source.name == "hsta-folds":
        write_hsta_folds(folder)
        return folder
    real = Path(os.environ.get("MERBENCH_REAL_DATA", "not-set"), source.name)
    return real if real.is_dir() else None


@pytest.mark.parametrize("source", list(BUILT_IN.sources), ids=lambda source: source.name)
def test_a_source_keeps_the_rules_on_a_release(source: merbench.Source, tmp_path: Path) -> None:
    root = release(source, tmp_path / "release")
    results = {one.result for one in check_source(source, root=root)}
    # The flow releases are published by their authors, and not made for tests.
    assert results == {"passed"} if root or source.embedded else {"passed", "unchecked"}
