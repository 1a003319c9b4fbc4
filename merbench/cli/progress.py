"""How a run shows that it goes on: a bar on a terminal, a plain line now and then elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType

__all__ = ["Bar", "Lines", "duration", "progress"]

EVERY = 15.0  # seconds between plain lines
SETTLE = 10.0  # seconds before a pace can be told: the first steps are slower than the rest


def progress(units: str = "folds x epochs") -> Bar | Lines:
    """A bar where stderr is a terminal, plain lines elsewhere; `units` is what the bar counts."""
    return Bar(units) if sys.stderr.isatty() else Lines()


def duration(seconds: float) -> str:
    """A time for people: `42 s`, `6 min 20 s`, `3 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


class Clock:
    """Units done, and the time that the rest will take at the pace so far. Units of an earlier run do not count."""

    def __init__(self) -> None:
        self.units = self.finished = self.here = 0
        self.started = time.monotonic()

    def start(self, units: int, finished: int) -> None:
        """Work begins."""
        self.units, self.finished, self.here = units, finished, 0
        self.started = time.monotonic()

    def advance(self, units: int) -> None:
        """Units were done; a group that is computed whole again may exceed what was missing."""
        self.here = min(self.here + units, self.units - self.finished)

    @property
    def done(self) -> int:
        """Units done, those of an earlier run included."""
        return self.finished + self.here

    @property
    def left(self) -> str:
        """The time that remains, in words."""
        elapsed = time.monotonic() - self.started
        if not self.here or elapsed < SETTLE:
            return "time left not known yet"
        return f"about {duration(elapsed * (self.units - self.done) / self.here)} left"


class Lines:
    """Progress in plain lines."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.said = 0.0

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *stopped: object) -> None:
        return None

    def start(self, units: int, finished: int) -> None:
        """Says what an earlier run left."""
        self.clock.start(units, finished)
        self.said = time.monotonic()
        if finished:
            self.note(f"continuing: {finished / units:.0%} was done before")

    def advance(self, units: int) -> None:
        """Says how far it is, at most once every `EVERY` seconds."""
        self.clock.advance(units)
        if time.monotonic() - self.said >= EVERY:
            self.said = time.monotonic()
            self.note(f"{self.clock.done / self.clock.units:.0%} done, {self.clock.left}")

    def note(self, text: str) -> None:
        """One line on stderr."""
        print(f"merbench: {text}", file=sys.stderr, flush=True)


class Bar:
    """Progress as a bar; `units` is what it counts."""

    def __init__(self, units: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        self.clock, self.units = Clock(), units
        self.console = Console(stderr=True)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=self.console,
            transient=True,
        )
        self.work = self.bar.add_task("preparing", total=None, left="")

    def __enter__(self) -> Bar:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def start(self, units: int, finished: int) -> None:
        """Shows the bar, with what an earlier run left."""
        self.clock.start(units, finished)
        self.bar.reset(self.work, total=units, completed=finished, description=self.units, left=self.clock.left)

    def advance(self, units: int) -> None:
        """Moves the bar."""
        self.clock.advance(units)
        self.bar.update(self.work, completed=self.clock.done, left=self.clock.left)

    def note(self, text: str) -> None:
        """A line above the bar."""
        self.console.print(f"merbench: {text}", highlight=False, markup=False)
