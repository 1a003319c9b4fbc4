"""Calls the hooks of one plugin, and checks what they give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pluggy

from merbench.errors import PluginError, nearest
from merbench.plugin import hookspecs
from merbench.plugin.authors import written
from merbench.plugin.calls import Author, calling
from merbench.plugin.hookspecs import NAMESPACE
from merbench.plugin.specs import Spec
from merbench.plugin.validation import KINDS, fault

__all__ = ["given_by"]

HOOKS = {noun: f"{NAMESPACE}_{noun}" for noun in KINDS}


def given_by(module: object, author: Author) -> dict[str, list[Spec]]:
    """What the hooks of a plugin give, under `sources`, `datasets`, `features`, `models` and `protocols`.

    Args:
        module: the object that carries the hooks; often a module.
        author: whose it is.

    Raises:
        PluginError: a hook is misspelt, not marked, fails, or gives something that is no spec of its kind.
        pluggy.PluginValidationError: a hook has an argument that it must not have.
    """
    # A manager of its own for each plugin: nothing of a failed one can remain, and hook wrappers concern nobody else.
    manager = pluggy.PluginManager(NAMESPACE)
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    _check_names(module, author)
    return {noun: list(_specs(manager, noun, author)) for noun in KINDS}


def _check_names(module: object, author: Author) -> None:
    """A hook that is misspelt or has no decorator would be passed over without a word."""
    for name in dir(module):
        function = getattr(module, name, None)
        mark = getattr(function, f"{NAMESPACE}_impl", None)
        marked = isinstance(mark, dict)
        name = (mark.get("specname") or name) if isinstance(mark, dict) else name
        if name in HOOKS.values() and not marked:
            raise PluginError(f"{name}{written(function, author)} is not marked @merbench.hookimpl")
        if marked and name not in HOOKS.values():
            near = nearest(name, HOOKS.values()) or f"; the hooks are {', '.join(HOOKS.values())}"
            raise PluginError(f"unknown hook {name!r}{written(function, author)}{near}")


def _specs(manager: pluggy.PluginManager, noun: str, author: Author) -> Iterator[Spec]:
    """What the one plugin in `manager` gives for `noun`, checked."""
    hook = HOOKS[noun]
    caller = getattr(manager.hook, hook)
    functions = [one.function for one in caller.get_hookimpls()]
    if not functions:
        return
    place = written(functions[0], author)
    with calling(author, f"hook {hook}"):
        results = caller()
    if not results:  # pluggy leaves None out
        raise PluginError(f"{hook}{place} returned None, not an iterable of specs; yield each spec")
    for given in results:
        if not isinstance(given, Iterable):
            raise PluginError(f"{hook}{place} returned {given!r}, not an iterable of specs")
        with calling(author, f"hook {hook}"):
            listed = list(given)
        for spec in listed:
            if wrong := fault(spec, noun):
                raise PluginError(f"{hook}{place}: {wrong}")
            yield spec
