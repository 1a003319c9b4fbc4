"""`merbench leaderboard`: start a board, add and place records, build the pages, check records, serve the pages."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.cli.init import add_init, init
from merbench.cli.options import day
from merbench.cli.parser import UsageError
from merbench.cli.tables import print_json
from merbench.errors import printable
from merbench.plugin.registry import Registry

if TYPE_CHECKING:
    from merbench.leaderboard.check import Findings

__all__ = ["add_parser", "run"]

HOME = Path("leaderboards")
RECORDS = HOME / "records"
SITE = HOME / "site"
REPORTED, DISPUTES, SETTINGS = "reported.csv", "disputes.csv", "board.toml"  # beside the first folder of records
PROBLEMS = 1  # exit code of a check that found problems


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verb and its actions."""
    about = "add records to a leaderboard, see where one would stand, check it, build its pages and serve them"
    verb = verbs.add_parser("leaderboard", help=about, description=f"{about}.")
    actions = verb.add_subparsers(dest="action", required=True, metavar="ACTION")
    start = actions.add_parser("init", help="write a repository for a leaderboard of your own")
    add_init(start)
    add = actions.add_parser("add", help="verify records and copy them into the leaderboard")
    add.add_argument("record", metavar="RECORD", type=Path, nargs="+", help="the record.json of a run")
    add.add_argument("--to", type=Path, default=RECORDS, metavar="DIR", help=f"default: {RECORDS}")
    place = actions.add_parser("place", help="print where a record or predictions would stand; writes nothing")
    _add_place(place)
    build = actions.add_parser("build", help="build the pages")
    _add_inputs(build)
    build.add_argument("--out", type=Path, default=SITE, metavar="DIR", help=f"default: {SITE}")
    build.add_argument("--date", type=day, metavar="YYYY-MM-DD", help="the date that the pages show")
    build.add_argument(
        "--settings",
        type=Path,
        metavar="FILE",
        help=f"title, licence and addresses of the board; {_default(SETTINGS)}",
    )
    check = actions.add_parser("check", help="verify everything; exits with 1 if there are problems")
    _add_inputs(check)
    check.add_argument("--since", default="", metavar="REV", help="compare with the records of this git revision")
    form = check.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print a JSON object")
    form.add_argument("--markdown", action="store_true", help="print the comment for a pull request; needs --since")
    serve = actions.add_parser("serve", help="serve the pages to a browser on this machine")
    serve.add_argument("--site", type=Path, default=SITE, metavar="DIR", help=f"default: {SITE}")
    serve.add_argument("--port", type=_port, default=8000, help="default: 8000; 0 chooses a free port")


def _default(name: str) -> str:
    return f"default: {name} beside the first folder of records, if it exists"


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="a record, or predictions as for results import")
    parser.add_argument("--model", default="your model", metavar="NAME", help="the name of the model of predictions")
    parser.add_argument("--dataset", default="", help="of predictions; default: the one with the most databases")
    parser.add_argument("--protocol", default="", help="of predictions; default: the dataset's own")
    parser.add_argument("--markdown", action="store_true", help="print Markdown, e.g. for a pull request")
    _add_records(parser)


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    _add_records(parser)
    parser.add_argument("--reported", type=Path, metavar="FILE", help=f"reported figures; {_default(REPORTED)}")


def _add_records(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--records", type=Path, action="append", metavar="DIR", help=f"can be repeated; default: {RECORDS}"
    )
    parser.add_argument(
        "--disputes",
        type=Path,
        metavar="FILE",
        help=f"contested and withdrawn records; {_default(DISPUTES)}",
    )


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Run the action; `check` returns 1 if it found problems."""
    if arguments.action == "place":
        from merbench.cli.placing import place

        return place(arguments, arguments.records or [RECORDS], _disputes(arguments), registry)
    if arguments.action == "init":
        return init(arguments)
    return {"add": _add, "build": _build, "check": _check, "serve": _serve}[arguments.action](arguments, registry)


def _inputs(arguments: argparse.Namespace) -> tuple[list[Path], Path | None]:
    return arguments.records or [RECORDS], arguments.reported or _beside(arguments, REPORTED)


def _disputes(arguments: argparse.Namespace) -> Path | None:
    path: Path | None = arguments.disputes
    return path or _beside(arguments, DISPUTES)


def _beside(arguments: argparse.Namespace, name: str) -> Path | None:
    """The file beside the first folder of records; None if it does not exist."""
    folder: Path = (arguments.records or [RECORDS])[0]
    path = folder.parent / name
    return path if path.is_file() else None


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
    from merbench.leaderboard.about import about_board, read_settings
    from merbench.leaderboard.build import build
    from merbench.leaderboard.cache import open_cache

    folders, reported = _inputs(arguments)
    disputes = _disputes(arguments)
    settings = read_settings(arguments.settings or _beside(arguments, SETTINGS))
    about = about_board(settings, folders[0], arguments.date or "")
    with progress("records and pages") as shown:
        site = build(
            folders,
            reported,
            arguments.out,
            registry,
            shown,
            disputes=disputes,
            about=about,
            cache=open_cache(registry),
        )
    if site.no_history:
        print(f"without the history of rows: {printable(site.no_history)}", file=sys.stderr)
    print(f"boards: {len(site.boards)}, records: {len(site.entries)}; open {arguments.out / 'index.html'}")
    return 0


def _check(arguments: argparse.Namespace, registry: Registry) -> int:
    from merbench.leaderboard.check import check

    if arguments.markdown and not arguments.since:
        raise UsageError(
            "--markdown says where the records that are new since a revision would stand; "
            "name the revision, for example --since origin/main"
        )
    folders, reported = _inputs(arguments)
    findings = check(folders, reported, registry, arguments.since, _disputes(arguments))
    if arguments.json:
        print_json(vars(findings))
    elif arguments.markdown:
        from merbench.cli.comment import comment

        print("\n".join(comment(findings, folders, _disputes(arguments), registry)))
    else:
        _print(findings)
    return PROBLEMS if findings.problems else 0


def _print(findings: Findings) -> None:
    for word, sentences in (("note", findings.notes), ("change", findings.changes), ("problem", findings.problems)):
        for sentence in sentences:
            print(f"{word}: {printable(sentence)}")
    count = len(findings.problems)
    found = f"{count} problem{'s' if count > 1 else ''}" if count else "no problems"
    print(f"{findings.records} record{'s' if findings.records != 1 else ''} read: {found}")


def _serve(arguments: argparse.Namespace, registry: Registry) -> int:
    from merbench.leaderboard.serve import serve

    serve(arguments.site, arguments.port, lambda address: print(f"{address} (Ctrl-C to stop)", flush=True))
    return 0


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; ports are 0 to 65535")
    return int(text)
