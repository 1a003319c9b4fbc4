"""What happens when memory runs out in training: on an accelerator groups are halved."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from merbench.engine.memory import halved_if_full, if_full
from merbench.engine.task import FoldOutcome
from merbench.errors import TrainingError
from merbench.protocols import Fold

NONE = np.empty(0, np.float32)


def training(most: int, tried: list[int]) -> Callable[[Sequence[Fold]], list[FoldOutcome]]:
    """Training on a device that has memory for `most` folds."""

    def train(folds: Sequence[Fold]) -> list[FoldOutcome]:
        tried.append(len(folds))
        with if_full("cuda", 8):
            if len(folds) > most:
                raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return [FoldOutcome(name=one.name, scores=NONE, predicted=NONE, loss=NONE, seconds=1.0) for one in folds]

    return train


def test_a_group_for_which_memory_is_too_small_is_halved_until_its_parts_fit(make_folds) -> None:
    folds, tried = make_folds([20] * 7), []
    outcomes = halved_if_full(training(2, tried), folds, "cuda")
    assert [one.name for one in outcomes] == [one.name for one in folds]
    assert tried == [7, 4, 2, 2, 3, 2, 1]


def test_the_outcomes_say_what_did_not_fit(make_folds) -> None:
    outcomes = halved_if_full(training(2, []), make_folds([20] * 3), "cuda")
    assert {one.note for one in outcomes} == {"memory ran out for 3 folds at once, so its group was halved"}


def test_a_group_that_fits_is_trained_once_and_says_nothing(make_folds) -> None:
    tried: list[int] = []
    outcomes = halved_if_full(training(4, tried), make_folds([20] * 4), "cuda")
    assert tried == [4]
    assert {one.note for one in outcomes} == {""}


@pytest.mark.parametrize(("device", "folds", "tries"), [("cpu", 4, [4]), ("cuda", 2, [2, 1])])
def test_a_cpu_and_a_single_fold_stop_with_advice(make_folds, device, folds, tries) -> None:
    tried: list[int] = []
    with pytest.raises(TrainingError, match=r"no memory is left .*--set batch_size=4"):
        halved_if_full(training(0, tried), make_folds([20] * folds), device)
    assert tried == tries


def test_another_error_is_not_taken_for_a_lack_of_memory(make_folds) -> None:
    def train(folds: Sequence[Fold]) -> list[FoldOutcome]:
        raise TrainingError("the loss of fold fold0 is nan in epoch 1")

    with pytest.raises(TrainingError, match="is nan"):
        halved_if_full(train, make_folds([20] * 4), "cuda")
