"""`merbench plugin`: what the author of a plugin needs, a scaffold and checks."""

from __future__ import annotations

import argparse
import dataclasses
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from merbench.cli.tables import print_json, print_table
from merbench.errors import PluginError, UnknownName
from merbench.plugin.loading import Plugin
from merbench.plugin.new import KINDS, write_plugin
from merbench.plugin.registry import Registry

if TYPE_CHECKING:
    from merbench.testing.report import Checked

__all__ = ["add_parser", "run"]

BROKEN = 1  # exit code if a check failed
RESULTS: dict[Literal["passed", "found", "unchecked"], str] = {
    "passed": "passed",
    "found": "failed",
    "unchecked": "could not be checked",
}


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add `merbench plugin` and its actions to the command line."""
    about = "write a new plugin, or check one"
    parser = verbs.add_parser("plugin", help=about, description=about)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    _add_new(actions)
    _add_check(actions)


def _add_new(actions: argparse._SubParsersAction[Any]) -> None:
    about = "write the files of a new plugin, which works as it is written"
    new = actions.add_parser("new", help=about, description=about)
    new.add_argument("name", metavar="NAME", help="small letters, digits and dashes, such as my-net")
    new.add_argument("--kind", choices=KINDS, default="model", help="what it brings; default: %(default)s")
    new.add_argument("--single-file", action="store_true", help="write one .py for --plugin, and no distribution")
    new.add_argument("--into", type=Path, default=Path(), metavar="DIR", help="default: the current folder")


def _add_check(actions: argparse._SubParsersAction[Any]) -> None:
    about = "check that a plugin keeps the rules, on toy clips"
    check = actions.add_parser("check", help=about, description=f"{about}; the exit code is 1 if a check fails")
    check.add_argument("name", metavar="NAME", help="see: merbench plugins")
    check.add_argument(
        "--only", metavar="SPEC", default="", help="check only this model, feature, source or protocol of the plugin"
    )
    check.add_argument(
        "--recipe", metavar="NAME", default="", help="check models with this recipe; default: the first of each"
    )
    check.add_argument(
        "--shape",
        metavar="FEATURE=SHAPE",
        type=_shape,
        action="append",
        default=[],
        help="shape of a feature that does not declare one, e.g. my-feature=3,28,28",
    )
    check.add_argument("--json", action="store_true", help="print a list of objects")


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Run the action; the exit code is 1 if a check failed."""
    return ACTIONS[arguments.action](arguments, registry)


def _new(arguments: argparse.Namespace, registry: Registry) -> int:
    name, kind, into = arguments.name, arguments.kind, arguments.into
    written = write_plugin(name, kind, into, single_file=arguments.single_file)
    for path in written:
        print(f"wrote {path}")
    if arguments.single_file:
        print(f"next: merbench plugin check {written[0].stem} --plugin {written[0]}")
    else:
        print("next: replace OWNER in README.md by your account on the host of your repository")
        print(f"next: cd {into / name} && python -m pip install -e . pytest && python -m pytest")
    return 0


def _check(arguments: argparse.Namespace, registry: Registry) -> int:
    from merbench.testing.report import check_plugin

    plugin = _plugin(arguments.name, registry)
    checked = check_plugin(registry, plugin, only=arguments.only, recipe=arguments.recipe, shapes=dict(arguments.shape))
    if arguments.json:
        print_json([{"spec": one.spec, **dataclasses.asdict(one.finding)} for one in checked])
    else:
        _print(checked)
    return BROKEN if any(one.finding.result == "found" for one in checked) else 0


def _plugin(name: str, registry: Registry) -> Plugin:
    """The loaded plugin of a name."""
    found = [plugin for plugin in registry.plugins if name in plugin.names]
    if not found:
        known = [plugin.name for plugin in registry.plugins]
        raise UnknownName("plugin", name, known, "list all with: merbench plugins; load a file with: --plugin FILE")
    if len(found) > 1:
        ways = " or ".join(f"{plugin.distribution}:{plugin.name}" for plugin in found)
        raise PluginError(f"several plugins are called {name!r}; use {ways}")
    if found[0].status != "loaded":
        raise PluginError(f"plugin {name!r} is not loaded: {found[0].reason}")
    return found[0]


def _shape(text: str) -> tuple[str, tuple[int, ...]]:
    name, _, sizes = text.partition("=")
    parts = sizes.split(",")
    if not name or not all(part.isascii() and part.isdecimal() and int(part) for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not a feature and its shape, such as my-feature=3,28,28")
    return name, tuple(map(int, parts))


def _print(checked: list[Checked]) -> None:
    rows = [
        {"spec": one.spec, "check": one.finding.check, "result": RESULTS[one.finding.result]}
        | {"evidence": one.finding.evidence}
        for one in checked
    ]
    print_table(["spec", "check", "result", "evidence"], rows)
    print()
    for check, rule in sorted({(one.finding.check, one.finding.advice) for one in checked if one.finding.advice}):
        print(f"{check}: {rule}")
    counts = Counter(one.finding.result for one in checked)
    print(", ".join(f"{counts[result]} {shown}" for result, shown in RESULTS.items()))


ACTIONS: dict[str, Callable[[argparse.Namespace, Registry], int]] = {"new": _new, "check": _check}
