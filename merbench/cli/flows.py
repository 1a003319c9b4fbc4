"""`merbench data compare-flow`: a released flow beside the same flow computed from the videos."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from merbench.cli.broken import print_broken, telling_broken
from merbench.cli.options import positive
from merbench.cli.progress import progress
from merbench.cli.tables import print_json, print_table
from merbench.plugin.registry import Registry

if TYPE_CHECKING:
    from merbench.features.compare import ClipDifference, Comparison, FlowPair

__all__ = ["add_compare_flow", "compare_flow"]

FARTHEST = 5  # clips that are named
FIX = "fix the release, or leave these clips out with --skip-broken"


def add_compare_flow(actions: argparse._SubParsersAction[Any]) -> None:
    """Add the action to the actions of `merbench data`."""
    about = "compare a released flow with the same flow computed from the videos, clip by clip"
    parser = actions.add_parser(
        "compare-flow",
        help=about,
        description=f"{about}. Add the release and the videos first. It also prints the commands whose runs compare "
        "the scores.",
    )
    parser.add_argument("--dataset", required=True, help="see: merbench list datasets")
    parser.add_argument(
        "--feature", default="", metavar="NAME[@VARIANT]", help="the flow; default: the first that both have"
    )
    parser.add_argument("--skip-broken", action="store_true", help="leave out clips with broken files")
    parser.add_argument("--jobs", type=positive, metavar="N", help="number of processes; default: one per core")
    parser.add_argument("--json", action="store_true", help="print an object with every clip")


def compare_flow(registry: Registry, arguments: argparse.Namespace) -> int:
    """Compare, and print a table by database, the clips that differ most, and the commands that compare scores."""
    from merbench.features.compare import compare_flows, flow_pair

    pair = flow_pair(registry, arguments.dataset, arguments.feature)
    with telling_broken(FIX), progress("clips") as shown:
        found = compare_flows(
            registry, arguments.dataset, pair,
            skip_broken=arguments.skip_broken, jobs=arguments.jobs, progress=shown,
        )  # fmt: skip
    commands = _commands(registry, arguments.dataset, pair)
    if arguments.json:
        clips = [dataclasses.asdict(one) for one in found.clips]
        print_json({**_named(pair), "clips": clips, "broken": found.broken, "commands": commands})
        return 0
    if found.broken:
        print_broken(found.broken)
    _print(found, commands)
    return 0


def _named(pair: FlowPair) -> dict[str, Any]:
    names = {"released": list(pair.released.sources), "own": list(pair.own.sources)}
    return {"feature": pair.feature.name, "computed": pair.reference, **names}


def _print(found: Comparison, commands: Sequence[str]) -> None:
    pair = found.pair
    print(f"{pair.feature.name} of {', '.join(pair.released.sources)}, beside {pair.reference} of "
          f"{', '.join(pair.own.sources)}")  # fmt: skip
    databases = list(dict.fromkeys(one.database for one in found.clips))
    groups = [(name, [one for one in found.clips if one.database == name]) for name in databases]
    if len(groups) > 1:
        groups.insert(0, ("all", list(found.clips)))
    rows = [{"database": name, "clips": str(len(clips)), **_summary(clips)} for name, clips in groups]
    print_table(tuple(rows[0]), rows)
    print("medians over clips, in brackets the middle 80 %; endpoint: mean length of the difference of (u, v)")
    farthest = sorted(found.clips, key=lambda one: (-one.endpoint, one.clip))[:FARTHEST]
    print(f"farthest apart: {', '.join(f'{one.clip} ({one.endpoint:.1f})' for one in farthest)}")
    print("what the difference is worth in a score: run both, and compare their tables")
    for command in commands:
        print(f"  {command}")


def _summary(clips: Sequence[ClipDifference]) -> dict[str, str]:
    first = clips[0]
    columns: dict[str, Callable[[ClipDifference], float]] = {"endpoint": lambda one: one.endpoint}
    for name in first.others:
        columns[name] = lambda one, name=name: one.others[name]  # type: ignore[misc]
    for name in first.correlations:
        columns[f"correlation of {name}"] = lambda one, name=name: one.correlations[name]  # type: ignore[misc]
    return {name: _spread([of(one) for one in clips], 2 if "corr" in name else 1) for name, of in columns.items()}


def _spread(values: Sequence[float], digits: int) -> str:
    import numpy as np

    low, middle, high = np.quantile(values, (0.1, 0.5, 0.9))
    return f"{middle:.{digits}f} [{low:.{digits}f} {high:.{digits}f}]"


def _commands(registry: Registry, dataset: str, pair: FlowPair) -> list[str]:
    from merbench.features.compare import baseline_of

    name, _, variant = pair.reference.partition("@")
    run = f"merbench run --model {baseline_of(registry, name)} --dataset {dataset}"
    return [run, f"{run} --set {name}={variant}" if variant else run]
