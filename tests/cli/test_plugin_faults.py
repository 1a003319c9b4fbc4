"""A plugin that fails or hangs, as a user sees it: one line and exit code 2, and more on request."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

LIMIT = 120  # seconds that a test waits for a command that ought to end by itself

PLUGIN = """\
import merbench

EMOTIONS = ("disgust", "happiness", "surprise")


class Estimator:
    def fit(self, X, y):
        if not (X == 11).any():  # the fold that tests s11
            {fit}
        return self

    def predict(self, X):
        return [0] * len(X)


class Reader(merbench.SourceReader):
    def clips(self):
        rows = [
            {{"clip": f"mine/s{{n}}/c", "database": "mine", "subject": f"mine/s{{n}}", "emotion": EMOTIONS[n % 3]}}
            for n in range(12)
        ]
        return merbench.clip_table(rows)

    def read(self, feature, clip):
        import numpy

        {read}
        return numpy.full((3, 28, 28), int(clip.split("/")[1][1:]), numpy.float32)


@merbench.hookimpl
def merbench_sources():
    yield merbench.Source(name="mine", reader="mine:Reader", provides=("flow-28",), databases=("mine",), embedded=True)


@merbench.hookimpl
def merbench_datasets():
    yield merbench.Dataset(name="mine", sources=("mine",), databases=("mine",), scheme=merbench.THREE_CLASS)


@merbench.hookimpl
def merbench_models():
    yield merbench.EstimatorModel(name="my-dummy", estimator="mine:Estimator", features=("flow-28",))
"""
HANG = "while True: pass"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def lay(folder: Path, read: str = "pass", fit: str = "pass") -> Path:
    path = folder / "mine.py"
    path.write_text(PLUGIN.format(read=read, fit=fit))
    return path


def merbench(folder: Path, *argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "merbench", *argv]
    given = {**os.environ, **environment}
    return subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, timeout=LIMIT, check=False)


def line_of(path: Path, code: str) -> int:
    (found,) = [number for number, line in enumerate(path.read_text().splitlines(), 1) if line.strip() == code]
    return found


CHECK = ("data", "check", "mine", "--plugin", "mine.py")
RAISE = "raise KeyError('gone')"


def test_a_fault_is_one_line_that_says_how_to_see_more(folder: Path) -> None:
    path = lay(folder, read=RAISE)
    done = merbench(folder, *CHECK)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == (
        f"merbench: error: source mine (plugin mine): read of flow-28 of mine/s0/c failed at "
        f"mine.py:{line_of(path, RAISE)} in read: KeyError: 'gone' (whole traceback: --traceback)"
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("argv", "environment"),
    [
        ((*CHECK, "--traceback"), {}),
        (("--traceback", *CHECK), {}),
        (CHECK, {"MERBENCH_TRACEBACK": "1"}),
    ],
)
def test_the_whole_traceback_follows_the_line_where_it_is_asked_for(
    folder: Path, argv: tuple[str, ...], environment: dict[str, str]
) -> None:
    path = lay(folder, read=RAISE)
    done = merbench(folder, *argv, **environment)
    assert (done.returncode, done.stdout) == (2, "")
    line, *rest = [one for one in done.stderr.splitlines() if not one.startswith("0 of")]
    assert line.endswith("KeyError: 'gone'")
    assert f'  File "{path}", line {line_of(path, RAISE)}, in read' in rest
    assert rest[-1].startswith("merbench.errors.PluginError: source mine (plugin mine): ")


@pytest.mark.parametrize("value", ["", "0"])
def test_an_empty_variable_asks_for_no_traceback(folder: Path, value: str) -> None:
    lay(folder, read=RAISE)
    assert "Traceback" not in merbench(folder, *CHECK, MERBENCH_TRACEBACK=value).stderr


def test_an_error_of_the_user_has_no_hint_but_a_traceback_where_it_is_asked_for(folder: Path) -> None:
    done = merbench(folder, "show", "model", "htnt")
    assert "--traceback" not in done.stderr
    assert "Traceback" in merbench(folder, "show", "model", "htnt", "--traceback").stderr


RUN = ("run", "--model", "my-dummy", "--dataset", "mine", "--plugin", "mine.py")


def test_the_traceback_of_a_fit_comes_out_of_its_process(folder: Path) -> None:
    path = lay(folder, fit=RAISE)
    done = merbench(folder, *RUN, LOKY_MAX_CPU_COUNT="2")
    said = "model my-dummy (plugin mine): fit failed at mine.py:{} in fit: KeyError: 'gone'"
    assert done.returncode == 2
    assert said.format(line_of(path, RAISE)) in done.stderr.splitlines()[-1]
    assert done.stderr.endswith(" (whole traceback: --traceback)\n")
    done = merbench(folder, *RUN, "--traceback", LOKY_MAX_CPU_COUNT="2")
    assert f'  File "{path}", line {line_of(path, RAISE)}, in fit' in done.stderr


DEAF = """while True:
                try:
                    import time
                    time.sleep(1000)
                except BaseException:
                    pass"""


def test_a_fit_that_hangs_is_ended_and_finished_folds_are_kept(folder: Path) -> None:
    lay(folder, fit=DEAF)
    done = merbench(folder, *RUN, "--timeout", "10", LOKY_MAX_CPU_COUNT="2")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = [one for one in done.stderr.splitlines() if "error" in one]
    said = r"error: .*model my-dummy \(plugin mine\): fit did not end within 10 s .* it was at mine\.py:\d+ in fit"
    assert re.search(said, line)
    assert len(list((folder / "results").glob("*/folds/*"))) == 11


FEATURE = """\
from pathlib import Path

import merbench


class Reader(merbench.SourceReader):
    def clips(self):
        rows = [
            {"clip": f"f/s{n}/c", "database": "f", "subject": f"f/s{n}", "emotion": "disgust"} for n in range(4)
        ]
        return merbench.clip_table(rows)

    def read(self, feature, clip):
        return merbench.Frames({1: Path("image.png").resolve()}, root=Path.cwd(), onset=1, offset=1)


@merbench.hookimpl
def merbench_sources():
    yield merbench.Source(name="f", reader="drawn:Reader", provides=("frames",), databases=("f",), embedded=True)


@merbench.hookimpl
def merbench_datasets():
    yield merbench.Dataset(name="f", sources=("f",), databases=("f",), scheme=merbench.THREE_CLASS)


@merbench.hookimpl
def merbench_features():
    yield merbench.Feature(name="gone", function="heavy:gone", inputs=("frames",))
"""


def test_the_traceback_comes_out_of_a_worker_process(folder: Path) -> None:
    """Of a module that fails at its import, which no other process does."""
    (folder / "image.png").write_bytes(b"not read")
    (folder / "heavy.py").write_text("import os\nos.environ['NO_SUCH_VARIABLE']\n")
    (folder / "drawn.py").write_text(FEATURE)
    argv = ("features", "extract", "--feature", "gone", "--dataset", "f", "--plugin", "drawn.py", "--jobs", "2")
    done = merbench(folder, *argv)
    assert done.returncode == 2
    said = "but the import of heavy failed at heavy.py:2 in <module>: KeyError: 'NO_SUCH_VARIABLE'"
    assert done.stderr.splitlines()[-1].endswith(f"{said} (whole traceback: --traceback)")
    done = merbench(folder, *argv, "--traceback")
    assert f'  File "{folder}/heavy.py", line 2, in <module>' in done.stderr.splitlines()


FORK = """\
import os, warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            os.fork()"""


def test_a_reader_that_forks_is_told_and_the_copy_of_the_command_is_ended(folder: Path) -> None:
    lay(folder)
    alone = merbench(folder, *CHECK)
    lay(folder, read=FORK)
    done = merbench(folder, *CHECK)
    assert (done.returncode, done.stdout) == (0, alone.stdout)
    assert (
        "merbench: source mine (plugin mine): read of flow-28 of mine/s0/c forked this process and did not end it; it "
        "is ended: use subprocess or multiprocessing"
    ) in done.stderr.splitlines()


def test_a_reader_that_hangs_is_named_and_ended(folder: Path) -> None:
    path = lay(folder, read=HANG)
    done = merbench(folder, *CHECK, "--timeout", "0.3", MERBENCH_REPORT_AFTER="0.1")
    who, at = "source mine (plugin mine): read of flow-28 of mine/s0/c", f"at mine.py:{line_of(path, HANG)} in read"
    assert (done.returncode, done.stdout) == (2, "")
    assert f"merbench: {who} has been running for 0.1 s, now {at}" in done.stderr.splitlines()
    said = "did not end within 0.3 s (--timeout or MERBENCH_TIMEOUT); it was"
    assert f"merbench: error: {who} {said} {at} (whole traceback: --traceback)" in done.stderr.splitlines()


def test_the_limit_may_come_from_the_environment(folder: Path) -> None:
    lay(folder, read=HANG)
    done = merbench(folder, *CHECK, MERBENCH_TIMEOUT="0.3")
    assert done.returncode == 2
    assert "did not end within 0.3 s" in done.stderr


def test_a_plugin_file_that_hangs_at_its_import_is_ended(folder: Path) -> None:
    (folder / "stuck.py").write_text(HANG)
    done = merbench(folder, "plugins", "--plugin", "stuck.py", "--timeout", "0.3")
    assert (done.returncode, done.stdout) == (2, "")
    said = r"merbench: error: --plugin stuck\.py: import did not end within 0\.3 s \(.*\); it was at stuck\.py:1 in"
    assert re.match(said, done.stderr)
    assert done.stderr.count("\n") == 1


def test_an_installed_plugin_that_hangs_at_its_import_has_failed_and_the_others_go_on(folder: Path) -> None:
    info = folder / "stuck_dist-0.7.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stuck-dist\nVersion: 0.7\n")
    (info / "entry_points.txt").write_text("[merbench]\nstuck = stuck\n")
    (folder / "stuck.py").write_text(HANG)
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    done = merbench(folder, "plugins", "--timeout", "0.5", PYTHONPATH=path)
    assert done.returncode == 0
    (stuck,) = [line for line in done.stdout.splitlines() if line.startswith("stuck ")]
    assert re.search(r"failed +import did not end within 0\.5 s .* it was at stuck\.py:1 in <module>$", stuck)
    assert "models: htnet" in done.stdout


@pytest.mark.parametrize("given", ["0", "-1", "soon", "nan", "inf"])
def test_a_limit_that_is_no_time_is_refused(folder: Path, given: str) -> None:
    done = merbench(folder, "list", f"--timeout={given}")
    assert (done.returncode, done.stdout) == (2, "")
    said = f"argument --timeout: '{given}' is not a number of seconds above 0; see: merbench --help"
    assert done.stderr == f"merbench: error: {said}\n"


def test_a_recipe_of_a_plugin_file_that_cannot_be_is_the_plugins_fault(folder: Path) -> None:
    (folder / "bold.py").write_text(
        dedent(
            """
            import merbench

            @merbench.hookimpl
            def merbench_models():
                recipes = {"published": merbench.Recipe(lr=-1)}
                yield merbench.TorchModel(name="bold", network="bold:Net", features=("flow-28",), recipes=recipes)
            """
        )
    )
    done = merbench(folder, "run", "--model", "bold", "--dataset", "demo", "--plugin", "bold.py")
    said = "merbench_models at bold.py:4: model 'bold': recipe 'published' sets lr=-1: must be above 0"
    assert (done.returncode, done.stderr) == (2, f"merbench: error: --plugin bold.py: {said}\n")
