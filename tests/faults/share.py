"""Shares cases out among forked processes; a process that dies at a case costs that case and no other."""

from __future__ import annotations

import json
import mmap
import os
import select
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Died", "share"]


@dataclass
class _Worker:
    """A process: its number, the end of its pipe that is read, and the case that it is at."""

    pid: int
    pipe: Any
    at: mmap.mmap
    places: range


@dataclass(frozen=True)
class Died:
    """A process died at a case: its number, and minus the signal's number or the exit code."""

    pid: int
    code: int


def share(work: Callable[[int], Any], count: int, jobs: int) -> Iterator[tuple[int, Any]]:
    """Calls `work(case)` for the cases 0 to `count`; gives each case with what JSON makes of its result, or `Died`."""
    workers = {}
    for job in range(min(jobs, count)):
        worker = _start(work, range(job, count, jobs))
        workers[worker.pipe.fileno()] = worker
    while workers:
        ready, _, _ = select.select(list(workers), [], [])
        for descriptor in ready:
            worker = workers[descriptor]
            if line := worker.pipe.readline():
                yield tuple(json.loads(line))
                continue
            del workers[descriptor]
            code = _ended(worker)
            if code:
                died = _case(worker)
                yield died, Died(worker.pid, code)
                left = range(died + jobs, count, jobs)
                if left:
                    again = _start(work, left)
                    workers[again.pipe.fileno()] = again


def _start(work: Callable[[int], Any], places: range) -> _Worker:
    read, write = os.pipe()
    at = mmap.mmap(-1, 8)
    at[:] = struct.pack("q", places.start)
    pid = os.fork()
    if not pid:
        os.close(read)
        code = 1
        try:
            with os.fdopen(write, "w") as told:
                for place in places:
                    at[:] = struct.pack("q", place)
                    told.write(json.dumps((place, work(place))) + "\n")
                    told.flush()
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    return _Worker(pid, os.fdopen(read), at, places)


def _case(worker: _Worker) -> int:
    return int(struct.unpack("q", worker.at[:])[0])


def _ended(worker: _Worker) -> int:
    worker.pipe.close()
    _, status = os.waitpid(worker.pid, 0)
    return os.waitstatus_to_exitcode(status)
