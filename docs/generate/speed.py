"""What was measured, as tables: times and memory, and how well the steps from images to flow work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docs.generate.markdown import table

__all__ = ["accuracy", "sureness", "tables"]

MEASURED = Path(__file__).parents[2] / "tests" / "benchmarks" / "measured.json"
ACCURACY, SURENESS = "faces-and-flow", "how-sure"  # the sections that are about neither time nor memory


def tables() -> str:
    """A section for each benchmark."""
    return "\n\n".join(
        f"## {one['title']}\n\n{_table(one)}" for name, one in _measured().items() if name not in (ACCURACY, SURENESS)
    )


def accuracy() -> str:
    """How well faces, landmarks, flow and apex are found."""
    return _table(_measured()[ACCURACY])


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
