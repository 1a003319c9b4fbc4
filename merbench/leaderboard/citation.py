"""Write the command that runs an entry again, and the citations of an entry, a row and a paper."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from merbench.leaderboard.wording import safe_link, without_controls
from merbench.runs.weights import FILE

if TYPE_CHECKING:
    from merbench.leaderboard.about import About
    from merbench.leaderboard.bibliography import Paper
    from merbench.leaderboard.entries import Entry
    from merbench.leaderboard.rows import Row
    from merbench.runs.schema import Plan

__all__ = ["bibtex", "board_bibtex", "command", "paper_bibtex", "row_bibtex", "sweep_file", "tex"]

TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "{}%$#&_"},
}
JOURNAL = re.compile(r"(?P<name>.+) (?P<volume>\d+)")
VARIANT = re.compile(r"(?P<feature>[^@\s]+)@(?P<variant>[^@\s]+)( |$)")


def command(plan: Plan) -> str:
    """The `merbench run` command that makes the same plan, quoted for a shell, one option per line.

    Files that the plan names must be where the command runs. '' for a nested choice, see `sweep_file`.
    """
    if plan.candidates:
        return ""
    options = [
        *_options(plan),
        *((("weights", "DIR"),) if plan.weights else ()),
        *(("set", f"{name}={_value(value)}") for name, value in _settable(plan)),
    ]
    flags = ["--compile"] if plan.compiled else []
    return " \\\n  ".join(["merbench run", *(f"--{name} {shlex.quote(value)}" for name, value in options), *flags])


def sweep_file(plan: Plan) -> str:
    """The file from which `merbench sweep --nested` makes the same plan of a nested choice; '' for another plan."""
    if not plan.candidates:
        return ""
    (_, model), *others = _options(plan)
    lines = [f"{name} = {value if name == 'seed' else json.dumps(value)}" for name, value in others]
    for one in plan.candidates:
        alone = plan.model_copy(
            update={
                "settings": plan.settings | one.settings,
                "options": plan.options | one.options,
                "features": one.features,
            }
        )
        lines += ["", "[[include]]", f"model = {json.dumps(model)}"]
        lines += [f"set.{json.dumps(name)} = {json.dumps(_value(value))}" for name, value in _settable(alone)]
    return "\n".join(lines) + "\n"


def bibtex(entry: Entry, about: About) -> str:
    """A record of a board as a BibTeX citation, escaped for TeX."""
    plan = entry.record.plan
    recipe = f", recipe {plan.recipe}" if plan.kind != "rescored" else ""
    title = f"{plan.model}{recipe} on {plan.dataset}, protocol {entry.protocol}"
    fields = {
        "title": f"{{{tex(title)}}}",
        "author": _authors(about),
        "howpublished": "merbench record",
        "note": f"record {entry.record.id}",
        "url": _url(about, f"entries/{entry.id}.html"),
        "year": _year(entry),
    }
    return _written("misc", f"merbench-{entry.id}", fields)


def row_bibtex(row: Row, about: About) -> str:
    """The row of a board as a BibTeX citation, with the records behind it, escaped for TeX. The row has entries."""
    if len(row.entries) == 1:
        return bibtex(row.entries[0], about)
    first, count = row.entries[0], len(row.entries)
    recipe = f", recipe {row.details}" if row.details else ""
    title = f"{row.name}{recipe} on {first.record.plan.dataset}, protocol {first.protocol}: mean of {count} seeds"
    fields = {
        "title": f"{{{tex(title)}}}",
        "author": _authors(about),
        "howpublished": "merbench leaderboard",
        "note": f"row {row.id}, records {', '.join(one.id for one in row.entries)}",
        "url": _url(about, row.page),
        "year": max(map(_year, row.entries)),
    }
    return _written("misc", f"merbench-row-{row.id}", fields)


def paper_bibtex(paper: Paper) -> str:
    """A paper as a BibTeX citation, escaped for TeX; what is not known is left out. Equal papers have equal keys."""
    journal = JOURNAL.fullmatch(paper.venue)
    kind = "article" if journal else "inproceedings" if paper.venue and "arXiv" not in paper.venue else "misc"
    where = {
        "article": {"journal": tex(journal["name"]), "volume": journal["volume"]} if journal else {},
        "inproceedings": {"booktitle": tex(paper.venue)},
        "misc": {"howpublished": tex(paper.venue)},
    }
    fields = {
        "author": " and ".join(map(tex, paper.authors)),
        "title": f"{{{tex(paper.title)}}}",
        **where[kind],
        "year": str(paper.year or ""),
        "url": safe_link(paper.link).replace("{", "%7B").replace("}", "%7D"),
        "note": tex(paper.table),
    }
    return _written(kind, _key(paper), fields)


def _key(paper: Paper) -> str:
    """`wang2024-1a2b3c`: the digest keeps papers of one author and year apart."""
    printed = asdict(paper) | {"evidence": ""}  # which the citation does not print
    digest = hashlib.sha256(json.dumps(printed).encode()).hexdigest()[:6]
    author = re.sub(r"[^a-z]", "", paper.authors[0].lower()) if paper.authors else ""
    return f"{author or 'paper'}{paper.year or ''}-{digest}"


def _written(kind: str, key: str, fields: dict[str, str]) -> str:
    lines = "".join(f",\n  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@{kind}{{{key}{lines}\n}}"


def board_bibtex(about: About, records: int) -> str:
    """The leaderboard as a BibTeX citation, escaped for TeX; with the year of the build if its date is known."""
    commit = f", commit {about.commit[:12]}" if about.commit else ""
    fields = {
        "title": f"{{{tex(about.title)}}}",
        "author": _authors(about),
        "howpublished": "merbench leaderboard",
        "note": f"{records} records, merbench {about.version}{commit}",
        "url": tex(about.site or about.repository),
        "year": about.date[:4],
    }
    return _written("misc", "merbench-leaderboard", fields)


def _authors(about: About) -> str:
    return f"{{{tex(about.authors)}}}" if about.authors else ""


def _url(about: About, page: str) -> str:
    """The address of a page, if that of the site is known; else that of the repository."""
    return tex(f"{about.site}{page}" if about.site else about.repository)


def tex(text: str) -> str:
    """The text, escaped so that TeX prints it, runs no command in it, and keeps the direction of the text around it."""
    return "".join(TEX.get(sign, sign) for sign in without_controls(text))


def _options(plan: Plan) -> list[tuple[str, str]]:
    return [
        ("model", plan.model),
        ("dataset", plan.dataset),
        ("protocol", plan.protocol),
        ("recipe", plan.recipe),
        ("seed", str(plan.seed)),
        *_of_networks(plan),
        *((("folds", plan.folds),) if plan.folds != "*" else ()),
    ]


def _of_networks(plan: Plan) -> list[tuple[str, str]]:
    """Options of networks and fits: an estimator has neither epochs nor a choice of device, and rejects them."""
    if plan.kind not in ("torch", "fit"):
        return []
    return [("epoch-policy", plan.epoch_policy), ("device", plan.device), ("precision", plan.precision)]


def _settable(plan: Plan) -> list[tuple[str, Any]]:
    """Settings, options and feature variants, as `--set` takes them. `--set` cannot change a nested option."""
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
