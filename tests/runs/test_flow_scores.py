"""What a baseline scores on a released flow and on the same flow computed from videos."""

from __future__ import annotations

from pathlib import Path

import pytest

import merbench
from merbench.features.compare import Comparison, compare_flows, flow_pair
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.protocols import ProtocolError
from merbench.runs.flow_scores import PartChange, baseline_of, score_flows
from merbench.scores import paired_test

NOISY = Path(__file__).with_name("noisy_flow.py")


def compared(registry: Registry, dataset: str = "both") -> Comparison:
    return compare_flows(registry, dataset, flow_pair(registry, dataset), skip_broken=True, jobs=1)


def change(registry: Registry, part: str = "full") -> PartChange:
    return score_flows(registry, "speed", compared(registry), jobs=1).parts[part]


def scores(part: PartChange) -> tuple[float, ...]:
    """UF1 and UAR on the released flow, then on the own one."""
    assert part.released
    assert part.own
    return (part.released.uf1, part.released.uar, part.own.uf1, part.own.uar)


def test_a_baseline_is_found_by_the_feature_that_it_sees_alone(both: Registry) -> None:
    assert baseline_of(both, "motion") == "speed"
    assert baseline_of(both, "flow-28") == "flow-lr"
    assert baseline_of(both, "video") == ""


def test_the_difference_is_the_score_on_the_own_flow_less_that_on_the_released_one(both: Registry) -> None:
    """The truth is 0, 1, 2, 0. The own flow is answered rightly, the released one with 2, 0, 1, 0: class 0 has one hit
    among two clips and two answers, so its F1 and its recall are 1/2; those of the others are 0.
    """
    found = change(both)
    assert found.clips == 4
    assert scores(found) == pytest.approx((1 / 6, 1 / 6, 1, 1))
    assert {metric: test.difference for metric, test in found.tests.items()} == pytest.approx(
        {"uf1": 5 / 6, "uar": 5 / 6}
    )


@pytest.mark.parametrize("metric", ["uf1", "uar"])
def test_the_test_is_the_paired_one_over_subjects(both: Registry, metric: merbench.scores.Metric) -> None:
    subjects = ("a/s1", "a/s2", "b/s1", "b/s2")
    test = paired_test([0, 1, 2, 0], [0, 1, 2, 0], [2, 0, 1, 0], subjects, 3, metric=metric)
    assert change(both).tests[metric] == test
    # Only if all three subjects with two answers are exchanged, or none of them, is the difference as large.
    assert test.p_value == pytest.approx(1 / 4, abs=0.02)


def test_a_flow_that_is_as_released_changes_nothing(both: Registry, both_homes: Path) -> None:
    (both_homes / "release" / "same.txt").write_text("yes")
    found = change(both)
    assert scores(found) == (1, 1, 1, 1)
    assert [(test.difference, test.interval, test.p_value) for test in found.tests.values()] == [(0, (0, 0), 1)] * 2


def test_a_broken_clip_counts_in_neither_score(both: Registry, both_homes: Path) -> None:
    """Without the last clip, whose flow is the same in both, no answer on the released flow is right."""
    (both_homes / "videos" / "broken.txt").write_text("b/s2/two")
    found = change(both)
    assert found.clips == 3
    assert scores(found) == (0, 0, 1, 1)
    assert found.tests["uf1"].difference == 1


def test_a_clip_of_which_the_homes_give_two_classes_counts_in_neither_score(both: Registry, both_homes: Path) -> None:
    (both_homes / "videos" / "surprise.txt").write_text("b/s2/two")
    found = change(both)
    assert found.clips == 3
    assert scores(found) == (0, 0, 1, 1)


def test_a_part_that_lacks_a_class_has_clips_but_no_scores(both: Registry) -> None:
    found = score_flows(both, "speed", compared(both), jobs=1)
    assert list(found.parts) == ["full", "a", "b"]
    assert [found.parts[part] for part in ("a", "b")] == [PartChange(2, None, None, {})] * 2


def test_one_subject_alone_cannot_be_left_out(both: Registry, both_homes: Path) -> None:
    (both_homes / "videos" / "broken.txt").write_text("a/s2/two\nb/s1/one\nb/s2/two")
    with pytest.raises(ProtocolError, match="subject"):
        change(both)


@pytest.mark.parametrize("model", ["flow-lr", "guess"])
def test_each_flow_scores_what_a_run_on_it_scores(model: str, tmp_path: Path) -> None:
    """`guess` draws its answers, so the seeds of the folds are those of the run as well."""
    registry = Registry(load(allow=(), files=[NOISY]))
    found = score_flows(registry, model, compared(registry, "noisy"), jobs=1)
    record = merbench.run(model=model, dataset="noisy", out=tmp_path, plugins=[NOISY])
    assert record.plan.features == ["flow-28"]
    assert found.parts["full"].released == record.scores["last"]["full"]
    assert (found.recipe, found.protocol, found.seed) == (record.plan.recipe, record.plan.protocol, record.plan.seed)


def test_the_own_flow_scores_what_a_run_on_the_videos_scores(tmp_path: Path) -> None:
    registry = Registry(load(allow=(), files=[NOISY]))
    found = score_flows(registry, "flow-lr", compared(registry, "noisy"), jobs=1)
    record = merbench.run(model="flow-lr", dataset="tiny", out=tmp_path)
    assert found.parts["full"].own == record.scores["last"]["full"]
    assert found.parts["full"].own != found.parts["full"].released
