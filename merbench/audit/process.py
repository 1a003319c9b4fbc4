"""Run a script in a process of its own, with a limit of time, and keep the end of what it prints."""

from __future__ import annotations

import contextlib
import math
import os
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from merbench.audit.clips import AuditError
from merbench.errors import printable

__all__ = ["Target", "run_script"]

END = 1 << 20  # bytes of the output that are read
SHOWN = 200  # characters of its last line in an error
ORDERS = Path(__file__).parent / "orders"  # holds the sitecustomize.py that changes the order of folders


@dataclass(frozen=True)
class Target:
    """What is audited.

    Attributes:
        text: a function as `package.module:function`, or a command with {data} and {out} in it.
        kind: which of the two.
        layout: how the clips are laid for a command: `table` or `folders`.
        timeout: seconds that one run may take; infinite without a limit.
        seed: given to a function, and to a command for {seed}.
    """

    text: str
    kind: Literal["function", "command"]
    layout: str = "table"
    timeout: float = math.inf
    seed: int = 0

    def words(self, data: Path, out: Path) -> list[str]:
        """The command line for one run.

        Raises:
            AuditError: the command cannot be split into words, or does not say where its data are.
        """
        if self.kind == "function":
            return [sys.executable, "-m", "merbench.audit.call", self.text, str(data), str(out), str(self.seed)]
        try:
            words = shlex.split(self.text)
        except ValueError as error:
            raise AuditError(f"--command {self.text!r}: {error}; close each quote") from error
        if "{data}" not in self.text or "{out}" not in self.text:
            raise AuditError(
                f"--command {printable(self.text)!r} needs {{data}} and {{out}}: the folder that the script reads and "
                "the one that it writes predictions.csv to"
            )
        places = {"{data}": str(data), "{out}": str(out), "{seed}": str(self.seed)}
        for place, value in places.items():
            words = [word.replace(place, value) for word in words]
        return words


def run_script(target: Target, data: Path, out: Path, what: str, order: str = "") -> str:
    """Run the script once; return the end of what it printed.

    Args:
        target: the script.
        data, out: the folder that it reads, and the new folder that it writes to.
        what: names the run in errors, e.g. "the first run".
        order: `classes` or `files` to list those in the other order, for a script in Python; see `orders`.

    Raises:
        AuditError: the command does not exist, takes too long, or ends with another exit code than 0.
    """
    out.mkdir(parents=True)
    words = target.words(data, out)
    with open(out.with_suffix(".log"), "w+b") as log:
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(data, out, order),
                start_new_session=True,  # what it starts ends with it
            )
        except OSError as error:
            raise AuditError(f"{printable(words[0])!r} cannot be started: {error.strerror}; check --command") from error
        try:
            code = process.wait(None if target.timeout == math.inf else target.timeout)
        except subprocess.TimeoutExpired as late:
            raise AuditError(
                f"{what} took longer than {target.timeout:g} s and was ended; give it more with --timeout SECONDS, or "
                "let the script train for fewer epochs"
            ) from late
        finally:
            _end(process)
        text = _tail(log)
    if code:
        raise AuditError(f"{what} ended with exit code {code}: {_last_line(text)}")
    return text


def _environment(data: Path, out: Path, order: str) -> dict[str, str]:
    """The script's environment. Its own sitecustomize.py is still run."""
    path = os.pathsep.join([str(ORDERS), *filter(None, [os.environ.get("PYTHONPATH")])])
    said = {"MERBENCH_AUDIT_ORDER": order, "MERBENCH_AUDIT_DATA": str(data), "MERBENCH_AUDIT_SEEN": f"{out}.seen"}
    return {**os.environ, "PYTHONPATH": path, **said}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and those that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _tail(log: IO[bytes]) -> str:
    size = log.seek(0, os.SEEK_END)
    log.seek(max(0, size - END))
    return log.read().decode("utf-8", "replace")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return printable(lines[-1][:SHOWN]) if lines else "it printed nothing"
