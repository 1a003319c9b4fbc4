"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "found", "passed", "unchecked"]


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        check: a short name.
        result: `passed`; `found` if the script has the fault; `unchecked` if that cannot be said.
        evidence: what was counted, in numbers.
        advice: what to do; empty if it passed.
    """

    check: str
    result: Literal["passed", "found", "unchecked"]
    evidence: str
    advice: str = ""


def passed(check: str, evidence: str) -> Finding:
    """The script does not have the fault, as far as this check sees."""
    return Finding(check, "passed", evidence)


def found(check: str, evidence: str, advice: str) -> Finding:
    """The script has the fault."""
    return Finding(check, "found", evidence, advice)


def unchecked(check: str, evidence: str, advice: str) -> Finding:
    """The check could not decide."""
    return Finding(check, "unchecked", evidence, advice)
