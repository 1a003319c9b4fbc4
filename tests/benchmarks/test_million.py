"""The slices of docs/a-million-records.md hold what was written, wherever a row is added."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from merbench.leaderboard.exports import RowExport
from tests.benchmarks.made_board import ORDERS, build, made_rows
from tests.benchmarks.million import BEST
from tests.benchmarks.slices import (
    FIELDS,
    INDEX,
    SCORES,
    Order,
    Row,
    Slice,
    add,
    beginning_with,
    ends,
    line,
    read_index,
    read_slice,
    slice_of,
    write_index,
    write_slice,
)

SMALL = 20  # rows of a slice
MODEL = next(one for one in ORDERS if one.field == "model")


def written(folder: Path, rows: list[Row], order: Order = BEST) -> Path:
    """The folder of an order of some rows, all written at once."""
    folder.mkdir()
    rows = sorted(rows, key=order.of_row)
    cuts = [0, *ends(np.array([int(row[0], 16) for row in rows], dtype=np.uint64), SMALL)]
    slices = [write_slice(folder, [*map(line, rows[cuts[i] : cuts[i + 1]])], order) for i in range(len(cuts) - 1)]
    write_index(folder, slices)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def own_slice(folder: Path, row: Row) -> Slice:
    slices = read_index(folder)
    return slices[slice_of(slices, BEST, BEST.value(row), row[0])]


def test_a_slice_is_read_back_as_the_rows_that_it_was_written_from(tmp_path: Path) -> None:
    rows = list(made_rows(30))
    assert read_slice(tmp_path, write_slice(tmp_path, [*map(line, rows)], BEST)) == rows


def test_a_row_has_the_scores_of_each_part_and_fields_of_the_export() -> None:
    (row,) = made_rows(1)
    assert len(row) == len(FIELDS)
    assert set(FIELDS) - set(SCORES) - {"accuracy"} <= set(RowExport.model_fields)
    assert set(SCORES) <= set(FIELDS)


def test_the_slices_of_each_order_are_all_rows_in_that_order(tmp_path: Path) -> None:
    rows = list(made_rows(2_000))
    build(tmp_path, 2_000)
    for order in ORDERS:
        slices = read_index(tmp_path / order.field)
        assert len(slices) > 1
        loaded = [row for one in slices for row in read_slice(tmp_path / order.field, one)]
        assert loaded == sorted(rows, key=order.of_row)


def test_rows_without_a_value_come_last() -> None:
    values = [Order("parameters").value(row) for row in sorted(made_rows(100), key=Order("parameters").of_row)]
    missing = values.count(None)
    assert 0 < missing < 100
    assert values[-missing:] == [None] * missing


@pytest.mark.parametrize("order", ORDERS[2:4], ids=[one.field for one in ORDERS[2:4]])
def test_rows_that_come_one_by_one_give_the_same_files_as_all_at_once(tmp_path: Path, order: Order) -> None:
    rows = list(made_rows(100))
    folder = written(tmp_path / "grown", rows[:1], order)
    for row in rows[1:]:
        add(folder, order, row, SMALL)
    assert contents(folder) == contents(written(tmp_path / "whole", rows, order))


def test_a_new_row_leaves_all_slices_but_its_own_as_they_are(tmp_path: Path) -> None:
    folder = written(tmp_path / "board", list(made_rows(100)))
    (row,) = made_rows(1, first=10_000)
    before, own = contents(folder), own_slice(folder, row)
    (new,) = add(folder, BEST, row, SMALL)
    after = contents(folder)
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed == {f"{own.name}.json", f"{new.name}.json", INDEX}


def test_a_row_is_in_the_slice_that_the_index_says(tmp_path: Path) -> None:
    rows = list(made_rows(100))
    folder = written(tmp_path / "board", rows)
    for row in rows:
        assert row in read_slice(folder, own_slice(folder, row))


def test_a_search_loads_the_slices_with_every_name_that_begins_so(tmp_path: Path) -> None:
    rows = list(made_rows(100))
    folder = written(tmp_path / "names", rows, MODEL)
    for text in ("apex-", "twin-tree", "a", "zz", ""):
        loaded = [row for one in beginning_with(read_index(folder), MODEL, text) for row in read_slice(folder, one)]
        found = [row for row in loaded if MODEL.value(row).startswith(text)]
        assert found == sorted((one for one in rows if MODEL.value(one).startswith(text)), key=MODEL.of_row)
