"""How to run an entry again, and how to cite it."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

from merbench.runs.weights import FILE

if TYPE_CHECKING:
    from merbench.leaderboard.site import Entry
    from merbench.runs.schema import Plan

__all__ = ["bibtex", "command", "tex"]

TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "{}%$#&_"},
}
VARIANT = re.compile(r"(?P<feature>[^@\s]+)@(?P<variant>[^@\s]+)( |$)")


def command(plan: Plan) -> str:
    """The `merbench run` that makes the same plan where the files that it names lie, quoted for a shell, one option a
    line.
    """
    options = [
        ("model", plan.model),
        ("dataset", plan.dataset),
        ("protocol", plan.protocol),
        ("recipe", plan.recipe),
        ("seed", str(plan.seed)),
        *_of_networks(plan),
        *((("folds", plan.folds),) if plan.folds != "*" else ()),
        *((("weights", "DIR"),) if plan.weights else ()),
        *(("set", f"{name}={_value(value)}") for name, value in _settable(plan)),
    ]
    return " \\\n  ".join(["merbench run", *(f"--{name} {shlex.quote(value)}" for name, value in options)])


def bibtex(entry: Entry) -> str:
    """The record as a BibTeX entry; what is special to TeX is escaped."""
    plan = entry.record.plan
    recipe = f", recipe {plan.recipe}" if plan.kind != "rescored" else ""
    title = f"{plan.model}{recipe} on {plan.dataset}, protocol {entry.protocol}"
    fields = {
        "title": f"{{{tex(title)}}}",
        "howpublished": "merbench record",
        "note": f"record {entry.record.id}",
        **({"year": year} if (year := _year(entry)) else {}),
    }
    lines = "".join(f",\n  {name} = {{{value}}}" for name, value in fields.items())
    return f"@misc{{merbench-{entry.id}{lines}\n}}"


def tex(text: str) -> str:
    """Text as TeX prints it: nothing in it is a command."""
    return "".join(TEX.get(sign, sign) for sign in text)


def _of_networks(plan: Plan) -> list[tuple[str, str]]:
    """An estimator has neither epochs nor a choice of device, and refuses the options."""
    if plan.kind != "torch":
        return []
    return [("epoch-policy", plan.epoch_policy), ("device", plan.device), ("precision", plan.precision)]


def _settable(plan: Plan) -> list[tuple[str, Any]]:
    """Settings, options and feature variants, as `--set` takes them. A nested option cannot be set, only its recipe."""
    variants = [found.group("feature", "variant") for one in plan.features if (found := VARIANT.match(one))]
    named = [*plan.settings.items(), *plan.options.items(), *variants]
    return [(name, value) for name, value in named if not isinstance(value, dict)]


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_value, value))
    if not isinstance(value, str):
        return json.dumps(value)
    return found[1] if (found := FILE.fullmatch(value)) else value


def _year(entry: Entry) -> str:
    finished = entry.record.environment.get("finished")
    found = re.match(r"\d{4}(?=-)", finished) if isinstance(finished, str) else None
    return found.group() if found else ""
