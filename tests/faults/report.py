"""What the bench prints, and the page that it writes: `docs/reliability.md`, from `campaign.json` beside this file."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.faults.findings import Tally, grouped

__all__ = ["CAMPAIGN", "PAGE", "content", "lines", "merged", "page", "read"]

CAMPAIGN = Path(__file__).with_name("campaign.json")
PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
# Part of the bench → its heading, and what its table is of.
PARTS = {
    "moments": ("File operations that fail", "command"),
    "damage": ("Damaged files of merbench's own", "file"),
    "mutations": ("Mutated files of others", "file"),
    "concurrency": ("Several processes, and other surroundings", "what"),
}
ABOUT = {
    "moments": """
A library in the command's process makes one file operation fail. The process is killed before the operation, or after
half of a write; or the operation gives an I/O error; or from then on the disk is full, the disk is read-only, or no
file can be opened. First each operation of each command fails in each way. Then up to three faults follow each other.
The disturbed command must succeed, be killed, or end with one line. The same command must then give the same result,
and leave nothing half-written.
""",
    "damage": """
In a file that merbench wrote, one bit is flipped, the end is cut off or set to zero, or a sector becomes noise; or the
file is replaced by another of its kind. The command that reads the file must give the same result, or one line.
""",
    "mutations": """
A seeded mutator flips, cuts, inserts, repeats and moves bytes, words and lines, and inserts odd numbers and characters.
In files with checksums (PNG, XLSX, checkpoints), half of the mutations change the content and then repair the
checksums. The reader must read the file or refuse it with one line, within 10 seconds and 1.5 GB, and without a
warning. A record that was changed must not pass `merbench results verify`, unless the change makes it a record of
schema 1, which has no digest.
""",
    "concurrency": """
Two or four processes run the same command in the same folder at once. In every second round one of them is killed. In
another test a run has other surroundings: {surroundings}. The record must be the same.
""",
}
PROMISE = """# Reliability

A run can go wrong in many ways. Whatever happens, merbench promises:

- A command that is killed, or whose disk fails, leaves what is finished. The same command continues, and gives the
  record of a run that nothing disturbed.
- A command that cannot continue says why in one line, and exits with 2.
- A damaged file is computed again or refused. It never becomes part of a result without a word.
- A file from somebody else is read or refused, and never executed (see [security](../SECURITY.md)).
- The record does not depend on the number of processes, on the locale, the time zone or Python's hash seed.

This page says how these promises were tested. `python -m tests.faults --write` writes the page.
"""
REPEAT = """## Repeat it

In a checkout, on Linux, with a C compiler; the first two figures say how many cases are tried:

    tox -e faults -- --moments {moments} --mutations {mutations}

Every case follows from a seed and a number. The bench prints, for each thing that went wrong, the options that repeat
its first case and show all that the command says. The tests run a few hundred cases each time
(`tests/faults/test_bench.py`).

These are held by tests of their own and not repeated by the bench: folds that train together predict what each does
alone (`tests/engine/test_training.py`, `tests/engine/test_built_in_networks.py`), networks in other processes
(`tests/engine/test_folds.py`), estimators in other processes (`tests/engine/test_estimators.py`), and Ctrl-C
(`tests/runs/test_run.py`).
"""


def content(tallies: Sequence[Tally], asked: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a campaign: what was asked for, and a row for each subject."""
    return {
        **asked,
        "rows": [
            {
                "part": one.part,
                "subject": one.subject,
                "tried": one.tried,
                "survived": one.survived,
                "outcomes": dict(sorted(one.outcomes.items())),
                "findings": [{"what": what, "times": times} for what, times, _ in grouped(one)],
            }
            for one in tallies
        ],
    }


def page(campaign: dict[str, Any]) -> str:
    """The whole page of a campaign."""
    return "\n".join([PROMISE, *_summary(campaign), *_parts(campaign), REPEAT.format(**campaign)])


def _summary(campaign: dict[str, Any]) -> Iterator[str]:
    rows = campaign["rows"]
    yield f"## In short\n\nOn {campaign['date']}, merbench {campaign['version']} (seed {campaign['seed']}):\n"
    yield "| part | tried | survived |\n| --- | --- | --- |"
    for part, (title, _) in PARTS.items():
        tried, survived = (sum(one[name] for one in rows if one["part"] == part) for name in ("tried", "survived"))
        yield f"| {title} | {tried:,} | {survived:,} |"
    yield ""


def _parts(campaign: dict[str, Any]) -> Iterator[str]:
    for part, (title, what) in PARTS.items():
        rows = [one for one in campaign["rows"] if one["part"] == part]
        if not rows:
            continue
        about = textwrap.fill(ABOUT[part].format(**campaign).strip(), 120, break_on_hyphens=False)
        yield f"## {title}\n\n{about}\n"
        yield f"| {what} | tried | survived | how those ended |\n| --- | --- | --- | --- |"
        for one in rows:
            ends = ", ".join(f"{name}: {times:,}" for name, times in one["outcomes"].items())
            yield f"| {one['subject']} | {one['tried']:,} | {one['survived']:,} | {ends} |"
        yield ""
        yield from _failures(rows)


def _failures(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    found = [(one["subject"], fault) for one in rows for fault in one["findings"]]
    if found:
        yield "What went wrong:\n"
        for subject, fault in found:
            cases = "1 case" if fault["times"] == 1 else f"{fault['times']:,} cases"
            yield f"- {subject}, {cases}: {fault['what'].replace('|', '/')}"
        yield ""


def lines(tallies: Sequence[Tally]) -> Iterator[str]:
    """The table as it is printed, with what repeats each finding."""
    yield f"{'part':12} {'subject':34} {'tried':>9} {'survived':>9} {'a second':>9}"
    for one in tallies:
        speed = one.tried / one.seconds if one.seconds else 0
        yield f"{one.part:12} {one.subject:34} {one.tried:9,} {one.survived:9,} {speed:9,.1f}"
        for what, times, repeat in grouped(one):
            yield f"    {times:,} x {what}"
            yield f"        python -m tests.faults {repeat}"


def merged(before: dict[str, Any], now: dict[str, Any], parts: Sequence[str]) -> dict[str, Any]:
    """The campaign `before`, but for these parts, which are as they are `now`."""
    rows = [row for row in before["rows"] if row["part"] not in parts] + now["rows"]
    sizes = {name: (now if name in parts else before)[name] for name in ("moments", "mutations")}
    return {**now, **sizes, "rows": rows}


def read() -> dict[str, Any]:
    """The last campaign that was kept."""
    campaign: dict[str, Any] = json.loads(CAMPAIGN.read_text("utf-8"))
    return campaign
