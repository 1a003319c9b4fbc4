"""Place the names of points so that they cover neither each other nor a point."""

from __future__ import annotations

from merbench.leaderboard.svg import Anchor

__all__ = ["Labels"]

LETTER = 0.56  # of a letter's height is its mean width
MARK = 6.0  # px from a point's centre to the end of its mark

Box = tuple[float, float, float, float]  # left, upper, right, lower


class Labels:
    """The boxes that are taken inside a frame."""

    def __init__(self, left: float, right: float, upper: float, lower: float) -> None:
        self._frame = left, upper, right, lower
        self._taken: list[Box] = []

    def keep(self, x: float, y: float) -> None:
        """Keep labels away from a point."""
        self._taken.append((x - MARK, y - MARK, x + MARK, y + MARK))

    def place(self, x: float, y: float, text: str, size: float) -> tuple[float, float, Anchor] | None:
        """Where the baseline of a point's label starts, or ends, and which of the two; None if no side is free."""
        width, half = len(text) * size * LETTER, size / 2
        for left, middle, anchor in (
            (x + MARK + 2, y, "start"),
            (x - MARK - 2 - width, y, "end"),
            (x + 2, y - size - 2, "start"),
            (x + 2, y + size + 2, "start"),
            (x - 2 - width, y - size - 2, "end"),
            (x - 2 - width, y + size + 2, "end"),
        ):
            box = left, middle - half, left + width, middle + half
            if self._inside(box) and not any(_overlap(box, one) for one in self._taken):
                self._taken.append(box)
                at = left if anchor == "start" else left + width
                return at, middle + size * 0.36, anchor  # type: ignore[return-value]
        return None

    def _inside(self, box: Box) -> bool:
        left, upper, right, lower = self._frame
        return left <= box[0] and upper <= box[1] and box[2] <= right and box[3] <= lower


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
