"""A sweep gives the records of single runs, whatever happens on the way."""

from __future__ import annotations

import contextlib
import json
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from merbench.cli import main
from merbench.cli.progress import Shown, progress
from merbench.engine.local import LocalRunner
from merbench.files import locked
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.prepare import Request
from merbench.sweeps.drive import drive
from merbench.sweeps.runs import Run
from tests.conftest import TOYS
from tests.sweeps.conftest import SMALL, Sweep

TWO = 'model = "steady"\nseed = [0, 1]'
FOUR = f"{TWO}\nset.step = [1, 2]"
MIDDLE = 'model = ["steady", "ended"]\nseed = [0, 1]'


def records(out: Path = Path("results")) -> dict[str, dict[str, Any]]:
    """Every record by its id."""
    found = [json.loads(path.read_text()) for path in sorted(out.rglob("record.json"))]
    assert len({one["id"] for one in found}) == len(found)
    return {one["id"]: one for one in found}


def predictions(out: Path = Path("results")) -> dict[str, Any]:
    """What is the same for two equal runs: the plan, the predictions and the scores by id."""
    return {id_: [one[name] for name in ("plan", "predictions", "scores")] for id_, one in records(out).items()}


def test_the_records_are_those_of_single_runs(sweep: Sweep) -> None:
    assert sweep(FOUR) == 0
    for seed in ("0", "1"):
        for step in ("1", "2"):
            argv = ("--model", "steady", "--dataset", "little", "--seed", seed, "--set", f"step={step}")
            assert main(["--plugin", str(SMALL), "run", *argv, "--out", "single"]) == 0
    assert predictions() == predictions(Path("single"))
    assert len(records()) == 4


def test_a_finished_sweep_computes_nothing_again(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep(TWO) == 0
    first, before = capsys.readouterr().out, {path: path.stat().st_mtime_ns for path in Path().rglob("*.json")}
    assert sweep(TWO) == 0
    told = capsys.readouterr()
    assert told.out == first
    assert told.err.splitlines() == [
        "merbench: run 1 of 2 was finished before: steady on little, seed 0",
        "merbench: run 2 of 2 was finished before: steady on little, seed 1",
    ]
    assert {path: path.stat().st_mtime_ns for path in Path().rglob("*.json")} == before


def test_a_run_that_is_finished_in_any_folder_below_is_not_repeated(sweep: Sweep) -> None:
    assert sweep(TWO) == 0
    (first, *_) = sorted(Path("results").glob("steady-*"))
    Path("results/earlier").mkdir()
    shutil.move(first, "results/earlier/renamed")
    assert sweep(TWO) == 0
    assert len(records()) == 2
    assert not first.exists()


def test_a_record_that_was_changed_is_a_failed_run_and_the_others_are_shown(
    sweep: Sweep, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep(TWO) == 0
    path = min(Path("results").glob("*/record.json"))
    path.write_text(path.read_text().replace('"seed": 0', '"seed":  0').replace('"clips": 16', '"clips": 17', 1))
    assert sweep(TWO) == 2
    told = capsys.readouterr().out
    assert "was changed after it was written" in told
    assert "failed runs: 1;" in told


def test_a_failed_run_in_the_middle_is_told_at_once_and_at_the_end_and_stops_nothing(
    sweep: Sweep, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep('model = ["steady", "broken"]\nseed = [0, 1]') == 2
    told = capsys.readouterr()
    lines = told.err.splitlines()
    (failed,) = [place for place, line in enumerate(lines) if "broken on little, seed 0 failed: " in line]
    assert "no such matrix" in lines[failed]
    assert any("steady on little, seed 1" in line for line in lines[failed:])
    assert "failed: broken on little, seed 0: " in told.out
    assert told.out.splitlines()[-1] == "failed runs: 2; the same command tries them again"
    assert "Traceback" not in told.err
    assert len(records()) == 2


def test_a_run_that_fails_at_once_leaves_no_folder(sweep: Sweep) -> None:
    assert sweep(f"{TWO}\nprotocol = ['loso', 'lodo']") == 2  # one database cannot be left out
    assert len([path for path in Path("results").iterdir() if path.is_dir()]) == 2


@pytest.mark.parametrize(
    ("stopping", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)], ids=["kill", "interrupt"]
)
@pytest.mark.usefixtures("interruptible")
def test_a_sweep_that_was_stopped_in_the_middle_is_continued_by_the_same_command(
    stopping: signal.Signals,
    code: int,
    sweep: Sweep,
    command: Callable[..., subprocess.Popen[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SMALL_SIGNAL", str(int(stopping)))
    Path("once").touch()
    assert sweep(MIDDLE, "--out", "undisturbed") == 0
    Path("once").unlink()
    process = command("sweep", "some.toml")
    _, said = process.communicate()
    assert process.returncode == code
    assert "Traceback" not in said
    assert ("the same command continues the sweep" in said) == (stopping is signal.SIGINT)
    assert len(records()) == 1
    (begun,) = Path("results").glob("ended-*")
    assert len(list(begun.glob("folds/*.json"))) == 2
    kept = {path: path.stat().st_mtime_ns for path in begun.glob("folds/*.json")}
    assert sweep(MIDDLE) == 0
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert predictions() == predictions(Path("undisturbed"))
    assert not list(Path("results").rglob("*.lock"))


def test_two_sweeps_at_once_give_the_records_of_one(
    sweep: Sweep, command: Callable[..., subprocess.Popen[str]]
) -> None:
    assert sweep(FOUR, "--out", "alone") == 0
    both = [command("sweep", "some.toml"), command("sweep", "some.toml")]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert predictions() == predictions(Path("alone"))
    assert said[0][0] == said[1][0]
    assert not list(Path("results").rglob("*.lock"))


def test_a_run_that_another_process_computes_is_left_until_the_others_are_done(folder: Path) -> None:
    registry = Registry(load(files=[SMALL]))
    runs = [Run(Request(model="steady", dataset="little", seed=seed)) for seed in (0, 1)]
    (name, _) = _folders(registry, runs)
    notes: list[str] = []

    class Listening(Shown):
        def note(self, text: str) -> None:
            notes.append(text)
            if text.startswith("run 2"):
                other.close()  # the other process ends, without a record

    with contextlib.ExitStack() as other:
        other.enter_context(locked(Path("out") / name / "run"))
        done = drive(runs, registry, Path("out"), Listening, LocalRunner())
    assert notes == [
        "steady on little, seed 0: another process computes this run; going on with the next",
        "run 2 of 2, time left not known yet: steady on little, seed 1",
        notes[2],
    ]
    assert notes[2].startswith("run 1 of 2, about 1")
    assert list(done.entries) == runs


def _folders(registry: Registry, runs: list[Run]) -> list[str]:
    done = drive(runs, registry, Path("elsewhere"), progress, LocalRunner())
    return [path.parent.name for path in done.paths.values()]


def test_two_nested_sweeps_at_once_make_one_choice(sweep: Sweep, command: Callable[..., subprocess.Popen[str]]) -> None:
    assert sweep(FOUR, "--nested", "--out", "alone") == 0
    both = [command("sweep", "some.toml", "--nested"), command("sweep", "some.toml", "--nested")]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert predictions() == predictions(Path("alone"))
    assert len(records()) == 6


@pytest.fixture
def file_size() -> Iterator[Callable[[int], None]]:
    """Lets no file grow beyond so many bytes, as a full disk would not (Python ignores SIGXFSZ)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_stops_the_sweep_with_one_line_and_the_same_command_goes_on(
    sweep: Sweep, file_size: Callable[[int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep(TWO, "--dry-run") == 0  # computes the features
    capsys.readouterr()
    file_size(2000)
    assert sweep(TWO) == 2
    told = capsys.readouterr()
    file_size(resource.RLIM_INFINITY)
    assert told.out == ""
    assert "free disk space" in told.err.splitlines()[-1]
    assert "run 2 of 2" not in told.err
    assert not list(Path("results").rglob("record.json"))
    assert sweep(TWO) == 0
    assert len(records()) == 2


def test_a_place_that_cannot_be_written_is_one_line(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("here before")
    assert sweep(TWO, "--out", "file") == 2
    assert "cannot write" in capsys.readouterr().err.splitlines()[-1]
    assert Path("file").read_text() == "here before"


def test_features_are_computed_once_for_all_runs_that_share_them(
    toys: Callable[..., Path], computed: Callable[[], list[str]], tmp_path: Path
) -> None:
    toys(clips=6)
    trees = 'model = "toy-tree"\ndataset = "toys"\nseed = [0, 1]\nset.max_depth = [1, 2]\n'
    (tmp_path / "toys.toml").write_text(f'{trees}[[include]]\nmodel = "toy-points"\nset = {{}}\n')
    argv = ["--plugin", str(TOYS), "sweep", str(tmp_path / "toys.toml"), "--out", str(tmp_path / "results")]
    assert main(argv) == 0
    assert len(list(tmp_path.glob("results/*/record.json"))) == 6
    lines = [line for line in computed() if line.startswith("toy-light")]
    assert len(lines) == len(set(lines)) == 6
