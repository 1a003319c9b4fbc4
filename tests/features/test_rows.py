"""Arrays that are read in no time: in memory while they are few."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from merbench.errors import PluginError
from merbench.features import rows as module
from merbench.features.resolve import Resolved
from merbench.features.rows import Rows

TOYS = Path(__file__).parent / "toys.py"
POINTS = Resolved("points")


def gathered(root: Path, rows: list[np.ndarray]) -> np.ndarray:
    gathering = Rows(POINTS, len(rows), root)
    try:
        for row in rows:
            gathering.append(row)
        return gathering.array()
    finally:
        gathering.close()


@pytest.fixture
def few_bytes_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESIDENT", 10)


def test_few_are_in_memory_and_nothing_is_written(tmp_path) -> None:
    array = gathered(tmp_path / "cache", [np.full((2, 2), n, np.float64) for n in range(3)])
    assert array[:, 1, 1].tolist() == [0, 1, 2]
    assert array.dtype == np.float32
    assert not (tmp_path / "cache").exists()


def test_bytes_stay_bytes(tmp_path) -> None:
    assert gathered(tmp_path, [np.zeros(2, np.uint8)] * 2).dtype == np.uint8


def test_many_are_in_a_file(tmp_path, few_bytes_are_many) -> None:
    rows = [np.full((2, 2), n, np.float64) for n in range(3)]
    array = gathered(tmp_path, rows)
    assert isinstance(array, np.memmap)
    assert array.dtype == np.float32
    assert np.array_equal(array, np.stack(rows))
    assert len(list(tmp_path.rglob("*.npy"))) == 1
    assert np.array_equal(gathered(tmp_path, rows), array)
    assert len(list(tmp_path.rglob("*.npy"))) == 1


def test_many_are_in_memory_where_nothing_can_be_written(few_bytes_are_many) -> None:
    array = gathered(Path("/proc/merbench"), [np.ones(5, np.float32)] * 2)
    assert array.tolist() == [[1] * 5] * 2
    assert not isinstance(array, np.memmap)


def test_of_a_run_that_stops_nothing_is_left(tmp_path, few_bytes_are_many) -> None:
    gathering = Rows(POINTS, 3, tmp_path)
    gathering.append(np.ones(5))
    gathering.close()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("resident", [10, 10**6])
def test_arrays_of_different_shapes_are_the_features_fault(tmp_path, monkeypatch, resident) -> None:
    monkeypatch.setattr(module, "RESIDENT", resident)
    with pytest.raises(PluginError, match=r"feature points gives arrays of different shapes: \[\(2,\), \(3,\)\]"):
        gathered(tmp_path, [np.zeros(3), np.zeros(2)])


PEAK = """
import resource, sys
sys.path.append(sys.argv[1])
import merbench.mapping
merbench.mapping.RESIDENT, merbench.mapping.CHUNK = 4 * 2**20, 2**20
import numpy as np, torch
from merbench.engine.clips import ClipTensor
from test_extract import arrays_digest, found
for _ in range(2):  # computed, then from where it is kept
    (array,) = found("toy-video")
arrays_digest([array])
clips = ClipTensor(array, "cpu")
clips.moments([Fold(name="all", train=np.arange(len(array)), test=np.arange(1), seed=0)])
for start in range(0, len(array), 4):
    clips.take(torch.arange(start, min(start + 4, len(array))))
print(array.nbytes // 2**20, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def test_memory_does_not_grow_with_the_number_of_clips(toys: Callable[..., Path], monkeypatch) -> None:
    monkeypatch.setenv("TOYS_SIDE", "340")  # a clip of a megabyte
    monkeypatch.delenv("TOYS_LOG")
    used = []
    for clips in (30, 120):
        toys(clips)
        done = subprocess.run(
            [sys.executable, "-c", PEAK, str(TOYS.parent)],
            env=os.environ,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        used.append([int(word) for word in done.stdout.split()])
    (few, peak_of_few), (many, peak_of_many) = used
    assert many - few > 80
    assert peak_of_many - peak_of_few < 20
