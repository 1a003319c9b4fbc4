"""Reads a sweep file: TOML with the options of `merbench run`, in which a list asks for each of its values."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from merbench.errors import MerbenchError, nearest, one_line, printable
from merbench.files import read_bounded
from merbench.runs.changes import as_text
from merbench.runs.prepare import Request

__all__ = ["KEYS", "Grid", "Sweep", "SweepError", "read_sweep"]

LARGEST = 2**20  # bytes of a file
# The keys that are lists of values, and `set`, a table of such lists.
KEYS = ("model", "recipe", "dataset", "protocol", "seed", "epoch-policy", "device", "precision", "folds", "skip-broken")
NEEDED = ("model", "dataset")


class SweepError(MerbenchError):
    """A sweep file cannot be read, or asks for no run."""


@dataclass(frozen=True)
class Grid:
    """The runs of every combination of some values.

    Attributes:
        values: fields of a `Request` and their values; other fields have their default.
        settings: names of `--set` and their values as text.
    """

    values: Mapping[str, tuple[Any, ...]]
    settings: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Sweep:
    """A sweep file.

    Attributes:
        path: of the file, for errors.
        runs: the file's own grid and those that it includes, or other files, in their order.
        excluded: runs that match every value of one of these grids are left out.
    """

    path: Path
    runs: tuple[Grid | Sweep, ...]
    excluded: tuple[Grid, ...]


def read_sweep(path: Path, within: Sequence[Path] = ()) -> Sweep:
    """Read a sweep file, and the files that it includes.

    Args:
        path: of the file.
        within: the files that include this one, the outermost first.

    Raises:
        SweepError: the file cannot be read, has an unknown key or a wrong value, names no model, or includes itself.
    """
    chain = [*within, path]
    if os.path.realpath(path) in map(os.path.realpath, within):
        raise SweepError(f"{path} includes itself: {' includes '.join(map(str, chain))}; take one of these out")
    content = _read(path)
    include, exclude = (_tables(path, content.pop(name, []), name) for name in ("include", "exclude"))
    own = _checked(path, content, "")
    excluded = [_grid(_checked(path, table, "exclude")) for table in exclude]
    runs = [_grid(own)] if _complete(path, own, needed=not include) else []
    included = [_included(path, chain, table, own) for table in include]
    return Sweep(path, (*runs, *included), tuple(excluded))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_bounded(path, LARGEST).decode("utf-8-sig"))
    except OSError as error:
        raise SweepError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise SweepError(f"{path} is not TOML in UTF-8 ({one_line(error)})") from error


def _tables(path: Path, given: Any, name: str) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(one, dict) and one for one in given):
        raise SweepError(f"{path}: write each {name} as a table with the heading [[{name}]], and at least one key")
    return given


def _included(path: Path, chain: Sequence[Path], table: dict[str, Any], own: dict[str, Any]) -> Grid | Sweep:
    """A grid that takes the file's own values where it gives none, or another file."""
    if "file" not in table:
        values = {**own, **_checked(path, table, "include")}
        _complete(path, values, needed=True)
        return _grid(values)
    name = table["file"]
    if len(table) > 1 or not isinstance(name, str) or "\0" in name:
        raise SweepError(f"{path}: an [[include]] with file needs the name of a sweep file, and has no other key")
    return read_sweep(path.parent / name, chain)


def _complete(path: Path, values: Mapping[str, Any], *, needed: bool) -> bool:
    """Whether the values give runs: they name a model."""
    lacking = [key for key in NEEDED if key not in values]
    if lacking and (needed or "model" in values):
        raise SweepError(f'{path} names no {lacking[0]}; write {lacking[0]} = "NAME", or a list of names')
    return not lacking


def _grid(values: Mapping[str, Any]) -> Grid:
    fields = {key.replace("-", "_"): found for key, found in values.items() if key != "set"}
    return Grid(fields, values.get("set", {}))


def _checked(path: Path, given: Mapping[str, Any], table: str) -> dict[str, Any]:
    """The values of every key as a tuple; those of `set` as a mapping to tuples of text."""
    where = f"{path}: [[{table}]]" if table else f"{path}:"
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key == "set":
            found[key] = _settings(where, value)
        elif key in KEYS:
            found[key] = tuple(_value(where, key, one) for one in _listed(where, key, value))
        else:
            known = [*KEYS, "set", *(() if table else ("include", "exclude"))]
            raise SweepError(f"{where} no key is called {key!r}{nearest(key, known)}; known: {', '.join(known)}")
    return found


def _listed(where: str, key: str, value: Any) -> list[Any]:
    values = value if isinstance(value, list) else [value]
    if not values:
        raise SweepError(f"{where} {key} is an empty list, so there is no run; give a value, or leave {key} out")
    return values


def _value(where: str, key: str, value: Any) -> Any:
    kind = get_type_hints(Request)[key.replace("-", "_")]
    if choices := get_args(kind):
        if value not in choices:
            raise SweepError(f"{where} {key} = {value!r}{nearest(str(value), choices)}; it is {' or '.join(choices)}")
    elif type(value) is not kind or (kind is int and value < 0):
        wanted = {int: "a whole number of at least 0", bool: "true or false", str: "text in quotes"}[kind]
        raise SweepError(f"{where} {key} = {value!r} must be {wanted}")
    return value


def _settings(where: str, given: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(given, dict):
        raise SweepError(f"{where} set is a table; write set.NAME = VALUE, or a list of values")
    return {name: tuple(_text(where, name, one) for one in _listed(where, f"set.{printable(name)}", value))
            for name, value in given.items()}  # fmt: skip


def _text(where: str, name: str, value: Any) -> str:
    plain = value if isinstance(value, list) else [value]
    if "=" in name or not all(isinstance(one, str | int | float) for one in plain):
        raise SweepError(
            f"{where} set.{printable(name)} = {value!r} must be text, a number or true, or a list of these"
        )
    return ",".join(map(as_text, plain))
