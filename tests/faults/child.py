"""Runs a command in a forked child, and says what came of it."""

from __future__ import annotations

import contextlib
import faulthandler
import itertools
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from merbench.cli import main

__all__ = ["Outcome", "Running", "begin", "command", "fork", "limit_memory"]

SECONDS = 120  # after which a command hangs
_numbers = itertools.count()
MEMORY = 4 * 2**30  # bytes that a command may take on top of what the bench has


@dataclass(frozen=True)
class Outcome:
    """How a child ended.

    Attributes:
        code: exit code, or minus the number of the signal that ended it.
        out, err: what it wrote.
        told: what it said with `tell`.
    """

    code: int
    out: str
    err: str
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def error(self) -> str:
        """Its one line of error, where it ended with one."""
        lines = [line for line in self.err.splitlines() if line.startswith("merbench: error: ")]
        return lines[0] if len(lines) == 1 else ""

    @property
    def fault(self) -> str:
        """What is wrong with how it ended; empty for success, a kill, and one line with exit code 2."""
        if self.code == -signal.SIGALRM:
            return f"did not end within {SECONDS} seconds"
        if "Traceback (most recent call last)" in self.err:
            return f"a traceback: {self.err.splitlines()[-1][:200]}"
        if self.code in (0, -signal.SIGKILL) or (self.code == 2 and self.error):
            return ""
        return f"ended with {self.code}: {self.err[-200:]}"


Work = Callable[[Callable[..., None]], int]


@dataclass(frozen=True)
class Running:
    """A child that was begun, and the files that it writes to."""

    pid: int
    files: tuple[Path, ...]

    def wait(self) -> Outcome:
        """How it ended, when it has."""
        _, status = os.waitpid(self.pid, 0)
        out, err, told = (path.read_text("utf-8", "replace") if path.exists() else "" for path in self.files)
        for path in self.files:
            path.unlink(missing_ok=True)
        return Outcome(os.waitstatus_to_exitcode(status), out, err, json.loads(told) if told else {})


def begin(work: Work, scratch: Path) -> Running:
    """Calls `work` in a child with its output in files below `scratch`; `work` gets a function that tells facts."""
    files = tuple(scratch / f"{os.getpid()}-{next(_numbers)}.{name}" for name in ("out", "err", "told"))
    pid = os.fork()
    if not pid:
        os._exit(_in_child(work, files))
    return Running(pid, files)


def fork(work: Work, scratch: Path) -> Outcome:
    """The same, and waits for its end."""
    return begin(work, scratch).wait()


def _in_child(work: Work, names: Sequence[Path]) -> int:
    for descriptor, path in zip((1, 2), names, strict=False):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    faulthandler.register(signal.SIGALRM, chain=True)  # says where it hangs, and ends the process
    signal.alarm(SECONDS)
    limit_memory(MEMORY)
    facts: dict[str, Any] = {}
    code = 1
    with contextlib.suppress(BaseException):
        try:
            code = work(facts.update)
        except BaseException:
            traceback.print_exc()
        names[2].write_text(json.dumps(facts))
        sys.stdout.flush()
        sys.stderr.flush()
    return code


def limit_memory(more: int) -> None:
    """Lets this process take so many bytes more than it has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if os.path.exists("/proc/self/statm") else 0
    if pages:
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more,) * 2)


def command(argv: Sequence[str]) -> int:
    """`merbench ARGV` in this process: its exit code. An error that merbench did not expect is raised."""
    return main(list(argv))
