"""How far a sweep is, and how long the rest takes."""

from __future__ import annotations

from collections.abc import Sequence

from merbench.leaderboard.entries import Entry
from merbench.leaderboard.wording import duration
from merbench.runs.prepare import Request
from merbench.sweeps.runs import Run

__all__ = ["Pace"]


class Pace:
    """The runs that are left. A run takes as long as the finished seeds of its configuration did, as their records say.

    Attributes:
        left: the runs that are neither finished nor failed.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self.places = {run: place for place, run in enumerate(runs, 1)}
        self.left = dict.fromkeys(runs)
        self.seconds: dict[Request, float] = {}

    def finish(self, run: Run, entry: Entry | None) -> None:
        """A run is finished, or has failed if there is no entry."""
        self.left.pop(run, None)
        seconds = entry.record.environment.get("seconds") if entry else None
        if isinstance(seconds, int | float):
            self.seconds[run.configuration] = float(seconds)

    def headline(self, run: Run) -> str:
        """`run 3 of 24, about 12 min left`; runs whose configuration was never finished are counted apart."""
        known = [self.seconds[one.configuration] for one in self.left if one.configuration in self.seconds]
        unknown = len(self.left) - len(known)
        time = f"about {duration(max(sum(known), 1))} left" if known else "time left not known yet"
        more = f" and {unknown} run{'' if unknown == 1 else 's'} of unknown time" if known and unknown else ""
        return f"{self.place(run)}, {time}{more}"

    def place(self, run: Run) -> str:
        """`run 3 of 24`."""
        return f"run {self.places[run]} of {len(self.places)}"
