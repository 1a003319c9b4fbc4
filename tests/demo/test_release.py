import hashlib
import subprocess
import sys

import numpy as np
import pytest
from merbench_demo.release import CAMERAS, ROSTER, DemoRelease
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import merbench
from merbench.datasets import open_dataset
from merbench.plugins import load
from merbench.registry import Registry

# Of all clips' flow and landmarks. Another value means another dataset: then motion.VERSION has to be raised.
DIGEST = "cd0862551d9d731213957baa3bf383983d98b53a68913e14daaf08e77909b2b9"


@pytest.fixture(scope="module")
def dataset():
    return open_dataset(Registry(load(allow=())), "demo")


@pytest.fixture(scope="module")
def flow(dataset):
    return np.stack([dataset.read("flow-28", clip) for clip in dataset.clips["clip"]])


def digest(reader):
    total = hashlib.sha256()
    for clip in reader.clips()["clip"]:
        total.update(reader.read("flow-28", clip).astype("<f4").tobytes())
        total.update(np.rint(1000 * reader.read("landmarks-28", clip)).astype("<i4").tobytes())
    return total.hexdigest()


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
    assert set(CAMERAS) == set(ROSTER)
    for subjects in ROSTER.values():
        assert all(sum(counts) > 0 for counts in zip(*subjects.values(), strict=True))


def test_flow_looks_like_the_flow_release(flow):
    assert (flow.shape, flow.dtype) == ((128, 3, 28, 28), np.float32)
    assert (flow.min(axis=(2, 3)) == 0).all()
    assert (flow.max(axis=(2, 3)) == 255).all()
    np.testing.assert_array_equal(flow, np.rint(flow))


def test_no_two_clips_are_the_same(flow):
    assert len(np.unique(flow.reshape(128, -1), axis=0)) == 128


def test_a_clip_does_not_depend_on_what_was_read_before(dataset, flow):
    fresh = DemoRelease(None)
    for place in (127, 3, 64):
        np.testing.assert_array_equal(fresh.read("flow-28", dataset.clips["clip"][place]), flow[place])


def test_the_same_numbers_come_out_everywhere():
    assert digest(DemoRelease(None)) == DIGEST


def test_a_fresh_process_generates_the_same_clip(flow):
    code = (
        "import sys; from merbench_demo.release import DemoRelease; "
        "sys.stdout.write(DemoRelease(None).read('flow-28', 'demo-a/a01/01').tobytes().hex())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == flow[0].tobytes().hex()


def test_an_unknown_clip_or_feature_is_refused():
    with pytest.raises(merbench.ReleaseError, match="demo has no clip demo-a/a01/99"):
        DemoRelease(None).read("flow-28", "demo-a/a01/99")
    with pytest.raises(merbench.ReleaseError, match="demo has no feature 'frames'"):
        DemoRelease(None).read("frames", "demo-a/a01/01")


def test_always_answering_with_the_largest_class_scores_badly_and_a_plain_regression_fairly(dataset, flow):
    clips = dataset.clips

    def uf1(estimator):
        predicted = cross_val_predict(
            estimator, flow.reshape(len(flow), -1), clips["label"], groups=clips["subject"], cv=LeaveOneGroupOut()
        )
        return f1_score(clips["label"], predicted, average="macro")

    assert uf1(DummyClassifier(strategy="most_frequent")) < 0.35
    plain = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, class_weight="balanced", max_iter=1000))
    assert 0.6 < uf1(plain) < 0.85
