"""Builds the pages: into a folder of their own first, which takes the old one's place when it is whole."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from merbench.leaderboard.batches import end_processes, uncollected
from merbench.leaderboard.boards import make_site
from merbench.leaderboard.entries import read_entries, record_files
from merbench.leaderboard.pages import render
from merbench.leaderboard.place import check_place, recover, whole_folder
from merbench.leaderboard.reported import read_reported
from merbench.leaderboard.site import Entry, Site
from merbench.plugin.registry import Registry
from merbench.progress import Progress, Silent

__all__ = ["build"]


def build(
    folders: Sequence[Path],
    reported: Path | None,
    out: Path,
    registry: Registry,
    progress: Progress | None = None,
) -> Site:
    """Builds the site of all records in some folders.

    Args:
        folders: of records.
        reported: the file of published figures; None for none.
        out: the folder to build; it is made, or replaced if an earlier build made it.
        registry: of datasets, protocols and models.
        progress: told of every record read and every page written.

    Raises:
        RecordError: a record or a published figure is not valid; an old site stays as it is.
        OutputError: `out` holds something else, or cannot be written; an old site stays as it is.
    """
    out, progress = out.resolve(), progress or Silent()
    recover(out)
    check_place(out)
    figures = [
        one.model_copy(update={"protocol": registry.protocols.current(one.protocol)})
        for one in (read_reported(reported) if reported else ())
    ]
    paths = record_files(folders)
    progress.start(2 * len(paths), 0)
    try:
        # One thread: the products of the bootstrap are too small to be shared out.
        with uncollected(), threadpool_limits(1), whole_folder(out) as folder:
            read = []
            for path, entry in read_entries(paths, registry):
                read.append((path, entry))
                progress.advance(1)
            site = make_site((entry for _, entry in read), figures, registry)
            for path, entry in read:
                _publish(folder, path, entry)
            for name, text in render(site, figures):
                _write(folder / name, text)
                progress.advance(name.startswith("entries/"))
    finally:
        end_processes()
    return site


def _publish(folder: Path, path: Path, entry: Entry) -> None:
    """The record for readers to download; without its clips where their truth may not be published."""
    target = folder / "records" / f"{entry.id}.json"
    if entry.public:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    else:
        _write(target, entry.record.to_json())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")
