"""What is built in, as `merbench list` tells it."""

from __future__ import annotations

import contextlib
import functools
import io
import json
from collections.abc import Sequence
from typing import Any

from docs.generate.markdown import table
from merbench.cli import main

__all__ = ["datasets", "features", "models", "protocols", "recipes", "sources"]


def models() -> str:
    """Models, and families of models."""
    return _table("models", {"model": "name", "parameters": "parameters", "features": "features", "about": "about"})


def recipes() -> str:
    """The recipes of every model, and where their settings come from."""
    rows = [
        [f"`{one['model']}`", f"`{one['recipe']}`{' (default)' if one['default'] else ''}", one["about"]]
        for one in _listed("recipes")
    ]
    return table(["model", "recipe", "settings from"], rows)


def datasets() -> str:
    """Datasets."""
    columns = {"dataset": "name", "databases": "databases", "classes": "classes", "protocol": "protocol"}
    return _table("datasets", columns)


def features() -> str:
    """Features."""
    return _table("features", {"feature": "name", "from": "inputs", "variants": "variants", "about": "about"})


def protocols() -> str:
    """Protocols."""
    return _table("protocols", {"protocol": "name", "about": "about"})


def sources() -> str:
    """Releases that can be read."""
    return _table("sources", {"source": "name", "databases": "databases", "provides": "provides", "about": "about"})


def _table(noun: str, columns: dict[str, str]) -> str:
    rows = [[_cell(key, one[key]) for key in columns.values()] for one in _listed(noun)]
    return table(list(columns), rows)


def _cell(key: str, value: Any) -> str:
    if key == "parameters":
        return f"{value:,}" if value else "-"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(value) if key == "classes" else ", ".join(f"`{one}`" for one in value)
    return f"`{value}`" if key in ("name", "protocol") else str(value)


@functools.cache
def _listed(noun: str) -> list[dict[str, Any]]:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main(["list", noun, "--json"]) == 0
    listed: list[dict[str, Any]] = json.loads(printed.getvalue())
    return listed
