"""Types of option values, and options that verbs share."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

from merbench.errors import OptionError

if TYPE_CHECKING:
    from merbench.runs.shards import Shard

__all__ = ["add_executor", "count", "day", "positive", "seconds", "shard"]


def add_executor(verb: argparse.ArgumentParser) -> None:
    """Add `--executor`."""
    verb.add_argument(
        "--executor",
        default="local",
        metavar="NAME[:OPTIONS]",
        help="where folds are computed, e.g. on a cluster, NAME:ADDRESS; see: merbench list executors (default: local)",
    )


def count(text: str) -> int:
    """A whole number, at least 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 0")
    return int(text)


def day(text: str) -> str:
    """A date as `YYYY-MM-DD`."""
    from merbench.leaderboard.about import day as checked

    try:
        return checked(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def positive(text: str) -> int:
    """A whole number, at least 1."""
    if not count(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def seconds(text: str) -> float:
    """A number of seconds above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def shard(text: str) -> Shard:
    """A share of the folds as `I/N`."""
    from merbench.runs.shards import Shard

    try:
        return Shard.parse(text)
    except OptionError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
