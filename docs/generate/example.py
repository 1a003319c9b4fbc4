"""A record of a real run, shortened to a screenful."""

from __future__ import annotations

import json
import re
import tempfile
from typing import Any

import merbench

__all__ = ["record"]

WIDTH = 118  # of a line; a longer value is broken into its parts
DIGEST = re.compile(r"[0-9a-f]{64}")


def record() -> str:
    """One clip, one fold and the scores of all clips; what differs between machines or versions is cut."""
    with tempfile.TemporaryDirectory() as folder:
        content: dict[str, Any] = json.loads(merbench.run(model="majority", dataset="demo", out=folder).to_json())
    (policy,) = content["scores"]
    content["environment"] = {"…": "…"}
    content["predictions"] = content["predictions"][:1]
    content["folds"] = [{**content["folds"][0], "seconds": "…"}]
    content["scores"] = {policy: {"full": content["scores"][policy]["full"]}}
    return f"```json\n{_text(_cut(content))}\n```"


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _cut(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_cut(one) for one in value]
    if isinstance(value, str):
        return DIGEST.sub("…", value)
    return round(value, 4) if isinstance(value, float) else value


def _text(value: Any, indent: str = "") -> str:
    """JSON with as many values in a line as fit."""
    short = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or (indent and len(indent) + len(short) <= WIDTH):
        return short
    inner = f"{indent} "
    if isinstance(value, dict):
        start, end, parts = "{", "}", [f"{json.dumps(name)}: {_text(one, inner)}" for name, one in value.items()]
    else:
        start, end, parts = "[", "]", [_text(one, inner) for one in value]
    return f"{start}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{end}"
