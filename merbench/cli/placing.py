"""`merbench leaderboard place`: where a record or a file of predictions would stand."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING

from merbench.cli.tables import print_table
from merbench.errors import and_more, printable
from merbench.leaderboard import wording
from merbench.leaderboard.wording import figure, p_value
from merbench.plugin.registry import Registry

if TYPE_CHECKING:
    from merbench.engine.policies import Policy
    from merbench.leaderboard.position import Position
    from merbench.leaderboard.rows import Row
    from merbench.runs.schema import Record
    from merbench.scores import PairedTest

__all__ = ["markdown_of", "place", "plain", "signed"]

CLIPS = 8  # that are named on the terminal
HEAD = ("leading row", "UF1", "difference", "95 %", "p", "the record is")
TWO_TESTS = (
    "the leading group comes from one test of all pairs of ranked rows; the p-values come from paired tests of the "
    "record against each leading row, Holm-corrected: a record of the group can be behind some of its rows"
)


def place(arguments: argparse.Namespace, folders: list[Path], disputes: Path | None, registry: Registry) -> int:
    """Print the position of the file among the records of the folders; nothing is written."""
    from threadpoolctl import threadpool_limits

    from merbench.leaderboard.cache import open_cache
    from merbench.leaderboard.disputes import present_entries
    from merbench.leaderboard.position import position_of

    cache = open_cache(registry)
    record = _record(arguments, registry)
    entries = present_entries(folders, disputes, registry, cache)
    with threadpool_limits(1):
        found = position_of(record, entries, registry, cache)
    if arguments.markdown:
        print("\n".join(markdown_of(found)))
        return 0
    for line in _summary(found):
        print(printable(line))
    _print_against(found)
    for line in _clips(found):
        print(printable(line))
    return 0


def _print_against(found: Position) -> None:
    """The table of leading rows, one for each model."""
    shown = {one[0].model: one for one in reversed(found.against)}
    rows = [dict(zip(HEAD, _line(*one), strict=True)) for one in found.against if one is shown[one[0].model]]
    if rows:
        print_table(HEAD, rows)
    if more := len(found.against) - len(rows):
        print(f"the best row of each model; {more} more with --markdown")
    if rows:
        print(TWO_TESTS)


def _record(arguments: argparse.Namespace, registry: Registry) -> Record:
    """The record, or one of the predictions, as if their epoch was chosen without the test subjects.

    A log of a script that chooses the epoch on the test subject is taken as what it is.
    """
    if arguments.file.suffix == ".json":
        from merbench.leaderboard.entries import read_verified

        return read_verified(arguments.file, registry)[0]
    from merbench.runs.logs import is_subject_log, read_content
    from merbench.runs.submissions import Declaration, submit

    policy: Policy = "oracle" if is_subject_log(read_content(arguments.file)) else "last"
    declared = Declaration(model=arguments.model, dataset=arguments.dataset, protocol=arguments.protocol, policy=policy)
    return submit(arguments.file, declared, registry)


def _summary(found: Position) -> Iterator[str]:
    row, standing = found.row, found.row.standing
    figures = row.figures.get("full", {})
    yield f"{row.with_details} on {found.board.title}"
    yield "   ".join(
        f"{metric if metric == 'accuracy' else metric.upper()} {figure(one.value)}"
        + (f" [{_ends(one.interval)}]" if one.interval else "")
        for metric, one in figures.items()
    )
    if standing:
        low, high = standing.rank_interval
        group = "in the leading group" if standing.leading else "behind the leading group"
        yield f"would stand {standing.rank} ({low} to {high}) of {len(found.board.ranked)} ranked rows, {group}"
    else:
        yield f"would not be ranked: {row.unranked}"
    if not found.against:
        yield "nothing to compare with: no other ranked record has the same clips, labels and folds"
    if len(row.entries) > 1:
        yield f"with the {len(row.entries) - 1} other seed(s) of this configuration that the leaderboard has"
    if row.badge == "rescored" and standing:
        yield "as if the epoch was chosen without the test subjects, which the predictions do not show"


def _line(row: Row, test: PairedTest) -> tuple[str, ...]:
    from merbench.leaderboard.statistics import ALPHA

    verdict = "not separable" if test.p_value > ALPHA else "ahead" if test.difference > 0 else "behind"
    ends = " to ".join(map(signed, test.interval))
    score = figure(row.uf1.value if row.uf1 else 0.0)
    return row.with_details, score, signed(test.difference), ends, p_value(test.p_value), verdict


def _clips(found: Position) -> Iterator[str]:
    if (difference := found.difference) is None:
        return
    best = next(row for row in found.board.ranked if row is not found.row)
    yield f"beside {best.with_details}:"
    for words, clips in (("right where it is wrong", difference.gained), ("wrong where it is right", difference.lost)):
        yield f"  {words}: {len(clips)} clips" + (f" ({and_more(clips, CLIPS)})" if clips else "")


def markdown_of(found: Position) -> Iterator[str]:
    """The lines of the position as Markdown, for a pull request."""
    title, *summary = _summary(found)
    yield from (f"### {plain(title)}", "", *(f"- {plain(line)}" for line in summary), "")
    if found.against:
        yield f"| {' | '.join(HEAD)} |"
        yield f"| {' | '.join('---' for _ in HEAD)} |"
        yield from (f"| {' | '.join(map(plain, cells))} |" for cells in starmap(_line, found.against))
        yield from ("", plain(TWO_TESTS))
    yield from ("", *map(plain, _clips(found)))


def plain(text: str) -> str:
    """Text that Markdown shows as it is: no markup, link, cell or call of a person in a stranger's name."""
    escaped = "".join(f"\\{letter}" if letter in "\\`*_[]<>|#!&~" else letter for letter in printable(text))
    return escaped.replace("@", "@<!-- -->")


def signed(value: float) -> str:
    """A difference of scores in plain letters: `+.136`, `-.012`."""
    return wording.signed(value).replace(wording.MINUS, "-")


def _ends(interval: tuple[float, float]) -> str:
    return " ".join(f"{end:.2f}".removeprefix("0") for end in interval)
