"""Prints broken clips as a table: clip, file and reason."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator

from merbench.cli.tables import print_table
from merbench.errors import BrokenClips, ReleaseError

__all__ = ["print_broken", "telling_broken"]

# If a file is the reason, the reason begins with its name: `img7.jpg is truncated`, `img7.jpg: No such file`.
_FILE = re.compile(r"(?P<file>\S(?:.*?\S)?\.[A-Za-z0-9]{2,4})(?::\s+|\s+)(?P<reason>.+)")


def print_broken(reasons: dict[str, str]) -> None:
    """Prints the table on stderr."""
    rows = []
    for clip, reason in reasons.items():
        found = _FILE.fullmatch(reason)
        rows.append(
            {"clip": clip, "file": found["file"] if found else "", "reason": found["reason"] if found else reason}
        )
    with contextlib.redirect_stdout(sys.stderr):
        print_table(("clip", "file", "reason"), rows)


@contextlib.contextmanager
def telling_broken(advice: str) -> Iterator[None]:
    """Prints broken clips that the block raises as a table, and ends with one line that says what to do.

    Raises:
        ReleaseError: there are broken clips.
    """
    try:
        yield
    except BrokenClips as error:
        print_broken(error.reasons)
        raise ReleaseError(f"{len(error.reasons)} broken clip(s), see above; {advice}") from error
