"""Running the folds of a task: which are computed, in which groups, and the same in whatever process."""

from __future__ import annotations

import faulthandler
import os
import re
import signal
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from joblib.externals.loky.process_executor import TerminatedWorkerError
from torch import nn

from merbench.engine.build import Build
from merbench.engine.folds import Grouping, compute_folds, group_estimator, group_network, processes
from merbench.engine.loop import Group, train_group
from merbench.errors import OptionError, OutputError, TrainingError
from merbench.plugin.calls import Author
from merbench.protocols import Fold

AUTHOR = Author.of("model my-net", "mine", __name__)
STSTNET = Build("merbench_shallow.ststnet:STSTNet", {"classes": 3}, AUTHOR)


def names(task, folds, grouping, done) -> list[list[str]]:
    return [[one.name for one in group] for group in compute_folds(task, folds, grouping, done, lambda units: None)]


def test_groups_stay_the_same_after_a_resume(make_task, make_folds) -> None:
    task, folds, grouping = make_task(epochs=1), make_folds([20, 17, 23, 24, 9]), Grouping("batched", 2)
    assert names(task, folds, grouping, set()) == [["fold0", "fold1"], ["fold2", "fold3"], ["fold4"]]
    assert names(task, folds, grouping, {"fold0", "fold1", "fold2"}) == [["fold2", "fold3"], ["fold4"]]
    assert names(task, folds, grouping, {fold.name for fold in folds}) == []


@pytest.mark.parametrize("mode", ["batched", "sequential"])
def test_after_a_resume_dropout_leaves_out_what_it_would_have_without(make_task, make_folds, mode) -> None:
    task = make_task(lambda: nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(2352, 3)), epochs=2)
    folds, grouping = make_folds([20, 17, 23]), Grouping(mode, 2 if mode == "batched" else 1)

    def outcomes(done: set[str]) -> dict[str, np.ndarray]:
        groups = compute_folds(task, folds, grouping, done, lambda units: None)
        return {one.name: one.scores for group in groups for one in group}

    whole, rest = outcomes(set()), outcomes({"fold0", "fold1"})
    assert list(rest) == ["fold2"]
    assert np.array_equal(rest["fold2"], whole["fold2"])


@pytest.mark.processes
def test_networks_alone_give_the_same_in_other_processes_and_whoever_runs_beside(make_task, make_folds) -> None:
    task, folds = make_task(STSTNET, epochs=2), make_folds([20, 17, 23])
    grouping = group_network(task, folds)
    assert grouping.mode == "sequential"
    told: list[int] = []
    outcomes = {one.name: one for (one,) in compute_folds(task, folds, grouping, {"fold1"}, told.append)}
    assert sorted(outcomes) == ["fold0", "fold2"]
    assert told == [2, 2]
    for fold in (folds[0], folds[2]):
        (here,) = train_group(Group(task, [fold], stacked=False))
        assert np.array_equal(outcomes[fold.name].scores, here.scores)


def test_a_single_fold_leaves_the_number_of_threads_and_the_randomness_alone(make_task, make_folds) -> None:
    torch.set_num_threads(2)
    torch.manual_seed(5)
    wanted = torch.rand(2)
    torch.manual_seed(5)
    assert names(make_task(STSTNET, epochs=1), make_folds([20]), Grouping("sequential"), set()) == [["fold0"]]
    assert torch.get_num_threads() == 2
    assert torch.equal(torch.rand(2), wanted)


class Counts(nn.Linear):
    """Notes on how many threads it is computed."""

    seen: ClassVar[set[int]] = set()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.add(torch.get_num_threads())
        return super().forward(x.flatten(1))


@pytest.mark.parametrize(("fold_bytes", "wanted"), [(2**20, {2, 1}), (2**32, {8})], ids=["small", "large"])
def test_small_networks_train_on_no_more_threads_than_folds(make_task, make_folds, fold_bytes, wanted) -> None:
    torch.set_num_threads(8)  # as on a machine of so many cores
    Counts.seen.clear()
    grouping = Grouping("batched", 2, fold_bytes=fold_bytes)
    assert len(names(make_task(lambda: Counts(2352, 3), epochs=1), make_folds([20, 17, 23]), grouping, set())) == 2
    assert Counts.seen == wanted
    assert torch.get_num_threads() == 8


def test_folds_that_were_finished_before_one_fails_have_been_handed_over(make_task, flow) -> None:
    images = flow[0].copy()
    images[25] = np.nan
    task = make_task(arrays=(images,), epochs=1)
    folds = [
        Fold(name="good", train=np.arange(10), test=np.arange(10, 13), seed=0),
        Fold(name="bad", train=np.arange(20, 28), test=np.array([28]), seed=1),
    ]
    running = compute_folds(task, folds, Grouping("batched", 1), set(), lambda units: None)
    (outcome,) = next(running)
    assert outcome.name == "good"
    with pytest.raises(TrainingError, match="fold bad"):
        next(running)


@pytest.mark.processes
@pytest.mark.parametrize(
    ("by", "raised", "told"),
    [
        # as the system does where memory runs out
        (signal.SIGKILL, OutputError, r"^a process that trains was ended from outside.* folds are kept: .* run again$"),
        (signal.SIGSEGV, TerminatedWorkerError, "SIGSEGV"),
    ],
)
def test_a_process_that_is_ended_from_outside_is_one_line_and_one_that_crashes_a_defect(
    make_task, make_folds, monkeypatch, by, raised, told
) -> None:
    owner = os.getpid()

    class Ended:  # here, as where merbench is installed its processes cannot import this file
        def fit(self, X: np.ndarray, y: np.ndarray) -> None:
            assert os.getpid() != owner
            faulthandler.disable()  # or a crash is told in the tests' log
            os.kill(os.getpid(), by)

        def predict(self, X: np.ndarray) -> np.ndarray:
            return np.zeros(len(X), int)

    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    with pytest.raises(raised, match=told):
        names(make_task(Ended), make_folds([20, 17]), group_estimator(), set())


class Greedy(nn.Linear):
    """Asks in training for more memory than any machine has."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.training:
            torch.empty(2**60)
        return super().forward(x.flatten(1))


@pytest.mark.parametrize("grouping", [Grouping("batched", 2), Grouping("sequential")])
def test_memory_that_runs_out_in_training_is_one_line(make_task, make_folds, grouping) -> None:
    task, folds = make_task(lambda: Greedy(2352, 3), batch_size=64), make_folds([20, 20])[: grouping.at_once]
    with pytest.raises(TrainingError, match=r"^no memory is left on cpu; .*--set batch_size=32\)$"):
        names(task, folds, grouping, set())


def test_memory_that_runs_out_before_training_is_told_alike_and_one_clip_is_not_halved(make_task, make_folds) -> None:
    with pytest.raises(TrainingError, match=r"^no memory is left on cpu; .* and run again$"):
        group_network(make_task(lambda: Greedy(2352, 3), batch_size=1), make_folds([20]))


def test_a_fault_of_a_network_in_training_names_the_fold_and_the_line(make_task, make_folds) -> None:
    def fail(module: nn.Module, inputs: object) -> None:
        raise RuntimeError("a fault")

    network = nn.Sequential(nn.Flatten(), nn.Linear(2352, 3))
    network.register_forward_pre_hook(fail)
    with pytest.raises(TrainingError) as caught:
        names(make_task(lambda: network), make_folds([20]), Grouping("sequential"), set())
    assert re.fullmatch(
        r"fold fold0: model my-net \(plugin mine\): forward in training mode failed at .*test_folds.py:\d+ in fail: "
        r"RuntimeError: a fault; it must give logits \[clips, 3\] for clips of shape \[3, 28, 28\]; "
        "finished folds are kept",
        str(caught.value),
    )


def test_options_that_a_network_cannot_take_are_one_line(make_task, make_folds) -> None:
    build = Build(
        "merbench_htnet.network:HTNet", {"classes": 3, "dim": 2, "heads": 3}, Author.of("model htnet", "htnet")
    )
    with pytest.raises(OptionError, match=r"htnet\) cannot be built with .*dim=2.*: 3 heads cannot share dim 2"):
        group_network(make_task(build), make_folds([20]))


def test_a_network_that_is_larger_than_memory_is_told_in_one_line() -> None:
    build = Build(
        "merbench_shallow.dual_inception:DualInception", {"width": 10**9}, Author.of("model dual-inception", "shallow")
    )
    with pytest.raises(OptionError, match="shallow\\) cannot be built with width=1000000000: ") as caught:
        build()
    assert "\n" not in str(caught.value)


def test_processes_are_as_many_as_cores_folds_or_memory_allow(monkeypatch) -> None:
    monkeypatch.setattr("joblib.cpu_count", lambda: 8)
    monkeypatch.setattr("merbench.engine.device.free_memory", lambda: 1000)
    assert processes(Grouping("sequential", fold_bytes=10), 68) == 8
    assert processes(Grouping("sequential", fold_bytes=10), 3) == 3
    assert processes(Grouping("sequential", fold_bytes=300), 68) == 3
    assert processes(Grouping("sequential", fold_bytes=3000), 68) == 1
    assert processes(Grouping("estimator"), 68) == 8
    assert processes(Grouping("estimator"), 0) == 1
    assert processes(Grouping("estimator"), 68, 3) == 3


@pytest.mark.parametrize("mode", ["batched", "sequential"])
def test_a_network_uses_no_more_threads_than_the_jobs_allow(make_task, make_folds, mode) -> None:
    seen = set()

    class Watched(nn.Linear):
        def forward(self, images):
            seen.add(torch.get_num_threads())
            return super().forward(images.flatten(1))

    torch.set_num_threads(4)
    task, folds = replace(make_task(lambda: Watched(2352, 3), epochs=1), jobs=1), make_folds([20, 17, 23])
    group_network(task, folds)
    names(task, folds, Grouping(mode, 3 if mode == "batched" else 1), set())
    assert seen == {1}
    assert torch.get_num_threads() == 4


@pytest.mark.processes
def test_no_more_processes_train_than_the_jobs_allow(make_task, make_folds, monkeypatch, tmp_path) -> None:
    class Noted:  # here, as where merbench is installed its processes cannot import this file
        def fit(self, X: np.ndarray, y: np.ndarray) -> None:
            (tmp_path / str(os.getpid())).touch()

        def predict(self, X: np.ndarray) -> np.ndarray:
            return np.zeros(len(X), int)

    monkeypatch.setattr("joblib.cpu_count", lambda: 8)
    folds = make_folds([20, 17, 23, 19, 18, 21])
    names(replace(make_task(Noted), jobs=2), folds, group_estimator(), set())
    assert 1 <= len([*tmp_path.iterdir()]) <= 2
    assert not (tmp_path / str(os.getpid())).exists()


@pytest.mark.processes
@pytest.mark.parametrize("grouping", [Grouping("sequential"), group_estimator()])
def test_a_fault_in_another_process_is_the_same_line(make_task, make_folds, monkeypatch, grouping) -> None:
    owner = os.getpid()

    class Odd(Exception):
        """Does not come out of another process as it was."""

        def __init__(self, one: int, two: int) -> None:
            super().__init__(f"{one} and\n{two}")

    class Failing(nn.Module):  # here, as where merbench is installed its processes cannot import this file
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(2352, 3)

        def forward(self, image: torch.Tensor) -> None:
            assert os.getpid() != owner
            raise Odd(1, 2)

        def fit(self, X: np.ndarray, y: np.ndarray) -> None:
            self(X)

        predict = fit

    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    with pytest.raises(TrainingError) as caught:
        names(make_task(Failing), make_folds([20, 17]), grouping, set())
    assert re.fullmatch(
        r"fold fold\d: model my-net \(plugin mine\): (forward in training mode|fit) failed at .*test_folds.py:\d+ in "
        r"forward: Odd: 1 and 2; it must .*; finished folds are kept",
        str(caught.value),
    )
