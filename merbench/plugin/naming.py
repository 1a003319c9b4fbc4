"""The name under which each spec is known, and the spec that a name in another spec means."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from merbench.plugin.loading import BUILT_IN, Plugin
from merbench.plugin.specs import Dataset, Feature, Model, Protocol, Spec, former_names

__all__ = ["Naming"]

S = TypeVar("S", bound=Spec)
Refer = Callable[[str, str], str]  # noun and name -> name


class Naming:
    """The names of all specs of the plugins.

    A spec is known by its own name. If several distributions use that name, the built-in plugins keep the plain name,
    and every other spec is known as `distribution:name`. So no plugin can take a name from another. Former names
    count as names.
    """

    def __init__(self, plugins: Iterable[Plugin]) -> None:
        self._givers: dict[tuple[str, str], list[str]] = {}
        self._now: dict[tuple[str, str, str], str] = {}  # noun, former name, distribution -> name
        for plugin in plugins:
            for noun, specs in plugin.specs.items():
                for spec in specs:
                    for name in (spec.name, *former_names(spec)):
                        self._givers.setdefault((noun, name), []).append(plugin.distribution)
                        self._now[noun, name, plugin.distribution] = spec.name

    def name(self, noun: str, name: str, distribution: str) -> str:
        """The known name of a distribution's spec `name` (`noun` in the plural, e.g. `features`)."""
        alone = self._givers[noun, name] == [distribution]
        return name if alone or distribution == BUILT_IN else f"{distribution}:{name}"

    def shadowed(self, noun: str, name: str, distribution: str) -> bool:
        """Whether a built-in spec has the same plain name, so that this spec needs its qualified name."""
        return distribution != BUILT_IN and BUILT_IN in self._givers[noun, name]

    def known(self, noun: str, spec: S, distribution: str) -> S:
        """The spec under its known name. Names in it mean specs of its own distribution first, then built-in specs."""
        return self._renamed(spec, self.name(noun, spec.name, distribution), distribution)

    def member(self, model: S, family: str, distribution: str) -> S:
        """The same for a model from a family: `family:member`, with the known name of the family."""
        whole = f"{self.name('models', family, distribution)}{model.name.removeprefix(family)}"
        return self._renamed(model, whole, distribution)

    def _renamed(self, spec: S, name: str, distribution: str) -> S:
        def refer(noun: str, reference: str) -> str:
            return self._reference(noun, reference, distribution)

        fields: dict[str, Any] = {"name": name, **references(spec, refer)}
        if isinstance(spec, Protocol):
            fields["formerly"] = tuple(self.name("protocols", old, distribution) for old in spec.formerly)
        return replace(spec, **fields)

    def _reference(self, noun: str, reference: str, distribution: str) -> str:
        """The known name for a name in a spec of `distribution`; an unknown name is returned unchanged."""
        name, at, variant = reference.partition("@")
        giver, _, plain = name.rpartition(":")
        ways = [(giver, plain)] if giver else [(distribution, name), (BUILT_IN, name)]
        for giver, plain in ways:
            if giver in self._givers.get((noun, plain), ()):
                return f"{self.name(noun, self._now[noun, plain, giver], giver)}{at}{variant}"
        return reference


def references(spec: Spec, refer: Refer) -> dict[str, Any]:
    """The fields of a spec that name other specs, with each name replaced by the result of `refer`."""

    def each(noun: str, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(refer(noun, name) for name in names)

    if isinstance(spec, Dataset):
        return {
            "sources": each("sources", spec.sources),
            "alternatives": tuple(each("sources", names) for names in spec.alternatives),
            "protocol": refer("protocols", spec.protocol),
        }
    if isinstance(spec, Feature):
        return {"inputs": each("features", spec.inputs)}
    if isinstance(spec, Model):
        recipes = {
            name: replace(
                recipe, features=each("features", recipe.features), pretrain=each("datasets", recipe.pretrain)
            )
            for name, recipe in spec.recipes.items()
        }
        return {"features": each("features", spec.features), "recipes": recipes}
    return {}
