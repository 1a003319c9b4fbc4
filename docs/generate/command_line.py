"""Every verb, action and flag, from the parser that reads them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from docs.generate.markdown import table
from merbench.cli import VERBS

__all__ = ["verbs"]


def verbs() -> str:
    """A section for each verb, with a section for each of its actions."""
    named = argparse.ArgumentParser(prog="merbench").add_subparsers()
    for verb in VERBS:
        verb.add_parser(named)
    return "\n\n".join(_sections(named, "##"))


def _sections(named: argparse._SubParsersAction[Any], heading: str) -> Iterator[str]:
    for parser in named.choices.values():
        yield f"{heading} `{parser.prog}`"
        yield _sentence(parser.description or _help_of(named, parser))
        inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        rows = [[_name(one), _meaning(one)] for one in parser._actions if one not in inner and one.dest != "help"]
        if rows:
            yield table(["argument", "meaning"], rows)
        for action in inner:
            yield from _sections(action, f"{heading}#")


def _help_of(named: argparse._SubParsersAction[Any], parser: argparse.ArgumentParser) -> str:
    name = parser.prog.rpartition(" ")[2]
    return next(one.help or "" for one in named._choices_actions if one.dest == name)


def _name(action: argparse.Action) -> str:
    value = action.metavar or action.dest.upper()
    value = value if isinstance(value, str) else " ".join(value)
    if not action.option_strings:
        return f"`{value}`"
    flag = action.option_strings[-1]
    return f"`{flag}`" if action.nargs == 0 else f"`{flag} {value}`"


def _meaning(action: argparse.Action) -> str:
    choices = ", ".join(f"`{one}`" for one in action.choices) if action.choices else ""
    shown = "; ".join(part for part in (action.help or "", choices and f"one of {choices}") if part)
    default = action.default if isinstance(action.default, str) and action.default not in ("", "==SUPPRESS==") else ""
    needed = " (required)" if action.required and action.option_strings else ""
    return shown + (f" (default `{default}`)" if default and "default" not in shown else "") + needed


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
