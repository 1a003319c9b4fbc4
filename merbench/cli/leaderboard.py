"""`merbench leaderboard`: add records, place a record, build the pages, check records, and serve the pages."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.cli.tables import print_json
from merbench.errors import printable
from merbench.plugin.registry import Registry

if TYPE_CHECKING:
    from merbench.leaderboard.check import Findings

__all__ = ["add_parser", "run"]

HOME = Path("leaderboards")
RECORDS = HOME / "records"
REPORTED = HOME / "reported.csv"
SITE = HOME / "site"
PROBLEMS = 1  # exit code of a check that found problems


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verb and its actions."""
    about = "add records to a leaderboard, see where one would stand, check it, build its pages and serve them"
    verb = verbs.add_parser("leaderboard", help=about, description=f"{about}.")
    actions = verb.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="verify records and copy them into the leaderboard")
    add.add_argument("record", metavar="RECORD", type=Path, nargs="+", help="the record.json of a run")
    add.add_argument("--to", type=Path, default=RECORDS, metavar="DIR", help=f"default: {RECORDS}")
    place = actions.add_parser("place", help="print where a record or predictions would stand; writes nothing")
    _add_place(place)
    build = actions.add_parser("build", help="build the pages")
    _add_inputs(build)
    build.add_argument("--out", type=Path, default=SITE, metavar="DIR", help=f"default: {SITE}")
    check = actions.add_parser("check", help="verify everything; exits with 1 if there are problems")
    _add_inputs(check)
    check.add_argument("--since", default="", metavar="REV", help="compare with the records of this git revision")
    check.add_argument("--json", action="store_true", help="print a JSON object")
    serve = actions.add_parser("serve", help="serve the pages to a browser on this machine")
    serve.add_argument("--site", type=Path, default=SITE, metavar="DIR", help=f"default: {SITE}")
    serve.add_argument("--port", type=_port, default=8000, help="default: 8000; 0 chooses a free port")


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="a record, or predictions as for results import")
    parser.add_argument("--model", default="your model", metavar="NAME", help="the name of the model of predictions")
    parser.add_argument("--dataset", default="", help="of predictions; default: the one with the most databases")
    parser.add_argument("--protocol", default="", help="of predictions; default: the dataset's own")
    parser.add_argument("--markdown", action="store_true", help="print Markdown, e.g. for a pull request")
    _add_records(parser)


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    _add_records(parser)
    parser.add_argument(
        "--reported", type=Path, metavar="FILE", help=f"reported figures; default: {REPORTED} if it exists"
    )


def _add_records(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--records", type=Path, action="append", metavar="DIR", help=f"can be repeated; default: {RECORDS}"
    )


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Run the action; `check` returns 1 if it found problems."""
    if arguments.action == "place":
        from merbench.cli.placing import place

        return place(arguments, arguments.records or [RECORDS], registry)
    return {"add": _add, "build": _build, "check": _check, "serve": _serve}[arguments.action](arguments, registry)


def _inputs(arguments: argparse.Namespace) -> tuple[list[Path], Path | None]:
    reported = arguments.reported or (REPORTED if REPORTED.is_file() else None)
    return arguments.records or [RECORDS], reported


def _add(arguments: argparse.Namespace, registry: Registry) -> int:
    from merbench.leaderboard.add import add_record

    for path in arguments.record:
        kept, unchecked = add_record(path, arguments.to, registry)
        print(f"{path}: verified and copied to {kept}")
        for sentence in unchecked:
            print(f"{path}: {printable(sentence)}")
    return 0


def _build(arguments: argparse.Namespace, registry: Registry) -> int:
    from merbench.cli.progress import progress
    from merbench.leaderboard.build import build

    folders, reported = _inputs(arguments)
    with progress("records and pages") as shown:
        site = build(folders, reported, arguments.out, registry, shown)
    print(f"boards: {len(site.boards)}, records: {len(site.entries)}; open {arguments.out / 'index.html'}")
    return 0


def _check(arguments: argparse.Namespace, registry: Registry) -> int:
    from merbench.leaderboard.check import check

    findings = check(*_inputs(arguments), registry, arguments.since)
    if arguments.json:
        print_json(vars(findings))
    else:
        _print(findings)
    return PROBLEMS if findings.problems else 0


def _print(findings: Findings) -> None:
    for word, sentences in (("note", findings.notes), ("change", findings.changes), ("problem", findings.problems)):
        for sentence in sentences:
            print(f"{word}: {printable(sentence)}")
    count = len(findings.problems)
    found = f"{count} problem{'s' if count > 1 else ''}" if count else "no problems"
    print(f"{findings.records} records read: {found}")


def _serve(arguments: argparse.Namespace, registry: Registry) -> int:
    from merbench.leaderboard.serve import serve

    serve(arguments.site, arguments.port, lambda address: print(f"{address} (Ctrl-C to stop)", flush=True))
    return 0


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; ports are 0 to 65535")
    return int(text)
