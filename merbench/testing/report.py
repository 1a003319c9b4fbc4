"""The checks of a whole plugin: of its module, and of each of its specs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from merbench.audit.findings import Finding
from merbench.data.homes import place
from merbench.errors import UnknownName
from merbench.plugin.loading import Plugin
from merbench.plugin.registry import Catalog, Registry
from merbench.plugin.specs import Source
from merbench.processes import end_processes
from merbench.testing.findings import find
from merbench.testing.kinds import checks_of
from merbench.testing.plugins import PLUGIN_CHECKS
from merbench.testing.toys import Shapes

__all__ = ["Checked", "check_plugin"]


@dataclass(frozen=True)
class Checked:
    """What a check found of a spec, e.g. `model my-net`."""

    spec: str
    finding: Finding


def check_plugin(
    registry: Registry, plugin: Plugin, *, only: str = "", recipe: str = "", shapes: Shapes | None = None
) -> list[Checked]:
    """Check a plugin and its models, features, sources and protocols. A family of models is not checked, but each of
    its members can be, with `only`.

    Args:
        registry: finds specs.
        plugin: loaded.
        only: the name of a spec, or of a member of a family of models; empty for the plugin and all its specs.
        recipe: the name of the recipe that models are trained with; empty for the first of each.
        shapes: feature name -> shape of its array, for features that do not declare one.

    Raises:
        UnknownName: the plugin has no spec of this name, or a model has no such recipe.
        OptionError: the shape of a feature is not known.
    """
    chosen = [(f"{noun} {spec.name}", spec) for noun, spec in _specs(registry, plugin) if only in ("", spec.name)]
    if only and not chosen:
        chosen = [(f"model {only}", _member(registry, plugin, only))]
    how = {"recipe": recipe, "shapes": shapes}
    ready = [(title, *checks_of(spec, registry, **how, **_release(spec))) for title, spec in chosen]
    done = [] if only else [Checked(f"plugin {plugin.name}", find(check, plugin)) for check in PLUGIN_CHECKS]
    try:
        return done + [Checked(title, find(check, toys)) for title, toys, checks in ready for check in checks]
    finally:
        end_processes()


def _specs(registry: Registry, plugin: Plugin) -> Iterator[tuple[str, Any]]:
    """The plugin's own specs that have checks, and their nouns."""
    catalogs: dict[str, Catalog[Any]] = {
        "source": registry.sources,
        "feature": registry.features,
        "model": registry.models,
        "protocol": registry.protocols,
        "executor": registry.executors,
    }
    for noun, catalog in catalogs.items():
        for name in catalog.names():
            if catalog.origin(name) == plugin:
                yield noun, catalog.get(name)


def _member(registry: Registry, plugin: Plugin, name: str) -> Any:
    spec = registry.models.get(name)
    if registry.models.origin(name) != plugin:
        raise UnknownName("spec", name, plugin.provides, f"plugin {plugin.name} does not provide it")
    return spec


def _release(spec: Any) -> dict[str, Any]:
    """Where a source's release is, if it is on this machine."""
    return {"root": place(spec)} if isinstance(spec, Source) else {}
