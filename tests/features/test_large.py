"""Arrays that are read in no time are in memory while they are small; whatever is large is in a file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from merbench.features import compute as module
from merbench.features.compute import compute
from merbench.features.store import store_path
from tests.features.test_compute import FRAMES, POINTS, Reader, feature, opened

TOYS = Path(__file__).parent / "toys.py"


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def few_bytes_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESIDENT", 10)


def test_small_arrays_are_in_memory_and_nothing_is_written() -> None:
    (array,) = compute(opened(Reader()), [FRAMES])
    assert not isinstance(array, np.memmap)
    assert not store_path().exists()


@pytest.mark.parametrize("one", [FRAMES, POINTS, feature("double", FRAMES)], ids=str)
def test_large_arrays_are_in_a_file_with_the_same_values(few_bytes_are_large, monkeypatch, one) -> None:
    array, again = (compute(opened(Reader()), [one], jobs=1)[0] for _ in range(2))
    monkeypatch.setattr(module, "RESIDENT", 10**6)
    (small,) = compute(opened(Reader()), [one])
    assert not isinstance(small, np.memmap)
    for large in (array, again):
        assert isinstance(large, np.memmap)
        assert large.dtype == small.dtype == np.float32
        assert np.array_equal(large, small)
    assert len(list(store_path().rglob("*.dataset"))) == 1


PEAK = """
import resource, sys
sys.path.append(sys.argv[1])
import merbench.mapping
merbench.mapping.RESIDENT, merbench.mapping.CHUNK = 4 * 2**20, 2**20
import numpy as np, torch
from merbench.engine.clips import ClipTensor
from merbench.protocols import Fold
from extraction import found
from merbench.features.compute import arrays_digest
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
