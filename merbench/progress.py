"""How long-running work reports its progress."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "Silent"]


class Progress(Protocol):
    """Receives the progress of work. A unit of a run is one epoch of one fold; a unit of feature extraction is one
    clip."""

    def start(self, units: int, finished: int) -> None:
        """Work begins. An earlier run finished `finished` of the `units`."""

    def advance(self, units: int) -> None:
        """More units are finished."""

    def note(self, text: str) -> None:
        """Shows a sentence."""


class Silent:
    """Progress that is not shown."""

    def start(self, units: int, finished: int) -> None:
        """Ignored."""

    def advance(self, units: int) -> None:
        """Ignored."""

    def note(self, text: str) -> None:
        """Ignored."""
