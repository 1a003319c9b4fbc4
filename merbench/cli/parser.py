"""argparse with one-line errors that name the nearest verb, choice or flag."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from merbench.errors import MerbenchError, nearest

__all__ = ["LenientParser", "Parser", "UsageError"]


class UsageError(MerbenchError):
    """A command line that cannot be understood."""


class LenientParser(argparse.ArgumentParser):
    """A parser that raises its errors as `UsageError`; `parse_known_args` returns unknown arguments."""

    def __init__(self, **settings: Any) -> None:
        # The meaning of an abbreviation would change with every new option.
        super().__init__(**{"allow_abbrev": False, **settings})

    def error(self, message: str) -> NoReturn:
        """Raise the error as one line instead of printing the usage."""
        raise UsageError(f"{message}; see: {self.prog} --help")


class Parser(LenientParser):
    """A parser, and the class of its subparsers, that raises `UsageError` for every unknown word."""

    # argparse would report `--model` as missing rather than `--modle` as unknown.
    def parse_known_args(self, args: Any = None, namespace: Any = None) -> tuple[Any, list[str]]:
        """As in argparse, but an unknown flag is an error of its verb."""
        given: Sequence[str] = args or []
        if self._subparsers is None:
            self._check_flags(given)
        namespace, unknown = super().parse_known_args(given, namespace)
        self._check_flags(unknown)
        return namespace, unknown

    def _check_flags(self, given: Iterable[str]) -> None:
        for word in given:
            flag = word.partition("=")[0]
            if flag == "--":
                return
            if flag.startswith("--") and flag not in self._option_string_actions:
                self.error(f"no flag is called {flag}{nearest(flag, self._option_string_actions)}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            known = [str(choice) for choice in action.choices]
            what = (action.metavar if isinstance(action.metavar, str) else action.dest).lower()
            self.error(f"no {what} is called {str(value)!r}{nearest(str(value), known)}; there are {', '.join(known)}")
