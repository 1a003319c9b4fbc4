"""Files of others, mutated: each is read, or refused in one line, within bounds of time and memory."""

from __future__ import annotations

import os
import random
import shutil
import signal
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from merbench.errors import MerbenchError
from tests.faults.child import limit_memory
from tests.faults.findings import Finding, timed
from tests.faults.mutator import mutated
from tests.faults.readers import Changed, readers
from tests.faults.scenarios import Material
from tests.faults.share import Died, share

__all__ = ["Mutations"]

SECONDS = 10  # that a reader may take for one file
MEMORY = 3 * 2**29  # bytes that a process of the bench may take on top
LONGEST = 2000  # characters of an error that is still called a line
BATCH = 250  # files that a case of the bench stands for


class TooLong(Exception):
    """A reader that does not come back."""


class Mutations:
    """Mutates files and has them read.

    Args:
        material: that readers need.
        scratch: a folder to work in.
        seed: of what is done to the files.
    """

    def __init__(self, material: Material, scratch: Path, seed: int) -> None:
        self.scratch, self.seed = scratch, seed
        self.folder = scratch / "around"
        self.folder.mkdir()
        self.readers = readers(material, self.folder)

    def batches(self, count: int) -> list[tuple[str, int, int]]:
        """Kind of file, number of the first mutation, and how many, so that all together are `count`."""
        total = sum(one.weight for one in self.readers.values())
        shares = {name: count * one.weight // total for name, one in self.readers.items()}
        shares[next(iter(shares))] += count - sum(shares.values())
        found = [
            (name, start, min(BATCH, most - start)) for name, most in shares.items() for start in range(0, most, BATCH)
        ]
        random.Random(self.seed).shuffle(found)  # so that processes end at about the same time
        return found

    def run(self, count: int, jobs: int) -> Iterator[tuple[str, str | Finding, float]]:
        """What came of each of `count` files: its kind, the outcome, and the seconds that it took."""
        batches = self.batches(count)

        def one(place: int) -> Any:
            name, start, size = batches[place]
            return self._batch(name, range(start, start + size))

        for place, result in share(one, len(batches), jobs):
            name, _, size = batches[place]
            if isinstance(result, Died):
                yield name, Finding(f"the process ended with {result.code}", self._repeat(name, self._last())), 0.0
                continue
            counts, findings, seconds = result
            for outcome, times in counts.items():
                for _ in range(times):
                    yield name, outcome, seconds / size
            for what, number in findings:
                yield name, Finding(what, self._repeat(name, number)), seconds / size

    def _repeat(self, name: str, number: int) -> str:
        return f"--seed {self.seed} --repeat 'mutations/{name}/{number}'"

    def _last(self, pid: int) -> int:
        """The mutation at which a process died."""
        return int((self.scratch / f"reading-{pid}").read_text() or 0)

    def _batch(self, name: str, numbers: range) -> tuple[dict[str, int], list[tuple[str, int]], float]:
        self._bound()
        at = self.scratch / f"reading-{os.getpid()}"
        counts: dict[str, int] = {}
        findings = []
        started = timed()
        with at.open("w", buffering=1) as told:
            for number in numbers:
                told.seek(0)
                told.write(f"{number:<12}\n")
                outcome, wrong = self.read(name, number)
                if wrong:
                    findings.append((wrong, number))
                else:
                    counts[outcome] = counts.get(outcome, 0) + 1
        return counts, findings, timed() - started

    _bounded = False

    def _bound(self) -> None:
        """Once in a process: bounds of memory and time; what libraries print goes nowhere."""
        if not self._bounded:
            self._bounded = True
            limit_memory(MEMORY)
            signal.signal(signal.SIGALRM, _too_long)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

    def content(self, name: str, number: int) -> bytes:
        """The file that a number stands for."""
        reader = self.readers[name]
        draw = random.Random(f"{self.seed}/{name}/{number}")
        return mutated(draw.choice(reader.examples), reader.examples, reader.form, draw)

    def read(self, name: str, number: int, *, loud: bool = False) -> tuple[str, str]:
        """What came of one mutated file, and what is wrong with that; the second is empty where nothing is.

        If `loud`, tracebacks are printed.
        """
        reader = self.readers[name]
        folder = self.scratch / f"files-{os.getpid()}"
        if not folder.exists():
            shutil.copytree(self.folder, folder)
        path = folder / reader.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.content(name, number))
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                reader.read(path)
            return "read", ""
        except MerbenchError as error:
            length = len(str(error))
            return "one line", f"an error of more than {LONGEST} characters" if length > LONGEST else ""
        except Changed as error:
            return "read", str(error)
        except Exception as error:
            if loud:
                traceback.print_exc()
            return "failed", _told(error)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


def _too_long(number: int, frame: Any) -> None:
    raise TooLong(f"more than {SECONDS} seconds")


def _told(error: BaseException) -> str:
    """The error, and where merbench or a plugin was when it came."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if "/merbench" in one.filename]
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    reason = " ".join(str(error).split())
    return f"{type(error).__name__}{where}" + (f": {reason[:60]}" if isinstance(error, TooLong | Warning) else "")
