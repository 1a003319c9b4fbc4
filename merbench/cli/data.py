"""`merbench data`: add, import, list, check and preview releases of databases, and compare a released flow with own."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.cli.flows import add_compare_flow, compare_flow
from merbench.cli.options import positive
from merbench.cli.own import add_import, import_clips, remove
from merbench.cli.tables import print_json, print_table
from merbench.errors import ReleaseError
from merbench.plugin.registry import Registry
from merbench.plugin.specs import Source

if TYPE_CHECKING:
    import pandas as pd

    from merbench.data.check import Check, Count

__all__ = ["add_parser", "run"]

DIFFERENCES = 1  # exit code of a check that found a fault


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add `merbench data` and its actions to the command line."""
    about = "add, import, list, check and preview databases, and compare flows"
    parser = verbs.add_parser("data", help=about, description=about)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    add = actions.add_parser("add", help="add a release", description="record the folder of a release")
    add.add_argument("source", metavar="SOURCE", help="see: merbench data list")
    add.add_argument(
        "path", metavar="PATH", type=Path, help="its folder; merbench reads it in place and never writes to it"
    )
    add_import(actions)
    shown = actions.add_parser(
        "list", help="list every source and its folder", description="list every source and its folder"
    )
    shown.add_argument("--json", action="store_true", help="print a list of objects")
    about = "compare a release with what its authors published, and read its files"
    check = actions.add_parser("check", help=about, description=f"{about}; the exit code is 1 if something differs")
    check.add_argument("name", metavar="NAME", help="a dataset or a source")
    check.add_argument("--all-frames", action="store_true", help="read every image, not only onset, apex and offset")
    check.add_argument("--json", action="store_true", help="print an object")
    _add_preview(actions)
    add_compare_flow(actions)


def _add_preview(actions: argparse._SubParsersAction[Any]) -> None:
    about = "write a page with pictures of a dataset's clips: faces, landmarks, flow and other features"
    preview = actions.add_parser(
        "preview", help=about, description=f"{about}. It shows licensed data: do not publish it."
    )
    preview.add_argument("dataset", metavar="DATASET", help="see: merbench list datasets")
    preview.add_argument(
        "--clips", metavar="PATTERN", help="shell pattern on clip ids; default: two of each class of each database"
    )
    preview.add_argument("--out", metavar="DIR", type=Path, required=True, help="write the page to DIR/DATASET.html")
    preview.add_argument("--jobs", type=positive, metavar="N", help="processes; default: one for each core")


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Run the action; the exit code is 1 if a check found a fault."""
    if arguments.action == "add":
        return _add(registry, arguments.source, arguments.path)
    if arguments.action == "import":
        return import_clips(registry, arguments)
    if arguments.action == "remove":
        return remove(arguments.name)
    if arguments.action == "list":
        return _list(registry, as_json=arguments.json)
    if arguments.action == "compare-flow":
        return compare_flow(registry, arguments)
    if arguments.action == "preview":
        return _preview(registry, arguments)
    return _check(registry, arguments.name, all_frames=arguments.all_frames, as_json=arguments.json)


def _add(registry: Registry, name: str, path: Path) -> int:
    from merbench.data import locations

    source = registry.sources.get(name)
    if source.embedded:
        raise ReleaseError(f"{source.name} needs no files: it is built in; see: merbench list datasets")
    folder = path.expanduser().resolve()
    if not folder.is_dir():
        raise ReleaseError(f"{folder} is not a folder; for {source.name}, get {source.obtain}")
    clips = _clips(registry, name, folder)
    added = locations.add(source.name, folder)
    found = set(clips["database"])
    print(f"{len(clips)} clips of {', '.join(name for name in source.databases if name in found)} in {added}")
    used = locations.locate(source.name)
    if used != added:
        print(f"note: {locations.VARIABLE} is set and comes first, so {used} is read instead")
    return 0


def _clips(registry: Registry, name: str, folder: Path) -> pd.DataFrame:
    """The clips of the release in `folder`. The error guesses what the folder is instead."""
    from merbench.data.datasets import release_reader
    from merbench.data.recognition import contents, recognised

    source = registry.sources.get(name)
    try:
        return release_reader(source, folder, registry.sources.origin(name).name).clips()
    except ReleaseError as error:
        instead = recognised(registry, source, folder)
        if instead:
            raise ReleaseError(f"no release of {source.name} was added: {instead}") from error
        raise ReleaseError(f"{error} ({contents(folder)})") from error


def _list(registry: Registry, *, as_json: bool) -> int:
    from merbench.data import locations

    sources = []
    for name in registry.sources.names():
        source = registry.sources.get(name)
        path = None if source.embedded else locations.locate(source.name)
        there = source.embedded or (path is not None and path.is_dir())
        sources.append({"name": name, "embedded": source.embedded, "path": path and str(path), "available": there})
    if as_json:
        print_json([{**one, "obtain": registry.sources.get(str(one["name"])).obtain} for one in sources])
        return 0
    rows = [
        {"source": str(one["name"]), "where": _where(registry.sources.get(str(one["name"])), one)} for one in sources
    ]
    print_table(("source", "where"), rows)
    return 0


def _where(source: Source, found: dict[str, object]) -> str:
    if source.embedded:
        return "built in"
    if found["available"]:
        return str(found["path"])
    gone = f"{found['path']} was removed; " if found["path"] else ""
    return f"{gone}get {source.obtain}, then: merbench data add {source.name} PATH"


def _check(registry: Registry, name: str, *, all_frames: bool, as_json: bool) -> int:
    from merbench.cli.progress import progress
    from merbench.data.check import check

    with progress("clips") as shown:
        found = check(registry, name, all_frames=all_frames, progress=shown)
    if as_json:
        print_json({**dataclasses.asdict(found), "ok": found.ok})
    else:
        _print_check(found)
    return 0 if found.ok else DIFFERENCES


def _preview(registry: Registry, arguments: argparse.Namespace) -> int:
    from merbench.cli.broken import print_broken
    from merbench.cli.features import size
    from merbench.cli.progress import progress
    from merbench.preview.write import write_preview

    with progress("clips") as shown:
        written = write_preview(
            registry, arguments.dataset, arguments.out,
            pattern=arguments.clips, jobs=arguments.jobs, progress=shown,
        )  # fmt: skip
    if written.broken:
        print_broken(written.broken)
    more = f", {len(written.broken)} broken, see above" if written.broken else ""
    print(f"{written.path}: {written.pictures} pictures of {written.clips} clips, {size(written.bytes)}{more}")
    print("it shows licensed data: do not publish it")
    return 0


def _print_check(found: Check) -> None:
    for source, place in found.places.items():
        print(f"{source}: {place or 'built in'}")
    _print_counts(found.counts)
    if found.databases:
        _print_databases(found)
    for note in found.notes:
        print(f"note: {note}")
    for title, lines in _faults(found).items():
        for line in lines:
            print(f"{title}: {line}")
    if found.ok:
        print(f"{_read(found)}; nothing differs")
    else:
        print(f"{len(found.differences)} difference(s), {len(found.broken)} broken clip(s){_more(found)}")


def _faults(found: Check) -> dict[str, list[str]]:
    """The faults: the word that a line begins with, and the lines."""
    return {
        "difference": list(found.differences),
        "broken": [f"{clip}: {reason}" for clip, reason in found.broken.items()],
        "missing frames": [f"{clip}: {missing}" for clip, missing in found.missing.items()],
        "duplicate": list(found.duplicates),
    }


def _read(found: Check) -> str:
    there = sum(one.images for one in found.databases)
    read = sum(one.read for one in found.databases)
    if read == there:
        return "every file was read"
    return f"every file exists, and {read:,} of {there:,} images were read (--all-frames reads all)"


def _more(found: Check) -> str:
    missing = f", {len(found.missing)} clip(s) with missing frames" if found.missing else ""
    return missing + (f", {len(found.duplicates)} duplicate(s)" if found.duplicates else "")


def _print_databases(found: Check) -> None:
    """Figures about the files of the clips, one row per database."""
    rows = [
        {
            "database": one.database,
            "subjects": f"{one.subjects}"
            if one.published in (None, one.subjects)
            else f"{one.subjects} of {one.published}",
            "images": f"{one.images:,}",
            "read": f"{one.read:,}",
            "fps": ", ".join(f"{fps:g}" for fps in one.fps) or "unknown",
            "cropped": f"{one.cropped} clips" if one.cropped else "no",
            "size": ", ".join(f"{size} ({clips})" for size, clips in one.sizes.items()) or "unknown",
        }
        for one in found.databases
    ]
    print_table(tuple(rows[0]), rows)


def _print_counts(counts: tuple[Count, ...]) -> None:
    """One row per database, one column per class; `69 of 70` if the number is not the canonical one."""
    labels = list(dict.fromkeys(count.label for count in counts))
    databases = list(dict.fromkeys(count.database for count in counts))
    groups = {database: [count for count in counts if count.database == database] for database in databases}
    groups["all"] = list(counts)
    rows = []
    for name, group in groups.items():
        cells = {label: _cell([count for count in group if count.label == label]) for label in labels}
        rows.append({"database": name, **cells, "clips": _cell(group)})
    print_table(("database", *labels, "clips"), rows)


def _cell(counts: list[Count]) -> str:
    known = [count for count in counts if count.canonical is not None]
    found, wanted = sum(count.found for count in known), sum(count.canonical or 0 for count in known)
    return f"{found} of {wanted}" if found != wanted else str(sum(count.found for count in counts))
