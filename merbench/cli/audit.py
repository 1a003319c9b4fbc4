"""`merbench audit`: run somebody's own script with a poisoned test side, and say what moved that must not."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from merbench.cli.options import count, positive
from merbench.cli.parser import UsageError
from merbench.cli.tables import print_json, print_table
from merbench.plugin.registry import Registry
from merbench.plugin.watch import timeout

if TYPE_CHECKING:
    from merbench.audit.findings import Finding

__all__ = ["add_parser", "run"]

FOUND = 1  # exit code if a fault was found
RESULTS: dict[Literal["found", "passed", "unchecked"], str] = {
    "found": "found",
    "passed": "passed",
    "unchecked": "could not be checked",
}


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add `merbench audit` to the command line."""
    about = "look for leaks and other faults in your own training script, by poisoning its test side"
    parser = verbs.add_parser("audit", help=about, description=f"{about}; the exit code is 1 if a fault is found")
    parser.add_argument("function", metavar="FUNCTION", nargs="?", help="your function, as package.module:function")
    parser.add_argument("--command", help="instead of a function: a command with {data} and {out}, perhaps {seed}")
    parser.add_argument(
        "--layout", choices=("table", "folders"), default="table", help="how the command wants its data"
    )
    parser.add_argument("--data", metavar="FOLDER", help="clips.csv and features.npy; default: made clips")
    parser.add_argument(
        "--subjects", metavar="N", type=positive, default=3, help="subjects to poison in the layout table; default: 3"
    )
    parser.add_argument("--seed", type=count, default=0, help="given to the script; default: 0")
    parser.add_argument("--json", action="store_true", help="print a list of objects")


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Audit the script, print one line for each check, and return 1 if a fault was found."""
    if (arguments.function is None) == (arguments.command is None):
        raise UsageError("give either FUNCTION or --command; see: merbench audit --help")
    if arguments.function is not None and not all(arguments.function.partition(":")):
        raise UsageError(f"{arguments.function!r} is not a function; write it as package.module:function")
    from merbench.audit.clips import made_clips, read_clips
    from merbench.audit.process import Target
    from merbench.audit.run import audit

    text, kind = _target(arguments)
    target = Target(text, kind, arguments.layout, timeout(), arguments.seed)
    clips = made_clips() if arguments.data is None else read_clips(Path(arguments.data))
    findings = audit(target, clips, subjects=arguments.subjects, report=_report)
    if arguments.json:
        print_json([dataclasses.asdict(one) for one in findings])
    else:
        _print(findings)
    return FOUND if any(one.result == "found" for one in findings) else 0


def _target(arguments: argparse.Namespace) -> tuple[str, Literal["function", "command"]]:
    if arguments.command is not None:
        return arguments.command, "command"
    return arguments.function, "function"


def _report(what: str) -> None:
    print(f"merbench: {what}", file=sys.stderr)


def _print(findings: Sequence[Finding]) -> None:
    rows = [{"check": one.check, "result": RESULTS[one.result], "evidence": one.evidence} for one in findings]
    print_table(["check", "result", "evidence"], rows)
    print()
    for one in findings:
        if one.advice:
            print(f"{one.check}: {one.advice}")
    counts = Counter(one.result for one in findings)
    print(", ".join(f"{counts[result]} {shown}" for result, shown in RESULTS.items()))
