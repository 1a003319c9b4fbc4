"""`merbench plugins`, and what every verb does with plugins."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from merbench.cli import main

BROKEN = "raise RuntimeError('out of order')"
LINE = r"\S+broken_plugin_module\.py:1 in <module>: RuntimeError: out of order"
NET = """
import merbench

@merbench.hookimpl
def merbench_models():
    yield merbench.EstimatorModel(name="my-net", estimator="sklearn.dummy:DummyClassifier", features=())
"""


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution on the path whose plugin raises when it is imported."""
    site = tmp_path / "site"
    info = site / "broken_dist-0.7.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-dist\nVersion: 0.7\n")
    (info / "entry_points.txt").write_text("[merbench]\nbroken = broken_plugin_module\n")
    (site / "broken_plugin_module.py").write_text(BROKEN)
    monkeypatch.syspath_prepend(site)


@pytest.fixture
def net_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = tmp_path / "my_net_plugin.py"
    path.write_text(NET)
    return str(path)


def test_the_table_shows_every_plugin_with_what_it_provides(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].split() == ["plugin", "distribution", "version", "status", "provides"]
    (protocols,) = [line for line in out.splitlines() if line.startswith("protocols ")]
    assert "merbench" in protocols
    assert "protocols: loso, loso-per-database" in protocols
    assert err == ""


def test_json_is_a_list_of_objects(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "--json"]) == 0
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert set(listed["htnet"]) == {"name", "distribution", "version", "status", "reason", "provides"}
    assert listed["htnet"]["status"] == "loaded"
    assert listed["htnet"]["provides"]["models"] == ["htnet"]


@pytest.mark.usefixtures("broken")
def test_a_failed_plugin_stands_in_the_table_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins"]) == 0
    out, err = capsys.readouterr()
    (failed,) = [line for line in out.splitlines() if line.startswith("broken ")]
    assert re.fullmatch(rf"broken +broken-dist +0\.7 +failed +import failed at {LINE}", failed)
    assert err == ""


@pytest.mark.usefixtures("broken")
def test_any_other_verb_warns_of_it_in_one_line_and_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "models", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)
    said = rf"merbench: plugin 'broken' \(broken-dist 0\.7\) could not be loaded: import failed at {LINE}"
    assert re.fullmatch(rf"{said}; see: merbench plugins\n", err)


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("argv", [["list"], ["plugins"]])
def test_the_traceback_of_a_plugin_that_is_not_loaded_can_be_had(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*argv, "--traceback"]) == 0
    err = capsys.readouterr().err
    assert "Traceback (most recent call last):" in err
    assert f"    {BROKEN}\n" in err


IDLE = "import merbench\n@merbench.hookimpl\ndef merbench_models(): return ()\n"


def test_times_are_shown_the_slowest_first(net_file: str, capsys: pytest.CaptureFixture[str]) -> None:
    slow = Path(net_file).with_name("my_slow_plugin.py")
    slow.write_text(f"{IDLE}import time\nbegin = time.perf_counter()\nwhile time.perf_counter() < begin + 0.2: pass\n")
    assert main(["plugins", "--times", "--plugin", str(slow), "--no-plugin", "htnet"]) == 0
    heading, first, *rest = capsys.readouterr().out.splitlines()
    assert heading.split() == ["plugin", "distribution", "version", "status", "seconds", "provides"]
    assert re.match(r"my_slow_plugin +my_slow_plugin.py +loaded +\d\.\d{3} slow +nothing$", first)
    (blocked,) = [line for line in rest if line.startswith("htnet ")]
    assert re.search(r"blocked +left out", blocked)


def test_times_are_in_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "--times", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    times = [one["seconds"] for one in listed]
    assert times == sorted(times, reverse=True)
    assert all(one["slow"] == (one["seconds"] >= 0.2) for one in listed)


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("argv", [["--strict", "list"], ["list", "--strict"], ["plugins", "--strict"]])
def test_strict_stops_before_or_after_the_verb(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    out, err = capsys.readouterr()
    said = rf"merbench: error: plugin 'broken' of broken-dist could not be loaded: import failed at {LINE}"
    assert re.fullmatch(rf"{said} \(whole traceback: --traceback\)\n", err)
    assert out == ""


@pytest.mark.parametrize("before", [True, False])
def test_a_plugin_file_is_taken_before_or_after_the_verb(
    net_file: str, before: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    option, verb = ["--plugin", net_file], ["list", "models", "--json"]
    assert main([*option, *verb] if before else [*verb, *option]) == 0
    assert {"my-net": "my_net_plugin.py"}.items() <= {
        one["name"]: one["distribution"] for one in json.loads(capsys.readouterr().out)
    }.items()


def test_plugins_are_left_out_before_and_after_the_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--no-plugin", "htnet", "plugins", "--json", "--no-plugin=shallow"]) == 0
    blocked = [one["name"] for one in json.loads(capsys.readouterr().out) if one["status"] == "blocked"]
    assert blocked == ["htnet", "shallow"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["lst"], "no verb is called 'lst' (nearest: list"),
        (["list", "modles"], "no noun is called 'modles' (nearest: models)"),
        (["list", "--jsn"], "no flag is called --jsn (nearest: --json); see: merbench list --help"),
        (["--strct", "list"], "no flag is called --strct (nearest: --strict"),
        (["list", "models", "more"], "unrecognized arguments: more; see: merbench"),
        (["list", "--plugin"], "argument --plugin: expected one argument; see: merbench --help"),
        (["list", "--no-plugin", "htnt"], "--no-plugin: no plugin is called 'htnt' (nearest: htnet, hsta)"),
        (["list", "--plugin", "none.py"], "--plugin none.py: no such file"),
    ],
)
def test_a_slip_is_answered_in_one_line_with_exit_code_2(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"merbench: error: {message}")
    assert err.count("\n") == 1


def test_without_a_verb_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert capsys.readouterr().out.startswith("usage: merbench")


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_return_0(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([flag]) == 0
    assert capsys.readouterr().out


@pytest.mark.parametrize("words", [["--help"], ["--version"], []])
def test_help_and_version_run_no_plugin_and_a_verb_runs_every_one(words, tmp_path, capsys) -> None:
    file = tmp_path / "loud.py"
    file.write_text(f"{IDLE}import pathlib\npathlib.Path(__file__).with_name('ran').touch()\n")
    assert main(["--plugin", str(file), *words]) == 0
    assert not (tmp_path / "ran").exists()
    assert main(["--plugin", str(file), "plugins"]) == 0
    assert (tmp_path / "ran").exists()


def test_a_reader_that_has_gone_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "merbench", "list", "--json"], stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device /dev/full")
def test_a_full_disk_under_the_output_is_one_line_and_exit_code_2() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "merbench", "list", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "merbench: error: no space is left for the output; make room and run again\n"


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_is_one_line_and_exit_code_130(tmp_path: Path) -> None:
    interrupted = tmp_path / "interrupted.py"
    interrupted.write_text("import signal\nsignal.raise_signal(signal.SIGINT)\n")
    done = subprocess.run(
        [sys.executable, "-m", "merbench", "list", "--plugin", str(interrupted)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "merbench: error: interrupted\n")


def test_a_plugin_that_takes_built_in_names_leaves_the_built_in_models_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin = tmp_path / "takes.py"
    plugin.write_text(
        "import merbench\n\n"
        "@merbench.hookimpl\ndef merbench_features():\n"
        "    yield merbench.Feature(name='flow-28', function='takes:flow', inputs=('frames',))\n\n"
        "@merbench.hookimpl\ndef merbench_models():\n"
        "    yield merbench.EstimatorModel(name='majority', estimator='takes:Model', features=())\n"
    )
    argv = ["run", "--plugin", str(plugin), "--dataset", "demo", "--dry-run", "--json", "--model"]
    assert main([*argv, "majority"]) == 0
    out, err = capsys.readouterr()
    assert "takes.py:takes" not in json.loads(out)["code"]
    assert err.splitlines() == [
        "merbench: note: feature 'flow-28' is the built-in one; the plugin's is called takes.py:flow-28",
        "merbench: note: model 'majority' is the built-in one; the plugin's is called takes.py:majority",
    ]
    assert main([*argv, "takes.py:majority"]) == 2  # it names code that is not there
    assert "model takes.py:majority names 'takes:Model'" in capsys.readouterr().err
