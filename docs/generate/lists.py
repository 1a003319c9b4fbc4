"""What is built in, as `merbench list` tells it."""

from __future__ import annotations

import contextlib
import functools
import io
import json
from collections.abc import Container, Sequence
from importlib import import_module
from typing import Any

from merbench_databases.errata import errata as known_errata
from merbench_databases.registered import RELEASES

from docs.generate.markdown import table
from merbench.cli import main
from merbench.plugin.registry import load_target

__all__ = ["datasets", "errata", "features", "models", "protocols", "published", "recipes", "sources"]


def models(package: str = "") -> str:
    """Models, and families of models; with a package, those of this plugin."""
    columns = {"model": "name", "parameters": "parameters", "features": "features", "about": "about"}
    names = {one.name for one in import_module(package).merbench_models()} if package else None
    return _table("models", columns, names)


def recipes() -> str:
    """The recipes of every model, what each claims to be, and where its settings come from."""
    rows = [
        [f"`{one['model']}`", f"`{one['recipe']}`{' (default)' if one['default'] else ''}", one["claim"], one["about"]]
        for one in _listed("recipes")
    ]
    return table(["model", "recipe", "claim", "settings from"], rows)


def datasets() -> str:
    """Datasets."""
    keys = ("databases", "classes", "protocol", "about")
    return _table("datasets", {"dataset": "name", **{key: key for key in keys}})


def errata() -> str:
    """The known errors of annotation tables."""
    rows = [[f"`{one.database}/{one.clip}`", one.when, one.repair, one.since] for one in known_errata()]
    return table(["clip", "fault", "what is done", "since"], rows)


def features() -> str:
    """Features."""
    return _table("features", {"feature": "name", "from": "inputs", "variants": "variants", "about": "about"})


def protocols() -> str:
    """Protocols."""
    return _table("protocols", {"protocol": "name", "about": "about"})


def published() -> str:
    """The contents of each release of videos, as `merbench data check` expects them."""
    rows = []
    for name, (reader, *_) in RELEASES.items():
        counts = load_target(f"merbench_databases.{reader}", owner=name)(None).published()
        emotions = ", ".join(f"{emotion} {count}" for emotion, count in counts.emotions.items()) or "-"
        rows.append([f"`{name}`", str(counts.clips), str(counts.subjects or "not known"), emotions, counts.source])
    return table(["source", "clips", "subjects", "emotions", "counts from"], rows)


def sources() -> str:
    """Releases that can be read."""
    return _table("sources", {"source": "name", "databases": "databases", "provides": "provides", "about": "about"})


def _table(noun: str, columns: dict[str, str], names: Container[str] | None = None) -> str:
    listed = [one for one in _listed(noun) if names is None or one["name"] in names]
    rows = [[_cell(key, one[key]) for key in columns.values()] for one in listed]
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
