"""Clips as a network gets them: the same from memory, from a small file and from a large one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from merbench import mapping
from merbench.engine import clips as module
from merbench.engine.clips import ClipTensor, resident_bytes
from merbench.engine.folds import Grouping, compute_folds
from merbench.engine.task import Task
from merbench.protocols import Fold

MakeTask = Callable[..., Task]
MakeFolds = Callable[..., list[Fold]]
BYTES = np.random.default_rng(0).integers(0, 256, (12, 3, 4, 5)).astype(np.uint8)
NUMBERS = np.random.default_rng(1).normal(3, 2, (12, 3, 4, 5)).astype(np.float32)
FOLDS = [Fold(name=str(seed), train=np.arange(seed, 10), test=np.array([11]), seed=seed) for seed in (0, 3)]


@pytest.fixture
def in_file(tmp_path: Path) -> Callable[[np.ndarray], np.ndarray]:
    """The array as the feature store hands it out: mapped from a file."""

    def write(array: np.ndarray) -> np.ndarray:
        np.save(tmp_path / "array.npy", array)
        mapped: np.ndarray = np.load(tmp_path / "array.npy", mmap_mode="c")
        return mapped

    return write


@pytest.fixture
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes count as too many to be taken into memory."""
    monkeypatch.setattr(mapping, "RESIDENT", 100)
    monkeypatch.setattr(mapping, "CHUNK", 500)
    monkeypatch.setattr(module, "RESIDENT", 100)


@pytest.mark.parametrize("array", [BYTES, NUMBERS], ids=["bytes", "numbers"])
def test_a_batch_is_float32_wherever_the_clips_are(array, in_file, all_are_large) -> None:
    positions = torch.tensor([[3, 0, 3], [11, 2, 1]])
    here, there = ClipTensor(array, "cpu"), ClipTensor(in_file(array), "cpu")
    assert here.resident is not None
    assert there.resident is None
    for clips in (here, there, there):  # again: pages that were let go of come back
        batch = clips.take(positions)
        assert batch.dtype == torch.float32
        assert np.array_equal(batch.numpy(), array[positions.numpy()].astype(np.float32))


def test_a_small_file_is_used_where_it_is(in_file) -> None:
    mapped = in_file(NUMBERS)
    clips = ClipTensor(mapped, "cpu")
    assert clips.resident is not None
    assert clips.resident.data_ptr() == mapped.ctypes.data


@pytest.mark.parametrize("array", [BYTES, NUMBERS, NUMBERS[:, :, 0, 0].copy()], ids=["bytes", "numbers", "points"])
def test_channels_are_standardised_alike_wherever_the_clips_are(array, in_file, all_are_large) -> None:
    means, deviations = ClipTensor(in_file(array), "cpu").moments(FOLDS)
    assert means.shape == (2, 1, 3, *(1 for _ in array.shape[2:]))
    for fold, mean, deviation in zip(FOLDS, means, deviations, strict=True):
        seen = array[fold.train].astype(np.float64)
        axes = (0, *range(2, array.ndim))
        assert mean.numpy().ravel() == pytest.approx(seen.mean(axes), rel=1e-6)
        assert deviation.numpy().ravel() == pytest.approx(seen.std(axes), rel=1e-5)
    assert torch.allclose(means, ClipTensor(array, "cpu").moments(FOLDS)[0], rtol=1e-5)


def test_a_channel_that_never_varies_keeps_its_scale(in_file, all_are_large) -> None:
    flat = np.full((12, 2, 3), 7, np.uint8)
    for array in (flat, in_file(flat)):
        assert ClipTensor(array, "cpu").moments(FOLDS)[1].unique().tolist() == [1]


@pytest.mark.parametrize("mode", ["batched", "sequential"])
def test_a_network_learns_the_same_from_memory_and_from_a_file(
    mode: str, make_task: MakeTask, make_folds: MakeFolds, in_file, flow, monkeypatch
) -> None:
    def scores(images: np.ndarray) -> list[np.ndarray]:
        one, folds = make_task(arrays=(images,)), make_folds([12, 13])
        found = [
            fold for group in compute_folds(one, folds, Grouping(mode, 2), set(), lambda units: None) for fold in group
        ]
        return [fold.scores for fold in sorted(found, key=lambda fold: fold.name)]

    from_memory = scores(flow[0])
    monkeypatch.setattr(mapping, "RESIDENT", 100)
    from_file = scores(in_file(flow[0]))
    assert all(np.array_equal(a, b) for a, b in zip(from_memory, from_file, strict=True))


def test_only_an_accelerator_holds_clips_beside_what_folds_take(monkeypatch) -> None:
    monkeypatch.setattr(module, "memory_budget", lambda device: 4 * BYTES.nbytes)
    assert resident_bytes([BYTES], "cuda") == 0  # of no account
    monkeypatch.setattr(module, "RESIDENT", 100)
    assert resident_bytes([BYTES], "cuda") == BYTES.nbytes
    assert resident_bytes([BYTES], "cpu") == 0


def test_a_file_that_an_accelerator_has_no_room_for_stays_a_file(in_file, all_are_large, monkeypatch) -> None:
    monkeypatch.setattr(module, "memory_budget", lambda device: BYTES.nbytes)
    assert resident_bytes([in_file(BYTES)], "cuda") == 0
    monkeypatch.setattr(module, "memory_budget", lambda device: 2 * BYTES.nbytes)
    assert resident_bytes([in_file(BYTES)], "cuda") == BYTES.nbytes
