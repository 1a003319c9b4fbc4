"""`merbench features`: compute features before a run, list the stored features, and remove them."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from merbench.cli.broken import telling_broken
from merbench.cli.options import positive
from merbench.cli.progress import progress
from merbench.cli.tables import print_json, print_table
from merbench.errors import OptionError
from merbench.plugin.registry import Registry

if TYPE_CHECKING:
    from merbench.data.datasets import OpenDataset
    from merbench.features.resolve import Resolved
    from merbench.features.store import Kept

__all__ = ["add_parser", "run"]

FIX = "fix the release and run again"


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Adds the verb and its actions."""
    about = "compute, list and remove stored features"
    parser = verbs.add_parser("features", help=about, description=about)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    extract = actions.add_parser(
        "extract",
        help="compute features of a dataset's clips",
        description="Compute features of every clip of a dataset and store them, as a run does. Run the command again "
        "after it stopped: it continues.",
    )
    extract.add_argument("--dataset", required=True, help="see: merbench list datasets")
    extract.add_argument(
        "--feature",
        action="append",
        required=True,
        metavar="NAME[@VARIANT]",
        help="can be repeated; see: merbench list features",
    )
    how = extract.add_mutually_exclusive_group()
    how.add_argument("--jobs", type=positive, metavar="N", help="number of processes; default: one per core")
    how.add_argument(
        "--profile", action="store_true", help="only print what a few clips cost on one core, feature by feature"
    )
    listed = actions.add_parser(
        "list", help="list stored features with their size", description="list stored features with their size"
    )
    listed.add_argument("--json", action="store_true", help="print a list of objects")
    clear = actions.add_parser("clear", help="remove stored features", description="remove stored features")
    clear.add_argument("--feature", action="append", metavar="NAME[@VARIANT]", help="only this feature; default: all")
    clear.add_argument("--yes", action="store_true", help="do not ask")
    actions.add_parser("path", help="print the folder of the store", description="print the folder of the store")


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Runs the action; returns the exit code."""
    if arguments.action == "extract":
        return _extract(arguments, registry)
    if arguments.action == "list":
        return _list(as_json=arguments.json)
    if arguments.action == "clear":
        return _clear(arguments)
    from merbench.features.store import store_path

    print(store_path())
    return 0


def _extract(arguments: argparse.Namespace, registry: Registry) -> int:
    from merbench.data.datasets import open_dataset
    from merbench.features.compute import compute
    from merbench.features.resolve import resolve_dataset

    home, wanted = resolve_dataset(arguments.feature, registry, arguments.dataset, "this command")
    dataset = open_dataset(registry, arguments.dataset, home)
    if arguments.profile:
        return _profile(dataset, wanted)
    with telling_broken(FIX), progress("clips") as shown:
        try:
            arrays = compute(dataset, wanted, jobs=arguments.jobs, progress=shown)
        except KeyboardInterrupt:
            shown.note("stopped; finished clips are stored, and the same command continues")
            raise
    for feature, array in zip(wanted, arrays, strict=True):
        shape = " x ".join(map(str, array.shape[1:]))
        print(f"{feature}: {len(array)} clips of {shape} {array.dtype}, {size(array.nbytes)}")
    return 0


def _profile(dataset: OpenDataset, wanted: list[Resolved]) -> int:
    from merbench.features.profile import SAMPLE, profile

    with telling_broken(FIX):
        costs = profile(dataset, wanted)
    if not costs:
        print("nothing is computed: the sources provide these features")
        return 0
    total = sum(costs.values())
    rows = [
        {"feature": name, "ms a clip": f"{cost:.1f}", "share": f"{cost / total:.0%}"} for name, cost in costs.items()
    ]
    print_table(("feature", "ms a clip", "share"), rows)
    clips = min(SAMPLE, len(dataset.clips))
    print(f"{1000 / total:.1f} clips a second and core: processor time of {clips} clips, nothing stored")
    return 0


def _list(*, as_json: bool) -> int:
    from merbench.features.store import kept, store_path

    found = kept(store_path())
    if as_json:
        names = ("name", "variant", "version", "clips", "bytes")
        print_json([{name: getattr(one, name) for name in names} for one in found])
        return 0
    if not found:
        print(f"no features are stored in {store_path()}")
        return 0
    rows = [
        {
            "feature": one.name,
            "variant": one.variant,
            "version": str(one.version),
            "clips": str(one.clips),
            "size": size(one.bytes),
        }
        for one in found
    ]
    print_table(("feature", "variant", "version", "clips", "size"), rows)
    print(f"{size(sum(one.bytes for one in found))} in {store_path()}")
    return 0


def _clear(arguments: argparse.Namespace) -> int:
    from merbench.features.store import clear, kept, store_path

    found = kept(store_path())
    chosen = [one for one in found if not arguments.feature or _is_one_of(one, arguments.feature)]
    if not chosen:
        print("nothing to remove")
        return 0
    what = f"{', '.join(map(_reference, chosen))}: {size(sum(one.bytes for one in chosen))}"
    if not arguments.yes and not _agreed(what):
        print("nothing was removed")
        return 0
    clear(chosen)
    print(f"removed {what}")
    return 0


def _reference(one: Kept) -> str:
    return f"{one.name}@{one.variant}" if one.variant else one.name


def _is_one_of(one: Kept, references: list[str]) -> bool:
    return one.name in references or _reference(one) in references


def _agreed(what: str) -> bool:
    if not sys.stdin.isatty():
        raise OptionError(f"this would remove {what}; add --yes to remove it without a question")
    print(f"remove {what}? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def size(number: int) -> str:
    """Bytes for people: `940 B`, `12.3 MB`."""
    value = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
