"""The executor that a command names: `NAME`, `NAME:ADDRESS` or `NAME:option=value,option=value`."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from merbench.engine.executors import UnitRunner
from merbench.errors import OptionError, PluginError, UnknownName, nearest
from merbench.plugin.calls import calling
from merbench.plugin.registry import Registry, load_target
from merbench.plugin.specs import Executor
from merbench.runs.settings import model_options, option_value

__all__ = ["LOCAL", "open_executor"]

LOCAL = "local"
ADDRESS = "address"  # the option that needs no name


def open_executor(registry: Registry, text: str) -> UnitRunner:
    """The runner of `NAME` or `NAME:OPTIONS`. Options are `name=value,name=value`; `address=` may be left out.

    Raises:
        UnknownName: no executor has this name.
        OptionError: the executor needs something that is not installed, or has no such option.
        PluginError: its runner fails.
    """
    spec, rest = _divided(registry, text)
    runner = _runner(spec)
    known = model_options(runner, ())
    options = {key: _value(spec, known, key, value) for key, value in map(_named, filter(None, rest.split(",")))}
    with calling(registry.executors.author(spec.name, spec.runner), runner.__name__):
        made: UnitRunner = runner(**options)
    return made


def _divided(registry: Registry, text: str) -> tuple[Executor, str]:
    """The executor and the text of its options; a name may have a colon itself, as in `distribution:name`."""
    words = text.split(":")
    for count in range(len(words), 1, -1):
        with suppress(UnknownName):
            return registry.executors.get(":".join(words[:count])), ":".join(words[count:])
    return registry.executors.get(words[0]), ":".join(words[1:])


def _runner(spec: Executor) -> type[UnitRunner]:
    try:
        found: type[UnitRunner] = load_target(spec.runner, owner=f"executor {spec.name}", base=UnitRunner)
    except PluginError as error:
        if spec.extra and isinstance(error.__cause__, PluginError) and _is_missing(error.__cause__):
            raise OptionError(
                f"--executor {spec.name}: it needs a package that is not installed; pip install '{spec.extra}'"
            ) from error
        raise
    return found


def _is_missing(error: BaseException) -> bool:
    return isinstance(error.__cause__, ModuleNotFoundError)


def _named(option: str) -> tuple[str, str]:
    name, equals, value = option.partition("=")
    return (name, value) if equals else (ADDRESS, option)


def _value(spec: Executor, known: dict[str, Any], name: str, text: str) -> Any:
    if name not in known:
        has = f"available: {', '.join(sorted(known))}" if known else "it has no options"
        raise OptionError(f"executor {spec.name} has no option {name!r}{nearest(name, known)}; {has}")
    try:
        return option_value(name, text, known[name])
    except OptionError as error:
        raise OptionError(str(error).replace("--set", f"--executor {spec.name}:", 1)) from error
