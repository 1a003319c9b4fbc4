"""`merbench leaderboard check --markdown`: what a workflow posts on a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from merbench.cli.placing import markdown_of, plain
from merbench.errors import RecordError
from merbench.plugin.registry import Registry

if TYPE_CHECKING:
    from merbench.leaderboard.boards import Site
    from merbench.leaderboard.cache import Cache
    from merbench.leaderboard.check import Findings
    from merbench.leaderboard.entries import Entry

__all__ = ["comment"]

MOST = 20  # records that are placed; the others are counted


def comment(findings: Findings, folders: Sequence[Path], disputes: Path | None, registry: Registry) -> Iterator[str]:
    """The lines of the comment: what must be fixed, where each new record would stand, and what else has changed.

    Records are placed only if there are no problems, because a broken record has no scores.
    """
    from merbench.leaderboard.cache import open_cache
    from merbench.leaderboard.disputes import present_entries

    count = len(findings.problems)
    yield f"## {count} problem{'' if count == 1 else 's'} to fix" if count else "## No problems"
    yield from _listed("", findings.problems)
    if findings.new and not count:
        cache = open_cache(registry)
        yield from _placed(findings.new, present_entries(folders, disputes, registry, cache), registry, cache)
    yield from _listed("### Changes", findings.changes)
    yield from _listed("### Notes", findings.notes)
    yield from ("", f"{findings.records} record{'s' if findings.records != 1 else ''} read.")


def _listed(heading: str, sentences: Sequence[str]) -> Iterator[str]:
    if sentences:
        yield from ("", *((heading, "") if heading else ()), *(f"- {plain(one)}" for one in sentences))


def _placed(new: Sequence[str], entries: Sequence[Entry], registry: Registry, cache: Cache | None) -> Iterator[str]:
    from threadpoolctl import threadpool_limits

    from merbench.leaderboard.boards import make_site

    known = {entry.record.id for entry in entries}
    with threadpool_limits(1):
        site = make_site(entries, (), registry, cache=cache)
        for one in [one for one in new if one in known][:MOST]:
            yield from ("", *_position(site, one[:12]))
    if len(new) > MOST:
        yield from ("", f"and {len(new) - MOST} more new records")


def _position(site: Site, entry: str) -> Iterator[str]:
    from merbench.leaderboard.position import position_on

    try:
        yield from markdown_of(position_on(site, entry))
    except RecordError as error:
        yield f"Record {entry}: {plain(str(error))}"
