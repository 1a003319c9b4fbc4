"""How a command shows that it goes on: a bar on a terminal, a plain line now and then elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

__all__ = ["Shown", "duration", "progress"]

EVERY = 15.0  # seconds between plain lines
WHOLE_RUN = 86400.0  # seconds over which the pace is measured


def progress(units: str = "folds x epochs") -> Shown:
    """A bar if stderr is a terminal, plain lines elsewhere; `units` is what is counted."""
    return Shown(units)


def duration(seconds: float) -> str:
    """A time for people: `42 s`, `6 min 20 s`, `3 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


class Shown:
    """Progress that people watch.

    Args:
        units: what is counted.
        now: gives the time in seconds.
    """

    def __init__(self, units: str, now: Callable[[], float] = time.monotonic) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self.units, self.now, self.said = units, now, now()
        self.console = Console(stderr=True)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
            disable=not sys.stderr.isatty(),
            get_time=now,
            speed_estimate_period=WHOLE_RUN,
        )
        self.bar.add_task("preparing", total=None)
        (self.task,) = self.bar.tasks

    def __enter__(self) -> Shown:
        self.bar.start()
        return self

    def __exit__(self, *stopped: object) -> None:
        self.bar.stop()

    def start(self, units: int, finished: int) -> None:
        """Work begins; what an earlier run finished counts as done, but not for the pace."""
        self.bar.reset(self.task.id, total=units, completed=finished, description=self.units)
        self.bar.advance(self.task.id, 0)
        self.said = self.now()
        if finished and self.bar.disable:
            self.note(f"continuing: {finished / units:.0%} was done before")

    def advance(self, units: int) -> None:
        """Units were finished. A group that is computed again as a whole may exceed what was missing."""
        self.bar.advance(self.task.id, min(units, self.task.remaining or 0))
        if self.bar.disable and self.now() - self.said >= EVERY:
            self.said = self.now()
            left = self.task.time_remaining
            when = "time left not known yet" if left is None else f"about {duration(left)} left"
            self.note(f"{self.task.percentage:.0f}% done, {when}")

    def note(self, text: str) -> None:
        """A line of its own."""
        if self.bar.disable:
            print(f"merbench: {text}", file=sys.stderr, flush=True)
        else:
            self.console.print(f"merbench: {text}", highlight=False, markup=False)
