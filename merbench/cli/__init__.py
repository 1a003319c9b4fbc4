"""The command line: one module per verb, each with `add_parser(verbs)` and `run(arguments, registry)`.

This module has what they share: the options of every verb, and the handling of errors. To add a verb, write its module,
import it here and add it to `VERBS`.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib.metadata
import os
import sys
from collections.abc import Iterator
from typing import Any, Protocol

from merbench.cli import audit as audit_verb
from merbench.cli import data as data_verb
from merbench.cli import features as features_verb
from merbench.cli import leaderboard as leaderboard_verb
from merbench.cli import list as list_verb
from merbench.cli import plugin as plugin_verb
from merbench.cli import plugins as plugins_verb
from merbench.cli import predict as predict_verb
from merbench.cli import results as results_verb
from merbench.cli import run as run_verb
from merbench.cli import show as show_verb
from merbench.cli import sweep as sweep_verb
from merbench.cli.faults import fail, print_traceback, wants_traceback
from merbench.cli.options import seconds
from merbench.cli.parser import LenientParser, Parser
from merbench.errors import MerbenchError
from merbench.plugin.calls import memory_is_full
from merbench.plugin.loading import Plugin, load
from merbench.plugin.registry import Registry
from merbench.plugin.watch import TIMEOUT_VARIABLE, timeout

__all__ = ["main"]

INTERRUPTED = 130  # what a shell reports for SIGINT
BROKEN_PIPE = 141  # and for SIGPIPE


class Verb(Protocol):
    """The functions of a verb's module. Importing it must be cheap: heavy imports belong in `run`."""

    __name__: str

    def add_parser(self, verbs: argparse._SubParsersAction[Any]) -> None:
        """Add the verb, under its module's name, to the command line."""

    def run(self, arguments: argparse.Namespace, registry: Registry) -> int:
        """Run the verb and return the exit code. An expected error is raised as a `MerbenchError`."""


VERBS: tuple[Verb, ...] = (
    run_verb,
    sweep_verb,
    predict_verb,
    data_verb,
    features_verb,
    results_verb,
    leaderboard_verb,
    audit_verb,
    list_verb,
    show_verb,
    plugins_verb,
    plugin_verb,
)


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments after the program's name; None for those of the process.

    Returns:
        The exit code: 0, the `exit_code` of an expected error (2), 130 if interrupted, or 141 if the reader of the
        output has closed it.
    """
    given = sys.argv[1:] if argv is None else argv
    whole = wants_traceback(given)
    try:
        code = _main(given, whole=whole)
        sys.stdout.flush()
    except MerbenchError as error:
        return fail(error, whole=whole)
    except KeyboardInterrupt:
        return _say("interrupted", INTERRUPTED)
    except BrokenPipeError:
        _drop_stdout()
        return BROKEN_PIPE
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _drop_stdout()
        return _say("no space is left for the output; make room and run again", MerbenchError.exit_code)
    except (MemoryError, RuntimeError) as error:
        if not memory_is_full(error):
            raise
        return _say("no memory is left; finished folds are kept: close other programs and run again", 2)
    return code


def _drop_stdout() -> None:
    """Discard what is left of stdout: Python flushes it once more at exit, and would report an error."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(message: str, code: int) -> int:
    print(f"merbench: error: {message}", file=sys.stderr)
    return code


def _main(argv: list[str], *, whole: bool) -> int:
    # Parsed first, so that these options may come before or after the verb.
    everywhere, rest = _with_options(LenientParser(prog="merbench", add_help=False)).parse_known_args(argv)
    parser = _command_line()
    try:
        arguments = parser.parse_args(rest)
    except SystemExit as done:  # --help and --version
        return int(done.code or 0)
    verb = {_name(verb): verb for verb in VERBS}.get(arguments.verb)
    if verb is None:
        parser.print_help()
        return 0
    with _limited(everywhere.timeout):
        plugins = load(block=everywhere.no_plugin, files=everywhere.plugin, strict=everywhere.strict)
        for plugin in (one for one in plugins if one.status == "failed"):
            if verb is not plugins_verb:
                _warn(plugin)
            if whole and plugin.error:
                print_traceback(plugin.error)
        registry = Registry(plugins)
        for note in (*registry.notes(), *_renamed(arguments, registry)):
            print(f"merbench: note: {note}", file=sys.stderr)
        return verb.run(arguments, registry)


def _renamed(arguments: argparse.Namespace, registry: Registry) -> Iterator[str]:
    """A sentence if the command line uses a former name of a protocol."""
    given = getattr(arguments, "protocol", "")
    if (name := registry.protocols.current(given)) != given:
        yield f"protocol {given} is now called {name}"


@contextlib.contextmanager
def _limited(given: float | None) -> Iterator[None]:
    """Limit the time of each call into a plugin, in this process and its children."""
    before = os.environ.get(TIMEOUT_VARIABLE)
    if given is not None:
        os.environ[TIMEOUT_VARIABLE] = str(given)
    timeout()  # raises if the variable is not a number
    try:
        yield
    finally:
        if given is not None:
            os.environ.pop(TIMEOUT_VARIABLE)
        if before is not None:
            os.environ[TIMEOUT_VARIABLE] = before


def _with_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    group = parser.add_argument_group("options of every verb, before or after the verb")
    group.add_argument("--plugin", metavar="FILE", action="append", default=[], help="load a plugin from a .py file")
    group.add_argument(
        "--no-plugin", metavar="NAME", action="append", default=[], help="do not load an installed plugin"
    )
    group.add_argument("--strict", action="store_true", help="stop if a plugin cannot be loaded")
    group.add_argument("--timeout", metavar="SECONDS", type=seconds, help="stop a call into a plugin that takes longer")
    group.add_argument("--traceback", action="store_true", help="print the traceback of an error too")
    return parser


def _command_line() -> Parser:
    parser = Parser(prog="merbench", description="Benchmark micro-expression recognisers.")
    parser.add_argument("--version", action="version", version=f"merbench {importlib.metadata.version('merbench')}")
    _with_options(parser)
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="verb")
    for verb in VERBS:
        verb.add_parser(verbs)
    for name, parser_of_verb in verbs.choices.items():
        parser_of_verb.epilog = (
            f"{name} also takes --plugin, --no-plugin, --strict, --timeout and --traceback; see: merbench --help"
        )
    return parser


def _name(verb: Verb) -> str:
    return verb.__name__.rpartition(".")[2]


def _warn(plugin: Plugin) -> None:
    who = f"plugin {plugin.name!r}" + (f" ({plugin.distribution} {plugin.version})" if plugin.distribution else "")
    print(f"merbench: {who} could not be loaded: {plugin.reason}; see: merbench plugins", file=sys.stderr)
