"""`merbench plugins`: every plugin that was found, where it comes from, and whether it was loaded."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from merbench.cli.tables import print_json, print_table
from merbench.plugin.loading import Plugin
from merbench.plugin.registry import Registry

__all__ = ["add_parser", "run"]

SLOW = 0.2  # seconds; all built-in plugins together take less


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add `merbench plugins` to the command line."""
    about = "show every plugin: loaded, blocked, or failed and why"
    parser = verbs.add_parser("plugins", help=about, description=about)
    parser.add_argument("--times", action="store_true", help="show how long each plugin took to load, slowest first")
    parser.add_argument("--known", action="store_true", help="list plugins of others that can be installed")
    parser.add_argument("--json", action="store_true", help="print a list of objects")


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Print the plugins that were found when this command started."""
    if arguments.known:
        return _known(arguments.json)
    plugins = registry.plugins
    if arguments.times:
        plugins = sorted(plugins, key=lambda plugin: -plugin.seconds)
    if arguments.json:
        print_json([_object(plugin, times=arguments.times) for plugin in plugins])
        return 0
    columns = ["plugin", "distribution", "version", "status", *(["seconds"] if arguments.times else []), "provides"]
    print_table(columns, [_cells(plugin) for plugin in plugins])
    return 0


def _known(as_json: bool) -> int:
    from merbench.plugin.known import known_plugins

    found = [asdict(one) for one in known_plugins()]
    if as_json:
        print_json(found)
    elif found:
        print_table(list(found[0]), found)
    else:
        print("no plugin of others is listed yet; how to be listed: docs/writing-a-plugin.md")
    return 0


def _object(plugin: Plugin, *, times: bool) -> dict[str, Any]:
    shown = ("name", "distribution", "version", "status", "reason", "provides", *(["seconds"] if times else []))
    fields = {name: getattr(plugin, name) for name in shown}
    return {**fields, "slow": _slow(plugin)} if times else fields


def _cells(plugin: Plugin) -> dict[str, str]:
    provided = "; ".join(f"{noun}: {', '.join(names)}" for noun, names in plugin.provides.items())
    seconds = f"{plugin.seconds:.3f}{' slow' if _slow(plugin) else ''}"
    return {
        "plugin": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "status": plugin.status,
        "seconds": "" if plugin.status == "blocked" else seconds,
        "provides": plugin.reason or provided or "nothing",
    }


def _slow(plugin: Plugin) -> bool:
    return plugin.seconds >= SLOW
