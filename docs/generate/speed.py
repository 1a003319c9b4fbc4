"""The measurements that the benchmarks keep, as tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docs.generate.markdown import table

__all__ = ["tables"]

MEASURED = Path(__file__).parents[2] / "tests" / "benchmarks" / "measured.json"


def tables() -> str:
    """A section for each benchmark, with when, where and how it was measured."""
    return "\n\n".join(_sections(json.loads(MEASURED.read_text("utf-8"))))


def _sections(measured: dict[str, dict[str, Any]]) -> Iterator[str]:
    for one in measured.values():
        yield f"## {one['title']}"
        yield f"{one['measured']}, {one['machine']}; measured {one['how']}."
        rows = [[row["what"], row["figure"], row["conditions"]] for row in one["rows"]]
        yield table(["measured", "figure", "conditions"], rows)
