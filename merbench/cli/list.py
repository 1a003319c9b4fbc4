"""`merbench list`: models, datasets, features, protocols, recipes, sources and executors."""

from __future__ import annotations

import argparse
import dataclasses
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from merbench.cli.tables import print_json, print_table
from merbench.errors import UnknownName, printable
from merbench.plugin.registry import Catalog, Registry
from merbench.plugin.specs import Model, Recipe, TorchModel

__all__ = ["add_parser", "citation", "count", "recipe_settings", "run"]

Described = dict[str, Any]
NARROW = 150  # on a terminal with fewer columns, models are listed without their descriptions
SPARE = {
    "models": ("recipes", "citation"),
    "features": ("variants",),
}  # the columns that are left out first on a narrow terminal
ALWAYS_SHOWN = ("optimizer", "lr", "batch_size", "epochs")


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add `merbench list` to the command line."""
    about = "list models, datasets, features, protocols, recipes, sources or executors"
    parser = verbs.add_parser("list", help=about, description=f"{about}; without a noun, all of them briefly")
    parser.add_argument("noun", nargs="?", metavar="NOUN", choices=NOUNS, help=", ".join(NOUNS))
    parser.add_argument(
        "--match",
        metavar="PATTERN",
        help="list only names that match a shell pattern; FAMILY:* lists the members of a family",
    )
    parser.add_argument("--json", action="store_true", help="print a list of objects")


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Print one noun in full, or all nouns with name and description.

    Raises:
        UnknownName: nothing matches the pattern.
    """
    nouns = [arguments.noun] if arguments.noun else NOUNS
    described = {noun: list(_described(registry, noun, arguments.match)) for noun in nouns}
    if arguments.match is not None and not any(described.values()):
        _nothing_matches(arguments.match, arguments.noun, registry)
    if arguments.json:
        brief = [{"noun": noun[:-1], **one} for noun, rows in described.items() for one in rows]
        print_json(described[arguments.noun] if arguments.noun else brief)
        return 0
    for noun in (noun for noun in nouns if described[noun] or arguments.match is None):
        whole = noun == arguments.noun
        if whole:
            _print(_columns(noun), described[noun], spare=SPARE.get(noun, ()))
        else:
            _print(("name", "about"), described[noun], title=noun)
        if noun == "models" and arguments.match is None:
            _print_families(registry)
        if not whole:
            print()
    return 0


def _nothing_matches(pattern: str, noun: str | None, registry: Registry) -> None:
    catalogs = [getattr(registry, one) for one in (noun,) if one in NOUNS and one != "recipes"]
    known = [name for catalog in catalogs for name in catalog.names()]
    raise UnknownName(
        noun[:-1] if noun else "name", pattern, known, f"list all with: merbench list{f' {noun}' if noun else ''}"
    )


def _columns(noun: str) -> tuple[str, ...]:
    narrow = sys.stdout.isatty() and shutil.get_terminal_size().columns < NARROW
    return COLUMNS[noun][:-1] if noun == "models" and narrow else COLUMNS[noun]


def _print_families(registry: Registry) -> None:
    """Families of models, which are not in the table, and how to list their members."""
    for name, family in registry.models.families().items():
        print(f"{name}:*  {printable(family.about)}")
        print(f"{'':{len(name) + 2}}  merbench list models --match '{name}:*'")


def _print(columns: tuple[str, ...], described: list[Described], title: str = "", spare: tuple[str, ...] = ()) -> None:
    rows = [{column: _cell(one[column], column) for column in columns} for one in described]
    print_table(columns, rows, title=title, spare=spare)


def _cell(value: Any, column: str) -> str:
    """A value as text in a table."""
    if column == "parameters":
        return count(value)
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, Mapping):
        return ", ".join(
            f"{name}={'+'.join(setting) if name == 'features' else setting}"
            for name, setting in _in_brief(value).items()
        )
    return str(value)


def _in_brief(settings: Mapping[str, Any]) -> Described:
    """The settings that matter, and the options."""
    kept = settings_that_matter(settings)
    options = kept.pop("options")
    return {**kept, **options}


def settings_that_matter(settings: Mapping[str, Any]) -> Described:
    """The settings without those that are at their default; a few are always kept."""
    return {
        name: value for name, value in settings.items() if name in ALWAYS_SHOWN or value != getattr(Recipe, name, None)
    }


def count(parameters: int | None) -> str:
    """A number of parameters in millions or thousands, with four digits at most: `139.6 M`, `5.3 k`."""
    if parameters is None:
        return ""
    for unit, size in (("M", 10**6), ("k", 10**3)):
        if parameters >= size:
            return f"{parameters / size:.{1 if parameters >= 10 * size else 2}f} {unit}"
    return str(parameters)


def citation(paper: str) -> str:
    """`Wang et al., 2024` for `Wang, Zhang: Title. Journal 602, 2024`; empty if the text has another form."""
    authors, colon, rest = paper.partition(":")
    years = re.findall(r"\b(?:19|20)\d\d\b", rest)
    if not colon or not years:
        return ""
    first, *others = (one.strip() for one in re.split(r",| and ", authors))
    if len(others) == 1 and others != ["others"]:
        return f"{first} and {others[0]}, {years[-1]}"
    return f"{first} et al., {years[-1]}" if others else f"{first}, {years[-1]}"


def _described(registry: Registry, noun: str, pattern: str | None) -> Iterator[Described]:
    """One object for each registered thing of a noun, or for those that match the pattern."""
    if noun == "recipes":
        yield from _recipes(registry, pattern)
        return
    catalog: Catalog[Any] = getattr(registry, noun)
    for name in catalog.names() if pattern is None else catalog.matching(pattern):
        spec = catalog.get(name)
        values = {field: _value(spec, field) for field in FIELDS[noun]}
        yield {"name": name, **values, "distribution": catalog.origin(name).distribution}
    if noun == "features":
        yield from _raw_features(registry, pattern or "*")


def _raw_features(registry: Registry, pattern: str) -> Iterator[Described]:
    """The features that no function computes: sources read them from their releases."""
    providers: dict[str, list[str]] = {}
    for source in registry.sources:
        for name in source.provides:
            providers.setdefault(name, []).append(source.name)
    for name in sorted(set(providers) - set(registry.features.names())):
        if fnmatchcase(name, pattern):
            yield {
                "name": name,
                "inputs": [],
                "variants": [],
                "version": None,
                "about": f"raw; read by {', '.join(providers[name])}",
                "distribution": registry.sources.origin(providers[name][0]).distribution,
            }


def _recipes(registry: Registry, pattern: str | None) -> Iterator[Described]:
    """The pattern is matched with `model/recipe`; without a slash, with the models."""
    models, _, recipes = (pattern or "*").partition("/")
    for model_name in registry.models.matching(models):
        model = registry.models.get(model_name)
        for at, (name, recipe) in enumerate(model.recipes.items()):
            if not fnmatchcase(name, recipes or "*"):
                continue
            yield {
                "name": f"{model_name}/{name}",
                "model": model_name,
                "recipe": name,
                "default": at == 0,
                "settings": recipe_settings(model, recipe),
                "claim": recipe.claim,
                "about": recipe.about,
                "distribution": registry.models.origin(model_name).distribution,
            }


def _value(spec: Any, field: str) -> Any:
    """A field of a spec, or what follows from its fields."""
    if field in FOLLOWING:
        return FOLLOWING[field](spec)
    value = getattr(spec, field, None)
    return list(value) if isinstance(value, tuple | Mapping) else value


def recipe_settings(model: Model, recipe: Recipe) -> Described:
    """The settings that the model uses (only options, unless it is a network), and features that replace its own."""
    features = {name: list(found) for name in ("features", "pretrain") if (found := getattr(recipe, name))}
    if not isinstance(model, TorchModel):
        return {**features, "options": dict(recipe.options)}
    settings = {field.name: getattr(recipe, field.name) for field in dataclasses.fields(recipe)}
    for name in ("about", "api", "claim", "features", "formerly", "pretrain"):
        del settings[name]
    return {**features, **settings, "options": dict(recipe.options)}


NOUNS = ("models", "datasets", "features", "protocols", "recipes", "sources", "executors")
FIELDS = {  # of each object, beside its name and distribution
    "models": ("kind", "features", "recipes", "default_recipe", "parameters", "citation", "about", "paper"),
    "datasets": ("databases", "sources", "classes", "protocol", "about"),
    "features": ("inputs", "variants", "version", "about"),
    "protocols": ("about",),
    "sources": ("provides", "databases", "embedded", "obtain", "about"),
    "executors": ("extra", "about"),
}
FOLLOWING: dict[str, Callable[[Any], Any]] = {
    "kind": lambda model: model.kind,
    "default_recipe": lambda model: next(iter(model.recipes)),
    "citation": lambda model: citation(model.paper),
    "classes": lambda dataset: list(dataset.scheme.classes),
}
COLUMNS = {
    "models": ("name", "features", "recipes", "parameters", "citation", "about"),
    "datasets": ("name", "databases", "protocol", "about"),
    "features": ("name", "inputs", "variants", "about"),
    "protocols": ("name", "about"),
    "recipes": ("name", "claim", "settings"),
    "sources": ("name", "provides", "about"),
    "executors": ("name", "extra", "about"),
}
