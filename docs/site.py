"""Builds the documentation, with the leaderboard beside it: `python -m docs.site [FOLDER]`; the default is `site`.

The pages load nothing from any network, and can be read from the file system.
"""

from __future__ import annotations

import sys
import tempfile
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
    return code or merbench(["leaderboard", "build", *inputs, "--out", str(site / "leaderboard")])


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1] if len(sys.argv) > 1 else "site")))
