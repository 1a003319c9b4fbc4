"""The benchmark of GPUs: each of its parts runs on a CPU with tiny sizes, and a machine without a GPU is told so."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import torch

from tests.benchmarks import gpu, gpu_checks
from tests.benchmarks.gpu_sizes import TINY
from tests.benchmarks.row import Row

NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """The networks are so small that a second thread only costs time."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize("name", gpu.PARTS)
def test_each_part_runs_and_is_saved(name, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda function, **settings: function)  # it takes a minute
    monkeypatch.delenv("MERBENCH_REAL_DATA", raising=False)
    gpu.main(["--out", str(tmp_path), "--only", name], TINY)
    rows = json.loads((tmp_path / "gpu.json").read_text("utf-8"))
    assert rows
    assert not [row for row in rows if row["figure"] == "failed"]
    assert all(row["conditions"].startswith("CPU, PyTorch") for row in rows)


def test_every_parity_case_that_is_small_is_compared(golden) -> None:
    rows = {row.what: row.figure for row in gpu_checks.parity(TINY, None)}
    assert len(rows) == len(list(golden.glob("*.json")))
    left = {what for what, figure in rows.items() if figure == "not measured"}
    assert left == {"parity of causalnet", "parity of hsta-base", "parity of htnet-published"}
    differ = [float(figure.rpartition(" ")[2]) for what, figure in rows.items() if what not in left]
    assert max(differ) < 1e-4


def test_a_part_that_fails_costs_no_other_part() -> None:
    def failing(sizes, reference):
        raise RuntimeError("no kernel\nfor this card")

    parts = {"one": failing, "two": lambda sizes, reference: [Row("two", "2 s")]}
    (one,), (two,) = (rows for _, rows in gpu.measured(TINY, None, parts, minutes=1))
    assert (one.figure, two.figure) == ("failed", "2 s")
    assert one.conditions.endswith("RuntimeError: no kernel for this card")


def test_no_part_begins_when_the_time_is_over() -> None:
    parts = {"one": lambda sizes, reference: pytest.fail("it began")}
    ((_, (row,)),) = gpu.measured(TINY, None, parts, minutes=-1)
    assert row.figure == "not measured"


@NO_GPU
def test_without_a_gpu_it_says_so_in_one_line(tmp_path, capsys) -> None:
    assert gpu.run(None) == []
    assert capsys.readouterr().out == gpu.NONE + "\n"
    with pytest.raises(SystemExit, match="no CUDA device"):
        gpu.main(["--out", str(tmp_path)])
