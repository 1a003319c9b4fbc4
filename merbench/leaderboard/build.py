"""Build the pages in a new folder, which replaces the old one when it is complete."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from merbench.leaderboard.batches import end_processes, uncollected
from merbench.leaderboard.boards import Site, make_site
from merbench.leaderboard.entries import Entry, read_entries, record_files
from merbench.leaderboard.pages import render
from merbench.leaderboard.place import recover, require_built, whole_folder
from merbench.leaderboard.reported import read_remarks, read_reported
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
) -> Site:
    """Build the site of all records in some folders. After an error, an old site is unchanged.

    Args:
        folders: of records.
        reported: the table of reported figures, with notes, remarks and verdicts beside it; None for no reported
            results.
        out: the folder to build; it is created, or replaced if an earlier build made it.
        registry: of datasets, protocols and models.
        progress: advances with every record read and every entry's page written.

    Raises:
        RecordError: a record is not valid.
        InvalidReport: a reported figure, a note, a remark or a verdict is not valid.
        OutputError: `out` contains other files, or cannot be written.
    """
    out, progress = out.resolve(), progress or Silent()
    recover(out)
    require_built(out)
    figures = read_reported(reported, registry) if reported else ()
    remarks = read_remarks(reported) if reported else ()
    verdicts = read_verdicts(reported) if reported else ()
    paths = record_files(folders)
    progress.start(2 * len(paths), 0)
    try:
        # One thread: the matrix products of the bootstrap are too small to share.
        with uncollected(), threadpool_limits(1), whole_folder(out) as folder:
            read = []
            for path, entry in read_entries(paths, registry):
                read.append((path, entry))
                progress.advance(1)
            site = make_site((entry for _, entry in read), figures, registry, remarks, verdicts)
            for path, entry in read:
                _copy_record(folder, path, entry)
            for name, text in render(site):
                _write(folder / name, text)
                progress.advance(name.startswith("entries/"))
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
