"""How long work tells how far it is."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "Silent"]


class Progress(Protocol):
    """What long work tells whoever watches. A unit of a run is one fold through one epoch, of a
    feature one clip."""

    def start(self, units: int, finished: int) -> None:
        """Work begins: `finished` of `units` were done by an earlier run."""

    def advance(self, units: int) -> None:
        """Some units were finished."""

    def note(self, text: str) -> None:
        """A sentence for the log."""


class Silent:
    """Progress that nobody watches."""

    def start(self, units: int, finished: int) -> None:
        """Ignored."""

    def advance(self, units: int) -> None:
        """Ignored."""

    def note(self, text: str) -> None:
        """Ignored."""
