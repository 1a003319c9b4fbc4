"""Which clips a fold sees in which step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merbench.engine.batches import epoch_batches, padded, steps_per_epoch
from merbench.engine.grouping import groups
from merbench.engine.task import Task
from merbench.plugin.calls import Author
from merbench.plugin.specs import Recipe
from merbench.protocols import Fold

LABELS = np.array([2, 0, 1, 0, 2, 1, 0, 1, 2, 0])


def task(batch_size: int, order: str = "shuffled", labels: np.ndarray = LABELS) -> Task:
    recipe = Recipe(batch_size=batch_size, order=order)  # type: ignore[arg-type]
    return Task(
        build=object, author=Author.of("model my-net", "mine"), arrays=(), labels=labels, classes=3, recipe=recipe
    )


def fold(train: list[int], seed: int = 0) -> Fold:
    return Fold(name=f"fold{seed}", train=np.array(train), test=np.array([0]), seed=seed)


def rows(one: Task, folds: list[Fold], epoch: int = 0) -> list[list[list[int]]]:
    """Per fold and step the clips whose weight is 1."""
    batches = epoch_batches(one, folds, epoch)
    return [[list(p[i][w[i] == 1]) for p, w in batches] for i in range(len(folds))]


def test_by_class_reads_class_after_class_and_keeps_the_clip_order_within() -> None:
    assert rows(task(3, "by-class"), [fold([0, 1, 2, 3, 4, 5, 6, 8])]) == [[[1, 3, 6], [2, 5, 0], [4, 8]]]


def test_clip_order_is_the_order_of_the_table() -> None:
    assert rows(task(4, "clip"), [fold([1, 2, 3, 5, 8, 9])]) == [[[1, 2, 3, 5], [8, 9]]]


def test_shuffled_order_is_another_one_every_epoch_and_for_every_fold_but_the_same_again() -> None:
    one, clips = task(30, labels=np.zeros(30, int)), list(range(30))
    orders = [rows(one, [fold(clips, seed)], epoch)[0][0] for seed in range(3) for epoch in range(3)]
    assert len({tuple(order) for order in orders}) == 9
    assert rows(one, [fold(clips, 2)], 2)[0][0] == orders[-1]


def test_balanced_order_draws_as_many_clips_and_every_class_about_as_often() -> None:
    labels = np.array([0] * 80 + [1] * 15 + [2] * 5)
    (steps,) = rows(task(40, "balanced", labels), [fold(list(range(100)))])
    drawn = [clip for step in steps for clip in step]
    assert [len(step) for step in steps] == [40, 40, 20]
    counts = np.sum([np.bincount(labels[np.array(step)], minlength=3) for step in steps], 0)
    assert counts.sum() == 100
    assert counts.min() > 20  # of 33 to be expected
    assert len(set(drawn)) < 100  # with replacement
    assert rows(task(40, "balanced", labels), [fold(list(range(100)))]) == [steps]


def test_balanced_order_draws_from_the_training_side_alone() -> None:
    (steps,) = rows(task(4, "balanced"), [fold([1, 3, 4, 6])])
    assert {clip for step in steps for clip in step} <= {1, 3, 4, 6}


def test_a_shorter_last_batch_is_padded_with_a_clip_of_its_own_fold_at_weight_0() -> None:
    ((positions, weights),) = epoch_batches(task(9, "clip"), [fold([4, 5, 6]), fold([7])], 0)
    assert positions.tolist() == [[4, 5, 6], [7, 7, 7]]
    assert weights.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert (positions.dtype, weights.dtype) == (np.int64, np.float32)


def test_rows_of_one_length_are_not_padded() -> None:
    _, weights = padded([np.array([1, 2]), np.array([3, 4])])
    assert weights.all()


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=6), st.integers(1, 12), st.sampled_from(["shuffled", "by-class"])
)
def test_each_epoch_sees_each_training_clip_once_and_groups_share_their_number_of_steps(
    sizes: list[int], batch_size: int, order: str
) -> None:
    labels = np.arange(40) % 3
    one = task(batch_size, order, labels)
    folds = [fold(sorted(np.random.default_rng(i).permutation(40)[:n].tolist()), i) for i, n in enumerate(sizes)]
    made = groups(one, folds, 4)
    assert sorted(f.name for group in made for f in group) == sorted(f.name for f in folds)
    for group in made:
        assert len(group) <= 4
        (steps,) = {steps_per_epoch(f, batch_size) for f in group}
        for member, batches in zip(group, rows(one, group, 5), strict=True):
            assert len(batches) == steps
            assert all(len(batch) == batch_size for batch in batches[:-1])
            assert 1 <= len(batches[-1]) <= batch_size
            assert sorted(np.concatenate(batches)) == member.train.tolist()


@pytest.mark.parametrize(("clips", "steps"), [(1, 1), (8, 1), (9, 2), (16, 2)])
def test_the_last_step_takes_what_is_left(clips: int, steps: int) -> None:
    assert steps_per_epoch(fold(list(range(clips))), 8) == steps
