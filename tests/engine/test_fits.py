"""One call of an author's `fit` for each fold."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from merbench.engine.fits import run_fit
from merbench.engine.folds import Grouping, compute_folds
from merbench.engine.task import Task
from merbench.errors import TrainingError
from merbench.plugin.calls import _STATE, Author, calling
from merbench.plugin.specs import Recipe
from merbench.plugin.training import Training
from merbench.protocols import Fold

X = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
Y = np.arange(30) % 3
FOLD = Fold(name="smic/s01", train=np.arange(20), test=np.arange(20, 30), seed=3)


def task(fit: Any, x: np.ndarray = X) -> Task:
    author = Author.of("model my-fit", "mine", __name__)
    return Task(
        build=partial(partial, fit),
        author=author,
        arrays=(x,),
        labels=Y,
        classes=3,
        recipe=Recipe(),
        subjects=np.arange(30) // 5,
    )


def nearest(x: np.ndarray, means: np.ndarray) -> np.ndarray:
    return -((x[:, None] - means) ** 2).sum(-1)


def means_of(x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.stack([x[labels == label].mean(0) for label in range(3)])


def centroids(training: Training, **_: Any) -> Any:
    (x,) = training.arrays
    return partial(nearest, means=means_of(x, training.labels))


def always_first(x: np.ndarray) -> np.ndarray:
    return np.tile([1, 0, 0], (len(x), 1))


def in_two_epochs(training: Training, report: Any, **_: Any) -> Any:
    report(always_first, loss=2.0)
    report(always_first, loss=1.0)
    return centroids(training)


def test_a_fit_without_epochs_has_the_scores_of_its_predictor() -> None:
    found = run_fit(task(centroids), FOLD)
    np.testing.assert_allclose(found.scores[0], nearest(X[20:], means_of(X[:20], Y[:20])), rtol=1e-5)
    assert (found.name, found.scores.shape, found.scores.dtype) == ("smic/s01", (1, 10, 3), np.float32)
    assert found.predicted.tolist() == found.scores.argmax(-1).tolist()
    assert len(found.loss) == 0


def test_every_reported_epoch_has_a_loss_and_scores_and_the_returned_predictor_has_the_last_word() -> None:
    found = run_fit(task(in_two_epochs), FOLD)
    assert found.loss.tolist() == [2, 1]
    assert found.predicted[0].tolist() == [0] * 10
    assert found.scores[1:].tolist() == run_fit(task(centroids), FOLD).scores.tolist()


def test_fit_gets_the_training_side_alone() -> None:
    seen: dict[str, Any] = {}

    def fit(training: Training, **given: Any) -> Any:
        seen.update(given, training=training)
        return centroids(training)

    run_fit(task(fit), FOLD)
    training = seen["training"]
    assert [array.tolist() for array in training.arrays] == [X[:20].tolist()]
    assert training.labels.tolist() == Y[:20].tolist()
    assert training.subjects.tolist() == [0] * 5 + [1] * 5 + [2] * 5 + [3] * 5
    assert (training.classes, seen["device"]) == (3, "cpu")


def test_poisoned_labels_of_the_test_side_move_no_prediction() -> None:
    poisoned = np.where(np.arange(30) < 20, Y, -9)
    found = run_fit(replace(task(in_two_epochs), labels=poisoned), FOLD)
    assert found.scores.tolist() == run_fit(task(in_two_epochs), FOLD).scores.tolist()


def test_clips_of_bytes_come_as_float32() -> None:
    def fit(training: Training, **_: Any) -> Any:
        assert training.arrays[0].dtype == np.float32
        return lambda x: np.full((len(x), 3), float(x.dtype == np.float32))

    assert run_fit(task(fit, np.zeros((30, 4), np.uint8)), FOLD).scores.min() == 1


def test_a_fit_and_a_predictor_that_overwrite_their_inputs_change_nothing_for_others() -> None:
    def fit(training: Training, report: Any, **_: Any) -> Any:
        def predictor(x: np.ndarray) -> Any:
            scores = nearest(x, means)
            x[:] = np.nan
            return scores

        means = means_of(training.arrays[0], training.labels)
        for array in (*training.arrays, training.labels, training.subjects):
            array[:] = 0
        report(predictor, loss=1.0)
        report(predictor, loss=1.0)
        return predictor

    shared, before = task(fit), (X.copy(), Y.copy())
    found = run_fit(shared, FOLD)
    assert found.scores[0].tolist() == found.scores[1].tolist() == run_fit(task(centroids), FOLD).scores[0].tolist()
    assert (X.tolist(), Y.tolist()) == tuple(one.tolist() for one in before)
    assert shared.subjects is not None
    assert shared.subjects.tolist() == (np.arange(30) // 5).tolist()


def test_a_predictor_moves_no_random_number_of_training() -> None:
    drawn: list[float] = []

    def fit(training: Training, report: Any, *, silent: bool, **_: Any) -> Any:
        if not silent:
            report(lambda x: np.random.rand(len(x), 3), loss=1.0)
        drawn.append(float(np.random.rand()))
        return centroids(training)

    for silent in (False, True):
        run_fit(task(partial(fit, silent=silent)), FOLD)
    assert drawn[0] == drawn[1]


def drawing(training: Training, seed: int, **_: Any) -> Any:
    import torch

    scores = float(np.random.rand()) + float(torch.rand(())) + seed
    return partial(drawn_scores, value=scores)


def drawn_scores(x: np.ndarray, value: float) -> np.ndarray:
    return np.stack([x[:, 0] * value] * 3, 1)


def test_folds_in_processes_give_the_scores_of_folds_in_turn_whatever_their_order() -> None:
    folds = [Fold(name=f"smic/s{n}", train=np.arange(20), test=np.arange(20, 30), seed=n) for n in range(3)]
    alone = {fold.name: run_fit(task(drawing), fold).scores.tolist() for fold in reversed(folds)}
    groups = compute_folds(task(drawing), folds, Grouping("fit"), {"smic/s1"}, lambda finished: None)
    found = {one.name: one.scores.tolist() for group in groups for one in group}
    assert found == {name: scores for name, scores in alone.items() if name != "smic/s1"}
    assert len({str(scores) for scores in alone.values()}) == 3


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), "small", None])
def test_a_loss_that_is_not_finite_is_told_with_plugin_fold_epoch_and_line(loss: Any) -> None:
    def fit(training: Training, report: Any, **_: Any) -> None:
        report(always_first, loss=1.0)
        report(always_first, loss=loss)

    told = r"fold smic/s01: model my-fit \(plugin mine\): fit reports at .*test_fits.py:\d+ in fit the loss .* epoch 2"
    with pytest.raises(TrainingError, match=told):
        run_fit(task(fit), FOLD)


def test_a_fit_cannot_hide_a_loss_that_is_not_finite() -> None:
    def fit(training: Training, report: Any, **_: Any) -> Any:
        with contextlib.suppress(Exception):
            report(always_first, loss=float("nan"))
        return centroids(training)

    with pytest.raises(TrainingError, match="the loss nan for epoch 1"):
        run_fit(task(fit), FOLD)


def test_a_reported_epoch_starts_the_time_limit_anew() -> None:
    with calling(task(centroids).author, "fit"):
        (outer,) = _STATE.running.values()
        outer.age, outer.report_at = 59.0, 60.0
        run_fit(task(in_two_epochs), FOLD)
        assert outer.age < 59
        assert outer.report_at == 0


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        (np.zeros((10, 2)), r"gives an array of shape \[10, 2\]; it must give a finite score .*, \[10, 3\]"),
        (np.zeros((9, 3)), r"gives an array of shape \[9, 3\]"),
        (np.full((10, 3), np.nan), "gives scores that are not finite"),
        (None, "gives scores that are not finite|gives an array of shape"),
        ("many", "ValueError"),
    ],
)
def test_wrong_scores_are_refused_with_the_line_of_the_predictor(scores: Any, told: str) -> None:
    def predictor(x: np.ndarray) -> Any:
        return scores

    with pytest.raises(TrainingError, match=rf"the predictor that fit returns.*{told}") as error:
        run_fit(task(lambda training, **_: predictor), FOLD)
    assert "test_fits.py" in str(error.value) or scores == "many"


def test_a_fit_that_returns_no_predictor_is_refused() -> None:
    with pytest.raises(TrainingError, match="the predictor that fit returns gives None; it must return a function"):
        run_fit(task(lambda training, **_: None), FOLD)


def test_a_fit_that_raises_is_named_with_its_fold_and_line() -> None:
    def fit(training: Training, **_: Any) -> None:
        raise KeyError("flow")

    with pytest.raises(TrainingError, match=r"fold smic/s01: .*fit failed at .*test_fits.py:\d+ in fit: KeyError"):
        run_fit(task(fit), FOLD)
