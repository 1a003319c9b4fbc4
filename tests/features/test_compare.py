"""A released flow beside the same flow computed from videos: differences known by hand, and what the command prints."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import numpy as np
import pytest

from merbench.cli import main
from merbench.errors import ReleaseError, UnresolvableFeature
from merbench.features.compare import baseline_of, compare_flows, flow_pair
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry

# Two clips of two databases. Own motion: u and v grow along the columns, strain along the rows.
BOTH = """
    import merbench
    import numpy as np

    CLIPS = ("a/s1/one", "a/s2/two", "b/s1/one", "b/s2/two")


    class Table(merbench.SourceReader):
        def clips(self):
            import pandas as pd

            emotions = ["disgust", "happiness", "surprise", "disgust"]
            rows = [dict(zip(("database", "subject", "clip", "emotion"), (one[0], one[:4], one, emotion)))
                    for one, emotion in zip(CLIPS, emotions)]
            return merbench.clip_table(pd.DataFrame(rows))


    class Videos(Table):
        def read(self, feature, clip):
            if clip == self.broken():
                raise merbench.ReleaseError("img7.jpg is truncated")
            return np.full((1, 4, 4), CLIPS.index(clip) + 1.0)

        def broken(self):
            path = self.root / "broken.txt"
            return path.read_text() if path.exists() else ""


    class Release(Table):
        def read(self, feature, clip):
            own = motion(np.full((1, 4, 4), CLIPS.index(clip) + 1.0))
            shift = np.array([2.0, 4.0, 3.0]).reshape(3, 1, 1)
            return own + shift * (clip != "b/s2/two")


    def motion(video, variant="plain"):
        ramp = video[0] * np.arange(4)
        return np.stack([ramp.T, ramp, -ramp if variant == "turned" else ramp])


    def still():
        from sklearn.dummy import DummyClassifier

        return DummyClassifier()


    @merbench.hookimpl
    def merbench_sources():
        for name, reader, provides in (("release", "Release", "motion"), ("videos", "Videos", "video")):
            yield merbench.Source(
                name=name, reader=f"both:{reader}", provides=(provides,), databases=("a", "b"), obtain=f"the {name}"
            )


    @merbench.hookimpl
    def merbench_features():
        yield merbench.Feature(
            name="motion", function="both:motion", inputs=("video",), variants=("plain", "turned"),
            channels=("strain", "v", "u"),
        )


    @merbench.hookimpl
    def merbench_datasets():
        for name, alternatives in (("both", (("videos",),)), ("released", ())):
            yield merbench.Dataset(
                name=name, sources=("release",), alternatives=alternatives, databases=("a", "b"),
                scheme=merbench.THREE_CLASS,
            )


    @merbench.hookimpl
    def merbench_models():
        yield merbench.EstimatorModel(
            name="still", estimator="both:still", features=("motion",),
            recipes={"default": merbench.Recipe(claim="baseline")},
        )
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "both.py"
    path.write_text(textwrap.dedent(BOTH))
    return path


@pytest.fixture
def releases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with both releases, where MERBENCH_DATA points to."""
    root = tmp_path / "data"
    for name in ("release", "videos"):
        (root / name).mkdir(parents=True)
    monkeypatch.setenv("MERBENCH_DATA", str(root))
    return root


@pytest.fixture
def both(plugin: Path, releases: Path) -> Registry:
    return Registry(load(allow=(), files=[plugin]))


def test_the_endpoint_difference_is_the_mean_length_of_the_difference_of_u_and_v(both: Registry) -> None:
    """u is 3 apart and v 4, so the end points are 5 apart; strain is 2 apart. The last clip is the same in both."""
    found = compare_flows(both, "both", flow_pair(both, "both"), jobs=1)
    assert [one.clip for one in found.clips] == ["a/s1/one", "a/s2/two", "b/s1/one", "b/s2/two"]
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


def test_a_missing_release_is_named_with_how_to_add_it(both: Registry, releases: Path) -> None:
    (releases / "videos").rmdir()
    says = r"compare-flow reads the release and the videos of both; .*get the videos, then: merbench data add "
    with pytest.raises(ReleaseError, match=says):
        flow_pair(both, "both")


def test_a_baseline_is_found_by_the_feature_that_it_sees_alone(both: Registry) -> None:
    assert baseline_of(both, "motion") == "still"
    assert baseline_of(both, "flow-28") == "flow-lr"
    assert baseline_of(both, "video") == "MODEL"


def test_the_command_prints_a_line_for_each_database_and_the_runs_that_compare_scores(
    plugin: Path, releases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "compare-flow", "--dataset", "both", "--jobs", "1", "--plugin", str(plugin)]) == 0
    said = capsys.readouterr().out
    assert "motion of release, beside motion@plain of videos" in said
    lines = {line.split()[0]: line for line in said.splitlines() if line.strip()}
    assert lines["all"].split()[1:3] == ["4", "5.0"]
    assert lines["a"].split()[1:5] == ["2", "5.0", "[5.0", "5.0]"]
    assert "farthest apart: a/s1/one (5.0)" in said
    assert "  merbench run --model still --dataset both\n" in said
    assert "  merbench run --model still --dataset both --set motion=plain\n" in said


def test_json_has_every_clip(plugin: Path, releases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["data", "compare-flow", "--dataset", "both", "--jobs", "1", "--json", "--plugin", str(plugin)]
    assert main(argv) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["feature"], found["computed"], found["released"]) == ("motion", "motion@plain", ["release"])
    assert [one["endpoint"] for one in found["clips"]] == [5, 5, 5, 0]


def test_broken_clips_stop_the_command_or_are_left_out_and_named(
    plugin: Path, releases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (releases / "videos" / "broken.txt").write_text("a/s2/two")
    argv = ["data", "compare-flow", "--dataset", "both", "--jobs", "1", "--plugin", str(plugin)]
    assert main(argv) == 2
    assert "1 broken clip(s), see above; fix the release, or leave these clips out" in capsys.readouterr().err
    assert main([*argv, "--skip-broken"]) == 0
    said = capsys.readouterr()
    assert "img7.jpg" in said.err
    assert "all" in said.out
    assert np.isclose(float(said.out.split("farthest apart: a/s1/one (")[1].split(")")[0]), 5)
