"""A digest inside a JSON file, which shows any change of its content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["is_sealed", "sealed"]

FIELD = "digest"


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return `content` as JSON reads it back, with its sha256 as the last entry, `digest`."""
    plain: dict[str, Any] = json.loads(json.dumps(content, allow_nan=False))
    plain.pop(FIELD, None)
    return {**plain, FIELD: _digest(plain)}


def is_sealed(content: Mapping[str, Any]) -> bool:
    """Whether the digest in `content` matches the other names and values; their order and layout do not matter."""
    return content.get(FIELD) == _digest({name: value for name, value in content.items() if name != FIELD})


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
