"""The generated dataset: what is in it, and that it is the same everywhere."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
from merbench_demo.release import NOISE, ROSTER, SIZE, DemoRelease

import merbench
from merbench.cli import main
from merbench.data.datasets import open_dataset
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry


@pytest.fixture(scope="module")
def dataset():
    return open_dataset(Registry(load(allow=())), "demo")


def test_it_is_as_lopsided_as_the_composite(dataset):
    clips = dataset.clips
    assert len(clips) == 128
    assert clips["database"].nunique() == 3
    assert clips["subject"].nunique() == 24
    assert list(clips["label"].value_counts().sort_index()) == [74, 31, 23]
    classes = clips.groupby("subject")["label"].nunique()
    assert (classes == 1).any()
    assert (clips["subject"].value_counts() == 1).any()
    assert dataset.notes(dataset.provides) == []


def test_every_database_has_a_camera_and_every_class():
    assert set(NOISE) == set(ROSTER)
    for subjects in ROSTER.values():
        assert all(sum(counts) > 0 for counts in zip(*subjects.values(), strict=True))


def test_a_clip_is_a_video_with_an_annotated_apex():
    frames = DemoRelease(None).read("frames", "demo-a/a01/01")
    assert isinstance(frames, merbench.Frames)
    assert frames.onset < frames.apex < frames.offset
    image = frames[frames.index(frames.apex)]
    assert (image.shape, image.dtype) == ((*SIZE, 3), np.uint8)


def test_clips_of_one_subject_show_one_face_and_differ(dataset):
    reader = DemoRelease(None)
    first, second, stranger = (reader.read("frames", f"demo-a/{name}") for name in ("a01/01", "a01/02", "a02/01"))
    assert first.signature() != second.signature()
    near, far = (np.abs(first[0].astype(float) - other[0]).mean() for other in (second, stranger))
    assert 0 < near < far / 3


def test_what_was_read_before_changes_nothing_and_a_fresh_process_draws_the_same():
    reader = DemoRelease(None)
    reader.read("frames", "demo-c/c07/03")[5]
    image = reader.read("frames", "demo-a/a01/01")[3]
    code = (
        "import hashlib; from merbench_demo.release import DemoRelease;"
        "print(hashlib.sha256(DemoRelease(None).read('frames', 'demo-a/a01/01')[3].tobytes()).hexdigest())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == hashlib.sha256(image.tobytes()).hexdigest()


def test_a_face_is_found_in_every_clip(dataset):
    assert main(["features", "extract", "--dataset", "demo", "--feature", "landmarks-28"]) == 0


def test_an_unknown_clip_or_feature_is_refused():
    with pytest.raises(merbench.ReleaseError, match="demo has no clip demo-a/a01/99"):
        DemoRelease(None).read("frames", "demo-a/a01/99")
    with pytest.raises(merbench.ReleaseError, match="demo has no feature 'flow-28'"):
        DemoRelease(None).read("flow-28", "demo-a/a01/01")


@pytest.mark.parametrize(("model", "least", "most"), [("majority", 0.0, 0.35), ("flow-lr", 0.6, 0.95)])
def test_always_answering_the_largest_class_scores_badly_and_a_plain_regression_fairly(
    model, least, most, tmp_path, capsys
):
    assert main(["run", "--model", model, "--dataset", "demo", "--out", str(tmp_path), "--json"]) == 0
    assert least <= json.loads(capsys.readouterr().out)["scores"]["last"]["full"]["uf1"] <= most


def test_the_tiny_dataset_has_every_class_of_every_subject_and_clips_of_its_own(dataset):
    tiny = open_dataset(Registry(load(allow=())), "tiny")
    assert tiny.clips.groupby("subject")["label"].apply(sorted).tolist() == [[0, 1, 2]] * 3
    assert not {*tiny.clips["clip"]} & {*dataset.clips["clip"]}


def test_a_run_on_the_tiny_dataset_computes_its_flow_and_ends_with_a_record(tmp_path, capsys):
    assert main(["run", "--model", "flow-lr", "--dataset", "tiny", "--out", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["plan"]["clips_total"] == 9
