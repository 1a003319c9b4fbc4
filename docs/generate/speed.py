"""What was measured, as tables: times and memory, how well the steps from images to flow work, and hard clips."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docs.generate.markdown import table

__all__ = ["accuracy", "difficulty", "measured_table", "sureness", "tables"]

MEASURED = Path(__file__).parents[2] / "tests" / "benchmarks" / "measured.json"
ACCURACY, DIFFICULTY, SURENESS = "faces-and-flow", "difficulty", "how-sure"
# The sections that are about neither time nor memory.
ELSEWHERE = (ACCURACY, DIFFICULTY, SURENESS, "bi-woof", "executors", "release-channels")


def tables() -> str:
    """A section for each benchmark."""
    shown = [one for name, one in _measured().items() if name not in ELSEWHERE]
    return "\n\n".join(f"## {one['title']}\n\n{_table(one)}" for one in shown)


def accuracy() -> str:
    """How well faces, landmarks, flow and apex are found."""
    return measured_table(ACCURACY)


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
    rows = [[row["what"], row["figure"], row["conditions"]] for row in one["rows"]]
    head = ", ".join(filter(None, (one["measured"], one["machine"])))
    return f"{head}; measured {one['how']}.\n\n{table(['measured', 'figure', 'conditions'], rows)}"
