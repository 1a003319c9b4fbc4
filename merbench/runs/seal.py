"""A digest inside a JSON file: a file that was changed since it was written is noticed, be it by a single bit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["is_sealed", "sealed"]

FIELD = "digest"


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """`content`, as JSON holds it, with the sha256 of it under `digest`, which comes last."""
    plain: dict[str, Any] = json.loads(json.dumps(content, allow_nan=False))
    plain.pop(FIELD, None)
    return {**plain, FIELD: _digest(plain)}


def is_sealed(content: Mapping[str, Any]) -> bool:
    """Whether the digest in `content` is that of the rest: its names and values, whatever their order and layout."""
    return content.get(FIELD) == _digest({name: value for name, value in content.items() if name != FIELD})


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
