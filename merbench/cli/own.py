"""`merbench data import` and `remove`: clips of the user's own, without a plugin."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from merbench.errors import ReleaseError
from merbench.plugin.registry import Registry

__all__ = ["add_import", "import_clips", "remove"]


def add_import(actions: argparse._SubParsersAction[Any]) -> None:
    """Add `merbench data import` and `remove` to the command line."""
    about = "import your own clips: a table, and folders of images or videos"
    one = actions.add_parser("import", help=about, description=f"{about}; nothing is copied or changed")
    one.add_argument(
        "table", metavar="CLIPS.csv", type=Path, help="columns clip, subject, onset, apex, offset, emotion"
    )
    one.add_argument(
        "--frames", metavar="DIR", type=Path, required=True, help="the folder with each clip's folder or video"
    )
    one.add_argument(
        "--labels", metavar="MAP.toml", type=Path,
        help="lines such as: disgust = \"negative\"; default: each emotion is a class",
    )  # fmt: skip
    one.add_argument("--name", help="name of the dataset; default: the table's file name without .csv")
    about = "remove an import; your files stay"
    gone = actions.add_parser("remove", help=about, description=about)
    gone.add_argument("name", metavar="NAME", help="of the import")


def import_clips(registry: Registry, arguments: argparse.Namespace) -> int:
    """Check the clips, then record where they are."""
    from merbench.cli.progress import progress
    from merbench.data.own.classes import class_map
    from merbench.data.own.imports import Import, check_name, save_import
    from merbench.data.own.reader import check_clips
    from merbench.data.own.table import read_own_clips

    table, frames = (path.expanduser().resolve() for path in (arguments.table, arguments.frames))
    name = arguments.name or table.stem
    check_name(name)
    _check_free(registry, name)
    if not frames.is_dir():
        raise ReleaseError(f"--frames: {frames} is not a folder")
    rows = read_own_clips(table)
    classes, emotions = class_map(table, rows, arguments.labels)
    subjects = len({row.subject for row in rows})
    if subjects < 2:
        raise ReleaseError(f"{table.name}, column subject: there is only {rows[0].subject!r}; two are needed")
    one = Import(name=name, table=table, frames=frames, classes=classes, emotions=emotions)
    with progress("clips") as shown:
        check_clips(one, rows, shown)
    save_import(one)
    print(f"{len(rows)} clips of {subjects} subjects, classes {', '.join(classes)}")
    print(f"use it as: --dataset {name}")
    return 0


def remove(name: str) -> int:
    """Forget an import."""
    from merbench.data.own.imports import remove_import

    remove_import(name)
    print(f"{name} was removed; your files are unchanged")
    return 0


def _check_free(registry: Registry, name: str) -> None:
    from merbench.data.own.imports import list_imports

    if name in {one.name for one in list_imports()}:
        raise ReleaseError(f"{name} is imported already; use another --name, or first: merbench data remove {name}")
    databases = {database for source in registry.sources for database in source.databases}
    if name in {*registry.sources.names(), *registry.datasets.names(), *databases}:
        raise ReleaseError(f"{name} is the name of another dataset, source or database; give another with --name")
