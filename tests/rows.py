"""JSON with a line for each row, so that a changed row is a changed line."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["in_lines"]


def in_lines(value: Any, margin: str = "\n ") -> str:
    """JSON with one line for each key of nested objects, and for each item of a list."""
    if not value or not isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, dict):
        inner = [f"{json.dumps(name)}: {in_lines(one, margin + ' ')}" for name, one in value.items()]
    else:
        inner = [json.dumps(one) for one in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return opening + margin + f",{margin}".join(inner) + margin[:-1] + closing
