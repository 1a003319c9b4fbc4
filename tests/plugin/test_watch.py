"""A call into a plugin that hangs is reported, and ended if there is a limit; in worker processes too."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from merbench.errors import ConfigError, PluginError
from merbench.plugin import watch
from merbench.plugin.calls import Author, calling

LIMIT = 120  # seconds that a test waits for a process that ought to end by itself
AUTHOR = Author.of("model my-net", "mine", __name__)

# Hangs in the way it is asked for, in this process or in two others, and prints the one line of the error.
HANGING = """
import ctypes, re, sys, time
from merbench.plugin.calls import Author, calling
from merbench.errors import MerbenchError
from merbench.features.extract import of_each

def sleep(): time.sleep(1000)  # here
def loop():
    while True: pass  # here
def deaf():
    while True:
        try: time.sleep(1000)  # here
        except BaseException: pass
def native():
    mutex = ctypes.create_string_buffer(64)
    for _ in range(2): ctypes.CDLL(None).pthread_mutex_lock(mutex)  # here
def selfish(): re.match("(a+)+$", "a" * 60 + "b")  # here: lets no other thread run

WAYS = {one.__name__: one for one in (sleep, loop, deaf, native, selfish)}

def hang(clip, raw):
    with calling(Author.of("feature f", "mine", "__main__"), f"f on {clip}"):
        WAYS[raw["how"]]()

if __name__ == "__main__":
    try:
        list(of_each(hang, [(clip, {"how": sys.argv[1]}) for clip in "ab"], int(sys.argv[2])))
    except MerbenchError as error:
        print("merbench: error:", error, file=sys.stderr)
        sys.exit(2)
"""


def run(folder: Path, how: str, jobs: int, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "hanging.py").write_text(HANGING)
    given = {**os.environ, "LOKY_MAX_CPU_COUNT": "2", **environment}
    command = [sys.executable, "hanging.py", how, str(jobs)]
    return subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, timeout=LIMIT, check=False)


def line_of(how: str) -> int:
    lines = HANGING.splitlines()
    begin = next(number for number, line in enumerate(lines) if line.startswith(f"def {how}("))
    return next(number for number, line in enumerate(lines[begin:], begin + 1) if "# here" in line)


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    "how",
    [
        "sleep",
        "loop",
        "deaf",
        pytest.param("native", marks=pytest.mark.skipif(sys.platform != "linux", reason="its mutex is Linux's")),
        pytest.param("selfish", marks=pytest.mark.skipif(os.name != "posix", reason="needs an alarm")),
    ],
)
def test_a_call_that_is_overdue_ends_with_one_line(tmp_path: Path, how: str, jobs: int) -> None:
    done = run(tmp_path, how, jobs, MERBENCH_TIMEOUT="0.3")
    said = "did not end within 0.3 s (--timeout or MERBENCH_TIMEOUT); it was"
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    first = line.replace("f on b", "f on a")  # of two at once either may be first
    assert first == f"merbench: error: feature f (plugin mine): f on a {said} at hanging.py:{line_of(how)} in {how}"


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_call_that_goes_on_is_named_after_a_while_and_then_at_each_doubling(tmp_path: Path, jobs: int) -> None:
    done = run(tmp_path, "sleep", jobs, MERBENCH_TIMEOUT="4", MERBENCH_REPORT_AFTER="0.25")
    where = f"now at hanging.py:{line_of('sleep')} in sleep"
    said = [line for line in done.stderr.splitlines() if "f on a has been running" in line]
    assert said[:3] == [
        f"merbench: feature f (plugin mine): f on a has been running for {age} s, {where}"
        for age in ("0.25", "0.5", "1")
    ]


def test_the_first_report_says_how_to_end_such_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERBENCH_REPORT_AFTER", "0.05")
    said: list[str] = []
    heard = threading.Event()
    monkeypatch.setattr(watch, "_say", lambda line: (said.append(line), heard.set()))
    with calling(AUTHOR, "fit"):
        assert heard.wait(LIMIT)
    assert said[0].endswith("; --timeout SECONDS ends such a call")


def wait_for_ever(cleaned: list[str]) -> None:
    try:
        threading.Event().wait(LIMIT)
    finally:
        cleaned.append("up")


def test_an_overdue_call_cleans_up_and_those_after_it_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERBENCH_TIMEOUT", "0.2")
    cleaned: list[str] = []
    said = r"^model my-net \(plugin mine\): fit did not end within 0\.2 s"
    with pytest.raises(PluginError, match=said), calling(AUTHOR, "fit"):
        wait_for_ever(cleaned)
    with calling(AUTHOR, "predict"):
        cleaned.append("predicted")
    assert cleaned == ["up", "predicted"]


@pytest.mark.parametrize("found", ["soon", "0", "-1", "nan", "inf"])
def test_a_limit_that_is_no_time_is_told(monkeypatch: pytest.MonkeyPatch, found: str) -> None:
    monkeypatch.setenv("MERBENCH_TIMEOUT", found)
    with pytest.raises(ConfigError, match=f"^MERBENCH_TIMEOUT must be a number of seconds above 0, found '{found}'$"):
        watch.timeout()
