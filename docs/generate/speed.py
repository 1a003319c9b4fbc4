"""What was measured, as tables: times and memory, how well the steps from images to flow work, and hard clips.

The figures are those of `tests/benchmarks/measured.json`, which `python -m tests.benchmarks NAME --write` fills. The
times of whole runs are those of the committed records.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from docs.generate.board import runs, setting
from docs.generate.markdown import table
from merbench.leaderboard.rows import Row
from merbench.runs.schema import Record

__all__ = ["accuracy", "difficulty", "measured_rows", "measured_table", "sureness", "tables", "whole_runs"]

MEASURED = Path(__file__).parents[2] / "tests" / "benchmarks" / "measured.json"
ACCURACY, DIFFICULTY, SURENESS = "faces-and-flow", "difficulty", "how-sure"
# The sections that are about neither time nor memory.
ELSEWHERE = (ACCURACY, DIFFICULTY, SURENESS, "bi-woof", "executors", "release-channels")


def tables() -> str:
    """A section for each benchmark, after one for whole runs."""
    shown = [(one["title"], _table(one)) for name, one in _measured().items() if name not in ELSEWHERE]
    return "\n\n".join(f"## {title}\n\n{text}" for title, text in [("Whole runs", whole_runs()), *shown])


def whole_runs() -> str:
    """How long the networks of the board trained and tested on the composite, from their records.

    Of the records of a setting the fastest counts, because other work on a machine makes a run slower. A record of a
    run that was resumed does not have the time of the whole run, so it does not count.
    """
    trained = [row for row in runs() if row.policy == "last" and not row.recipe.endswith("-balanced")]
    found = [(row, whole) for row in trained if (whole := _not_resumed(row))]
    found.sort(key=lambda one: float(one[1][0].environment["seconds"]))
    text = (
        "From the records of the [results](results.md): all 68 folds of the composite, by the clock, in the fastest of "
        "the records that were not interrupted. Other work on the machine made some of them slower. Left out are "
        "settings with class weights or an inner epoch, and those whose records were all interrupted."
    )
    head = ["run", "time", "median of a fold", "peak memory of a process", "whole records", "machine"]
    return f"{text}\n\n{table(head, [_whole_run(*one) for one in found])}"


def _not_resumed(row: Row) -> list[Record]:
    """The records of a network's setting that have the time of the whole run, the fastest first."""
    records = [entry.record for entry in row.entries if entry.record.plan.kind == "torch"]
    whole = [one for one in records if not one.environment["resumed"]]
    return sorted(whole, key=lambda one: float(one.environment["seconds"]))


def _whole_run(row: Row, whole: Sequence[Record]) -> list[str]:
    fastest = whole[0]
    environment, hardware = fastest.environment, fastest.environment["hardware"]
    fold = median(one.seconds for one in fastest.folds)
    return [
        f"{row.model} {setting(row)}",
        f"{environment['seconds'] / 60:.1f} min",
        f"{fold:.1f} s",
        f"{environment['peak_memory_bytes'] / 2**30:.1f} GiB",
        str(len(whole)),
        f"{hardware['cores']} cores of {hardware['processor']}",
    ]


def accuracy() -> str:
    """How well faces, landmarks, flow and apex are found; neither time nor machine decides these figures."""
    return f"`python -m tests.benchmarks {ACCURACY}` computes them.\n\n{_rows(_measured()[ACCURACY])}"


def measured_rows(name: str) -> list[dict[str, str]]:
    """The rows of one section: what, figure and conditions of each."""
    rows: list[dict[str, str]] = _measured()[name]["rows"]
    return rows


def measured_table(name: str) -> str:
    """The table of one section."""
    return _table(_measured()[name])


def difficulty() -> str:
    """Which clips are hard for the leading rows."""
    rows = [[row["what"], row["figure"], row["conditions"]] for row in _measured()[DIFFICULTY]["rows"]]
    return table(["clips", "answers of the leading rows", "how many"], rows)


def sureness(about: str) -> str:
    """What was simulated and computed from the committed records about one question."""
    rows = [row for row in _measured()[SURENESS]["rows"] if row["what"].startswith(f"{about}: ")]
    cells = [[row["what"].removeprefix(f"{about}: "), row["figure"], row["conditions"]] for row in rows]
    return table(["what", "figure", "how"], cells)


def _measured() -> dict[str, dict[str, Any]]:
    measured: dict[str, dict[str, Any]] = json.loads(MEASURED.read_text("utf-8"))
    return measured


def _table(one: dict[str, Any]) -> str:
    """When, where and how it was measured, and the figures."""
    return f"{one['measured']}, {one['machine']}; measured {one['how']}.\n\n{_rows(one)}"


def _rows(one: dict[str, Any]) -> str:
    rows = [[row["what"], row["figure"], row["conditions"]] for row in one["rows"]]
    return table(["measured", "figure", "conditions"], rows)
