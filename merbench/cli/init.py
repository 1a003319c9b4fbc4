"""`merbench leaderboard init`: write a repository for a leaderboard of one's own."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_init", "init"]


def add_init(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the action."""
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="may exist; no file in it is changed")
    parser.add_argument("--title", default="Leaderboard", help="of the leaderboard (default: %(default)s)")
    parser.add_argument("--repository", default="", metavar="URL", help="e.g. https://github.com/OWNER/NAME")


def init(arguments: argparse.Namespace) -> int:
    """Write the files, and print what to do next."""
    from merbench.leaderboard.scaffold import write_repository

    written = write_repository(arguments.folder, arguments.title, arguments.repository)
    for path in written:
        print(f"wrote {path}")
    if not arguments.repository:
        print("next: replace OWNER and NAME in README.md, and fill in leaderboards/board.toml")
    print(f"next: cd {arguments.folder} && merbench leaderboard add RECORD && merbench leaderboard build")
    return 0
