"""Build the pages in a new folder, which replaces the old one when it is complete."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from threadpoolctl import threadpool_limits

from merbench.leaderboard.about import About
from merbench.leaderboard.badges import badges
from merbench.leaderboard.batches import end_processes, uncollected
from merbench.leaderboard.boards import Site, make_site
from merbench.leaderboard.cache import Cache
from merbench.leaderboard.disputes import marked, read_disputes, require_records
from merbench.leaderboard.entries import Entry, read_entries, record_files
from merbench.leaderboard.exports import exports
from merbench.leaderboard.feed import feed
from merbench.leaderboard.pages import render
from merbench.leaderboard.past import past_of
from merbench.leaderboard.place import recover, require_built, whole_folder
from merbench.leaderboard.previews import preview
from merbench.leaderboard.reported import read_remarks, read_reported, read_titles
from merbench.leaderboard.verdicts import read_verdicts
from merbench.plugin.registry import Registry
from merbench.progress import Progress, Silent

__all__ = ["build"]


def build(
    folders: Sequence[Path],
    reported: Path | None,
    out: Path,
    registry: Registry,
    progress: Progress | None = None,
    *,
    disputes: Path | None = None,
    about: About | None = None,
    cache: Cache | None = None,
) -> Site:
    """Build the site of all records in some folders. After an error, an old site is unchanged.

    Args:
        folders: of records.
        reported: the table of reported figures, with notes, remarks, verdicts and titles beside it; None for no
            reported results.
        out: the folder to build; it is created, or replaced if an earlier build made it.
        registry: of datasets, protocols and models.
        progress: advances with every record read and every entry's page written.
        disputes: the table of contested and withdrawn records; None for no such records.
        about: what the pages say of themselves.
        cache: what earlier builds computed; it changes no byte of the site. None to compute everything.

    Raises:
        RecordError: a record is not valid.
        InvalidReport: a reported figure, a note, a remark, a verdict, a title or a dispute is not valid.
        OutputError: `out` contains other files, or cannot be written.
    """
    out, progress = out.resolve(), progress or Silent()
    recover(out)
    require_built(out)
    figures = read_reported(reported, registry) if reported else ()
    remarks = read_remarks(reported) if reported else ()
    verdicts = read_verdicts(reported) if reported else ()
    titles = read_titles(reported) if reported else {}
    disputed = read_disputes(disputes)
    paths = record_files(folders)
    progress.start(2 * len(paths), 0)
    try:
        # One thread: the matrix products of the bootstrap are too small to share.
        with uncollected(), threadpool_limits(1), whole_folder(out) as folder:
            read = []
            for path, entry in read_entries(paths, registry, cache):
                read.append((path, entry))
                progress.advance(1)
            require_records(disputed, {entry.record.id for _, entry in read}, disputes)
            entries = [marked(entry, disputed) for _, entry in read]
            past, no_history = past_of(entries, folders, registry)
            present = [one for one in entries if not one.withdrawn]
            site = make_site(
                present, figures, registry, remarks, verdicts, titles=titles, past=past, about=about, cache=cache
            )
            site = replace(site, no_history=no_history)
            for path, entry in read:
                _copy_record(folder, path, entry)
            for name, text in chain(render(site, cache), exports(site), badges(site), [("feed.xml", feed(site))]):
                _write(folder / name, text)
                progress.advance(name.startswith("entries/"))
            for board in site.boards:
                (folder / "boards" / f"{board.slug}.png").write_bytes(preview(board, site.about.title))
        if cache:
            cache.prune()
    finally:
        end_processes()
    return site


def _copy_record(folder: Path, path: Path, entry: Entry) -> None:
    """Copy a record for download; without its clips if their truth may not be published."""
    target = folder / "records" / f"{entry.id}.json"
    if entry.public:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    else:
        _write(target, entry.record.to_json())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")
