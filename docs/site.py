"""Builds the documentation, with the leaderboard beside it: `python -m docs.site [FOLDER]`; the default is `site`.

The pages load nothing from any network, and can be read from the file system.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from sphinx.cmd.build import main as sphinx

from merbench.cli import main as merbench

DOCS = Path(__file__).parent


def build(site: Path) -> int:
    """Builds into a folder; an exit code. A warning counts as a failure."""
    with tempfile.TemporaryDirectory() as doctrees:
        code = sphinx(["-q", "-W", "--keep-going", "-d", doctrees, "-b", "html", str(DOCS), str(site)])
    boards = DOCS.parent / "leaderboards"
    inputs = ["--records", str(boards / "records"), "--reported", str(boards / "reported.csv")]
    if day := _last_commit():
        inputs += ["--date", day]
    return code or merbench(["leaderboard", "build", *inputs, "--out", str(site / "leaderboard")])


def _last_commit() -> str:
    """The day of the last commit, `2026-11-25`: the same sources give the same pages. Empty without git."""
    git = ["git", "-C", str(DOCS), "log", "-1", "--format=%cs"]
    with suppress(OSError):
        return subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    return ""


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1] if len(sys.argv) > 1 else "site")))
