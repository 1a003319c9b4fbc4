"""Runs one check, and says what it found.

A check is a function that takes the toys of one spec. It returns its evidence in a few words, raises `CheckFailed` (or
any other error) if the plugin breaks the rule, and `Undecided` if that cannot be said. Its docstring is the rule.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TypeVar

from merbench.audit.findings import Finding, found, passed, unchecked
from merbench.errors import MerbenchError, one_line
from merbench.plugin.calls import reason

__all__ = ["Check", "CheckFailed", "Undecided", "find", "name_of", "require"]

T = TypeVar("T")
Check = Callable[[T], str]


class CheckFailed(MerbenchError):
    """A plugin breaks a rule."""


class Undecided(MerbenchError):
    """A check that says nothing about this plugin; the message is the reason."""


def require(holds: bool, otherwise: str) -> None:
    """Raise `CheckFailed` with the sentence `otherwise`, unless the rule holds."""
    if not holds:
        raise CheckFailed(otherwise)


def name_of(check: Check[T]) -> str:
    """The name of a check, as `expected_failures` has it."""
    return check.__name__


def find(check: Check[T], toys: T) -> Finding:
    """Run one check. Its rule is the advice, if the plugin breaks the rule or nothing can be said."""
    name, rule = name_of(check), one_line(inspect.getdoc(check))
    try:
        return passed(name, check(toys))
    except Undecided as why:
        return unchecked(name, one_line(why), rule)
    except MerbenchError as error:
        return found(name, one_line(error), rule)
    except Exception as error:  # whatever a plugin's code makes the engine raise is the plugin's fault
        return found(name, reason(error), rule)
