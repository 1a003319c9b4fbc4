"""`merbench show`: all fields of a registered spec, with the documentation of its code."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import inspect
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from merbench.cli.list import recipe_settings, settings_that_matter
from merbench.cli.tables import print_json
from merbench.errors import UnknownName, printable
from merbench.plugin.authors import Author
from merbench.plugin.loading import Plugin
from merbench.plugin.registry import Catalog, Registry, load_target
from merbench.plugin.specs import Model, TorchModel

__all__ = ["add_parser", "run"]

NOUNS = ("models", "datasets", "features", "protocols", "sources", "executors")
TARGETS = (
    "network",
    "estimator",
    "fit",
    "function",
    "reader",
    "splitter",
    "runner",
    "clip_list",
    "member",
)  # fields that name code
HIDDEN = {"name", "api"}
SCALARS = (str, int, float, type(None))  # as JSON has them
FULL = 100  # characters: a longer line of a docstring, with the next word, was broken because it was full


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add `merbench show` to the command line."""
    about = "show a model, family, dataset, feature, protocol or source with its documentation"
    parser = verbs.add_parser("show", help=about, description=f"{about}, and where it comes from")
    parser.add_argument("name", metavar="NAME", help="a name from merbench list")
    parser.add_argument("--json", action="store_true", help="print a list of objects, one for each noun with that name")


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Print every spec with that name; several nouns may have it."""
    found = list(_found(arguments.name, registry))
    if not found:
        known = [*registry.models.families(), *(name for noun in NOUNS for name in getattr(registry, noun).names())]
        raise UnknownName("model, dataset, feature, protocol or source", arguments.name, known, "see: merbench list")
    if arguments.json:
        print_json(found)
        return 0
    for one in found:
        doc = one.pop("doc")
        print(f"{one.pop('noun')} {printable(one.pop('name'))}")
        lines = [*_lines(_in_brief(one)), "", *doc.splitlines()]
        for line in _fitted(lines, shutil.get_terminal_size().columns - 2) if sys.stdout.isatty() else lines:
            print(f"  {printable(line)}".rstrip())
    return 0


def _found(name: str, registry: Registry) -> Iterator[dict[str, Any]]:
    """Every spec with that name, as one object for each noun."""
    if family := registry.models.families().get(name):
        yield _object("model family", family, registry.models.origin(name), _fields(family))
    for noun in NOUNS:
        catalog: Catalog[Any] = getattr(registry, noun)
        with contextlib.suppress(UnknownName):
            spec = catalog.get(name)
            fields = _fields(spec)
            if isinstance(spec, TorchModel) and spec.parameters is None:
                fields["parameters"] = _parameters(spec, catalog.author(name, spec.network))
            if isinstance(spec, Model):
                fields["options"] = _options(spec)
            yield _object(noun[:-1], spec, catalog.origin(name), fields)


def _object(noun: str, spec: Any, plugin: Plugin, fields: dict[str, Any]) -> dict[str, Any]:
    version = f" {plugin.version}" if plugin.version else ""
    origin = f"{plugin.distribution}{version}, plugin {plugin.name}, module {plugin.module}"
    return {"noun": noun, "name": spec.name, **fields, "from": origin, "doc": _doc(spec)}


def _fields(spec: Any) -> dict[str, Any]:
    """The fields of a spec that are not empty."""
    values = {field.name: getattr(spec, field.name) for field in dataclasses.fields(spec)}
    if isinstance(spec, Model):
        values["recipes"] = {
            name: {**recipe_settings(spec, recipe), "claim": recipe.claim, "about": recipe.about}
            for name, recipe in spec.recipes.items()
        }
    return {name: _plain(value) for name, value in values.items() if name not in HIDDEN and value not in ("", (), {})}


def _options(model: Any) -> dict[str, Any]:
    """The options of a model, which `--set` takes, with the defaults of its code; null for one without a default."""
    from merbench.runs.settings import loss_options, model_options

    owner = f"model {model.name}"
    loss = getattr(model, "training_loss", "")
    options = loss_options(load_target(loss, owner=owner)) if loss else {}
    options |= model_options(load_target(model.target, owner=owner), model.given)
    return {name: value if isinstance(value, SCALARS) else str(value) for name, value in options.items()}


def _parameters(model: TorchModel, author: Author) -> int | None:
    """How many parameters the default recipe trains with 3 classes, counted in a network without memory for them.

    None if the network cannot be built that way: because it needs values, or at all, which a run will report.
    """
    import torch

    from merbench.engine.build import Build
    from merbench.runs.settings import divided

    recipe = next(iter(model.recipes.values()))
    try:
        options, _ = divided(recipe.options, model.network, model.training_loss, author.spec)
        with torch.device("meta"):
            network = Build(model.network, {"classes": 3, **options}, author)()
        return int(sum(one.numel() for one in network.parameters() if one.requires_grad))
    except Exception:  # a plugin's network may raise anything
        return None


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return _fields(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items() if one not in ("", (), {})}
    return list(value) if isinstance(value, tuple) else value


def _in_brief(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields without unknown values, and without settings of recipes that are at their default."""
    if recipes := fields.get("recipes"):
        fields["recipes"] = {name: settings_that_matter(recipe) for name, recipe in recipes.items()}
    return {name: value for name, value in fields.items() if value is not None}


def _doc(spec: Any) -> str:
    """The docstring of the first code that the spec names."""
    target = next((getattr(spec, name, "") for name in TARGETS if getattr(spec, name, "")), "")
    return (inspect.getdoc(load_target(target, owner=spec.name)) or "") if target else ""


def _lines(fields: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """`name: value` lines, with nested fields indented; names are those that `--set` accepts."""
    for name, value in fields.items():
        title = f"{indent}{name}"
        if isinstance(value, Mapping):
            yield f"{title}:"
            yield from _lines(value, indent + "  ")
        else:
            yield f"{title}: {_listed(value) if isinstance(value, list) else value}"


def _listed(values: list[Any]) -> str:
    return ", ".join("+".join(map(str, one)) if isinstance(one, tuple) else str(one) for one in values)


def _fitted(lines: Iterable[str], width: int) -> Iterator[str]:
    """Lines of at most `width` characters, broken between words and indented after the first."""
    for line in _joined(lines):
        indent = " " * (_indent(line) + 2)
        yield from textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False) or [""]


def _joined(lines: Iterable[str]) -> list[str]:
    """The lines of a docstring, with lines joined that were broken only because they were full."""
    joined: list[str] = []
    last = ""
    for line in lines:
        first = line.split()[0] if line else ""
        deeper = _indent(line) - _indent(last)
        goes_on = deeper == 4 or (deeper == 0 and not first.endswith((":", "-", "|")))
        if first and len(last) + len(first) > FULL and goes_on:
            joined[-1] += f" {line.strip()}"
        else:
            joined.append(line)
        last = line
    return joined


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
