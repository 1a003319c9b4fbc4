"""The bench itself, in a process that has the library loaded; `python -m tests.faults` starts it."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import importlib.metadata
import io
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import torch

from tests.faults import report
from tests.faults.concurrency import SURROUNDINGS, Concurrency, available
from tests.faults.damage import TARGETS, Damage
from tests.faults.findings import Tally, tallied, timed
from tests.faults.moments import Moments, parse
from tests.faults.mutations import Mutations
from tests.faults.preload import missing
from tests.faults.scenarios import SCENARIOS, Material, find_toys
from tests.rows import in_lines

__all__ = ["main"]

PARTS = ("moments", "damage", "mutations", "concurrency")


def main(argv: Sequence[str]) -> int:
    """Does what was asked; 1 where something went wrong."""
    arguments = _parser().parse_args(argv)
    scratch = Path(os.environ["FAULTS_SCRATCH"])
    torch.set_num_threads(1)
    cv2.setNumThreads(0)  # its threads would be missing in a forked process, which would wait for them
    find_toys()
    material = Material(scratch / "material")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        material.make()
    if arguments.repeat:
        return _repeat(arguments, material, scratch)
    tallies = list(_tallies(arguments, material, scratch))
    for line in report.lines(tallies):
        print(line)
    _keep(arguments, tallies)
    return int(any(one.findings for one in tallies))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--moments", type=int, default=200, help="file operations that fail; default: 200")
    parser.add_argument("--damages", type=int, help="damaged files of merbench's own; default: as many as moments")
    parser.add_argument("--mutations", type=int, default=20_000, help="mutated files of others; default: 20000")
    parser.add_argument("--rounds", type=int, help="of several processes at once; default: a hundredth of the moments")
    parser.add_argument(
        "--surroundings",
        choices=SURROUNDINGS,
        action="append",
        metavar="NAME",
        help="may be given again; default: all that can be had here",
    )
    parser.add_argument("--only", choices=PARTS, action="append", help="this part alone; may be given again")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="default: one for each core")
    parser.add_argument("--repeat", metavar="CASE", help="one case, with all that it prints")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--write", action="store_true", help=f"keep the figures, and write {report.PAGE.name} anew")
    return parser


def _tallies(arguments: argparse.Namespace, material: Material, scratch: Path) -> Iterable[Tally]:
    parts = arguments.only or PARTS
    count, damages, rounds = arguments.moments, arguments.damages, arguments.rounds
    moments = Moments(material, scratch)
    if {"moments", "concurrency"} & set(parts):
        moments.measure(list(SCENARIOS))
    if "moments" in parts and missing():
        print(missing(), file=sys.stderr)
    elif "moments" in parts:
        yield from _told("moments", moments.run(moments.cases(count, arguments.seed), arguments.jobs))
    if "damage" in parts:
        damage = Damage(material, scratch, arguments.seed)
        damage.prepare(list(TARGETS))
        damages = count if damages is None else damages
        yield from _told("damage", damage.run(list(TARGETS), damages, arguments.jobs))
    if "mutations" in parts:
        mutations = Mutations(material, scratch, arguments.seed)
        yield from _told("mutations", mutations.run(arguments.mutations, arguments.jobs))
    if "concurrency" in parts:
        beside = Concurrency(material, scratch, moments.wanted, moments.operations, arguments.seed)
        rounds = max(1, count // 100) if rounds is None else rounds
        yield from _told("concurrency", beside.run(rounds, arguments.surroundings or available()))


def _told(part: str, results: Iterable[tuple[str, object, float]]) -> list[Tally]:
    started = timed()
    tallies = sorted(tallied(part, results), key=lambda one: one.subject)  # type: ignore[arg-type]
    seconds = timed() - started
    tried = sum(one.tried for one in tallies)
    print(f"{part}: {tried:,} in {seconds:.0f} s, {tried / seconds:,.1f} a second", file=sys.stderr, flush=True)
    return tallies


def _repeat(arguments: argparse.Namespace, material: Material, scratch: Path) -> int:
    part, subject, rest = arguments.repeat.split("/", 2)
    if part == "moments":
        case = parse(arguments.repeat)
        moments = Moments(material, scratch)
        moments.measure([case.scenario])
        outcome, wrong = moments.disturb(case, print)
    elif part == "damage":
        damage = Damage(material, scratch, arguments.seed)
        damage.prepare([subject])
        outcome, wrong = damage.disturb(subject, int(rest), print)
    elif part == "mutations":
        mutations = Mutations(material, scratch, arguments.seed)
        print(mutations.content(subject, int(rest)))
        outcome, wrong = mutations.read(subject, int(rest), loud=True)
    else:
        outcome, wrong = _repeat_concurrency(arguments, material, scratch, subject, rest)
    print(wrong or outcome)
    return int(bool(wrong))


def _repeat_concurrency(
    arguments: argparse.Namespace, material: Material, scratch: Path, subject: str, rest: str
) -> tuple[str, str]:
    moments = Moments(material, scratch)
    moments.measure(list(SCENARIOS))
    beside = Concurrency(material, scratch, moments.wanted, moments.operations, arguments.seed)
    how, _, name = subject.partition(": ")
    return beside.together(name, int(rest), print) if how == "at once" else beside.elsewhere(name, rest)


def _keep(arguments: argparse.Namespace, tallies: Sequence[Tally]) -> None:
    asked = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "version": importlib.metadata.version("merbench"),
        "seed": arguments.seed,
        "moments": arguments.moments,
        "mutations": arguments.mutations,
        "surroundings": ", ".join(arguments.surroundings or available()),
    }
    content = report.content(tallies, asked)
    if arguments.only:  # the other parts stay as they were tried last
        content = report.merged(report.read(), content, arguments.only)
    text = in_lines(content) + "\n"
    if arguments.json:
        arguments.json.write_text(text, "utf-8")
    if arguments.write:
        report.CAMPAIGN.write_text(text, "utf-8")
        report.PAGE.write_text(report.page(content), "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
