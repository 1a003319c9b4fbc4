"""Kinds of values that options take."""

from __future__ import annotations

import argparse

__all__ = ["count", "positive"]


def count(text: str) -> int:
    """A whole number from 0 up."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)


def positive(text: str) -> int:
    """A whole number from 1 up."""
    if not count(text):
        raise argparse.ArgumentTypeError("at least 1")
    return int(text)
