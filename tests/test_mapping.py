"""Arrays in files: what is let go of comes back, and pieces cover the whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from merbench import mapping
from merbench.mapping import chunks, is_large, release

ROWS = np.arange(60, dtype=np.float32).reshape(20, 3)


@pytest.fixture
def mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    monkeypatch.setattr(mapping, "RESIDENT", 100)
    monkeypatch.setattr(mapping, "CHUNK", 40)
    np.save(tmp_path / "rows.npy", ROWS)
    array: np.ndarray = np.load(tmp_path / "rows.npy", mmap_mode="c")
    return array


def test_only_an_array_in_a_file_can_be_large(mapped) -> None:
    assert is_large(mapped)
    assert is_large(mapped[2:].view())
    assert not is_large(mapped[:2])
    assert not is_large(mapped[[1, 2, 3] * 10])
    assert not is_large(ROWS)


def test_pages_that_were_let_go_of_come_back(mapped) -> None:
    assert np.array_equal(mapped, ROWS)
    release(mapped)
    release(mapped[3:])
    assert np.array_equal(mapped, ROWS)


def test_of_an_array_in_memory_nothing_is_let_go(mapped) -> None:
    array = ROWS.copy()
    array[0] = 7
    release(array)
    assert array[0].tolist() == [7, 7, 7]


@pytest.mark.parametrize("rows", [0, 1, 3, 20])
def test_pieces_cover_the_whole_in_its_order(mapped, rows) -> None:
    for array in (mapped[:rows], ROWS[:rows]):
        pieces = list(chunks(array))
        assert all(1 <= len(piece) <= 3 for piece in pieces)
        assert np.array_equal(np.concatenate([ROWS[:0], *pieces]), ROWS[:rows])


def test_one_row_larger_than_a_piece_is_a_piece(mapped) -> None:
    wide = mapped.reshape(4, 15)
    assert [piece.shape for piece in chunks(wide)] == [(1, 15)] * 4
