"""`merbench list`: what can be benchmarked, on what, and how."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from merbench.cli.tables import print_json, print_table
from merbench.registry import Registry
from merbench.specs import EstimatorModel, Model, Recipe

__all__ = ["add_parser", "recipe_settings", "run"]

Described = dict[str, Any]
ALWAYS_SHOWN = ("optimizer", "lr", "batch_size", "epochs")


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add `merbench list` to the command line."""
    about = "list models, datasets, features, protocols, recipes or sources"
    parser = verbs.add_parser("list", help=about, description=f"{about}; without a noun, all of them briefly")
    parser.add_argument("noun", nargs="?", metavar="NOUN", choices=tuple(NOUNS), help=", ".join(NOUNS))
    parser.add_argument("--json", action="store_true", help="print a list of objects")


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Print one noun in full, or all nouns with name and description."""
    if arguments.noun:
        described = list(NOUNS[arguments.noun](registry))
        if arguments.json:
            print_json(described)
        else:
            _print(COLUMNS[arguments.noun], described)
        return 0
    everything = {noun: list(describe(registry)) for noun, describe in NOUNS.items()}
    if arguments.json:
        print_json([{"noun": noun[:-1], **one} for noun, described in everything.items() for one in described])
        return 0
    for noun, described in everything.items():
        _print(("name", "about"), described, title=noun)
        print()
    return 0


def _print(columns: tuple[str, ...], described: list[Described], title: str = "") -> None:
    rows = [{column: _cell(one[column]) for column in columns} for one in described]
    print_table(columns, rows, title=title)


def _cell(value: Any) -> str:
    """A value as a table shows it."""
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={setting}" for name, setting in _in_brief(value).items())
    return str(value)


def _in_brief(settings: Mapping[str, Any]) -> Described:
    """Settings without those that stand at their default and are of little interest there; options beside them."""
    kept = {
        name: value
        for name, value in settings.items()
        if name != "options" and (name in ALWAYS_SHOWN or value != getattr(Recipe, name))
    }
    return {**kept, **settings["options"]}


def _models(registry: Registry) -> Iterator[Described]:
    for name in registry.models.names():
        model = registry.models.get(name)
        yield {
            "name": name,
            "kind": "estimator" if isinstance(model, EstimatorModel) else "torch",
            "features": list(model.features),
            "recipes": list(model.recipes),
            "default_recipe": next(iter(model.recipes)),
            "about": model.about,
            "paper": model.paper,
            "distribution": registry.models.origin(name).distribution,
        }


def _datasets(registry: Registry) -> Iterator[Described]:
    for name in registry.datasets.names():
        dataset = registry.datasets.get(name)
        yield {
            "name": name,
            "databases": list(dataset.databases),
            "sources": list(dataset.sources),
            "classes": list(dataset.scheme.classes),
            "protocol": dataset.protocol,
            "about": dataset.about,
            "distribution": registry.datasets.origin(name).distribution,
        }


def _features(registry: Registry) -> Iterator[Described]:
    for name in registry.features.names():
        feature = registry.features.get(name)
        yield {
            "name": name,
            "inputs": list(feature.inputs),
            "variants": list(feature.variants),
            "version": feature.version,
            "about": feature.about,
            "distribution": registry.features.origin(name).distribution,
        }


def _protocols(registry: Registry) -> Iterator[Described]:
    for name in registry.protocols.names():
        yield {
            "name": name,
            "about": registry.protocols.get(name).about,
            "distribution": registry.protocols.origin(name).distribution,
        }


def _recipes(registry: Registry) -> Iterator[Described]:
    for model_name in registry.models.names():
        model = registry.models.get(model_name)
        for at, (name, recipe) in enumerate(model.recipes.items()):
            yield {
                "name": f"{model_name}/{name}",
                "model": model_name,
                "recipe": name,
                "default": at == 0,
                "settings": recipe_settings(model, recipe),
                "about": recipe.about,
                "distribution": registry.models.origin(model_name).distribution,
            }


def recipe_settings(model: Model, recipe: Recipe) -> Described:
    """The settings that the model reads: of an estimator, its options alone."""
    if isinstance(model, EstimatorModel):
        return {"options": dict(recipe.options)}
    settings = {field.name: getattr(recipe, field.name) for field in dataclasses.fields(recipe)}
    del settings["about"], settings["api"], settings["features"]
    return {**settings, "options": dict(recipe.options)}


def _sources(registry: Registry) -> Iterator[Described]:
    for name in registry.sources.names():
        source = registry.sources.get(name)
        yield {
            "name": name,
            "provides": list(source.provides),
            "databases": list(source.databases),
            "embedded": source.embedded,
            "obtain": source.obtain,
            "about": source.about,
            "distribution": registry.sources.origin(name).distribution,
        }


NOUNS: dict[str, Callable[[Registry], Iterator[Described]]] = {
    "models": _models,
    "datasets": _datasets,
    "features": _features,
    "protocols": _protocols,
    "recipes": _recipes,
    "sources": _sources,
}
COLUMNS = {
    "models": ("name", "features", "recipes", "about"),
    "datasets": ("name", "databases", "protocol", "about"),
    "features": ("name", "inputs", "variants", "about"),
    "protocols": ("name", "about"),
    "recipes": ("name", "settings"),
    "sources": ("name", "provides", "about"),
}
