"""What a part of the bench found: how much it tried, and what went wrong."""

from __future__ import annotations

import collections
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

__all__ = ["Finding", "Tally", "grouped"]


@dataclass(frozen=True)
class Finding:
    """One thing that went wrong: in which way, and the arguments of the bench that repeat it."""

    what: str
    repeat: str


@dataclass
class Tally:
    """What became of one subject, such as a command or a kind of file.

    Attributes:
        part: of the bench.
        subject: what was disturbed.
        tried: how often.
        outcomes: what came of it, in words, to how often.
        findings: what went wrong.
        seconds: how long it took, of one process.
    """

    part: str
    subject: str
    tried: int = 0
    outcomes: collections.Counter[str] = field(default_factory=collections.Counter)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def survived(self) -> int:
        """How often nothing went wrong."""
        return self.tried - len(self.findings)

    def count(self, outcome: str | Finding) -> None:
        """Takes in what came of one try."""
        self.tried += 1
        if isinstance(outcome, Finding):
            self.findings.append(outcome)
        else:
            self.outcomes[outcome] += 1


def tallied(part: str, results: Iterable[tuple[str, str | Finding, float]]) -> list[Tally]:
    """The tallies of results `(subject, outcome, seconds)`, in the order in which subjects come up."""
    tallies: dict[str, Tally] = {}
    for subject, outcome, seconds in results:
        tally = tallies.setdefault(subject, Tally(part, subject))
        tally.count(outcome)
        tally.seconds += seconds
    return list(tallies.values())


def grouped(tally: Tally) -> Iterator[tuple[str, int, str]]:
    """Each thing that went wrong, how often, and how to repeat its first case; the most frequent first."""
    counts = collections.Counter(one.what for one in tally.findings)
    first = {one.what: one.repeat for one in reversed(tally.findings)}
    for what, count in counts.most_common():
        yield what, count, first[what]


def timed() -> float:
    """Seconds, to be subtracted from each other."""
    return time.perf_counter()
