"""`merbench data compare-flow`: a released flow beside the same flow computed from the videos."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from merbench.cli.broken import print_broken, telling_broken
from merbench.cli.native import to_stderr
from merbench.cli.options import positive
from merbench.cli.progress import progress
from merbench.cli.tables import print_json, print_table
from merbench.errors import and_more, printable
from merbench.plugin.registry import Registry

if TYPE_CHECKING:
    from merbench.features.compare import ClipDifference, Comparison, FlowPair
    from merbench.runs.flow_scores import FlowScores, PartChange

__all__ = ["add_compare_flow", "compare_flow"]

FARTHEST = 5  # clips that are named
FIX = "fix the release, or leave these clips out with --skip-broken"


def add_compare_flow(actions: argparse._SubParsersAction[Any]) -> None:
    """Add the action to the actions of `merbench data`."""
    about = "compare a released flow with the same flow computed from the videos"
    parser = actions.add_parser(
        "compare-flow",
        help=about,
        description=f"{about}, clip by clip and by what a baseline scores on each. Add the release and the videos "
        "first.",
    )
    parser.add_argument("--dataset", required=True, help="see: merbench list datasets")
    parser.add_argument(
        "--feature", default="", metavar="NAME[@VARIANT]", help="the flow; default: the first that both have"
    )
    parser.add_argument("--skip-broken", action="store_true", help="leave out clips with broken files")
    parser.add_argument("--jobs", type=positive, metavar="N", help="number of processes; default: one per core")
    parser.add_argument("--json", action="store_true", help="print an object with every clip and the scores")


def compare_flow(registry: Registry, arguments: argparse.Namespace) -> int:
    """Compare, and print a table of the flows, the clips that differ most, and a table of a baseline's scores."""
    if arguments.json:
        with to_stderr():
            found = _compared(registry, arguments)
            scores = _scored(registry, arguments, found)
        print_json(_object(found, scores))
        return 0
    found = _compared(registry, arguments)
    if found.broken:
        print_broken(found.broken)
    _print(found)
    _print_scores(_scored(registry, arguments, found), found)
    return 0


def _compared(registry: Registry, arguments: argparse.Namespace) -> Comparison:
    from merbench.features.compare import compare_flows, flow_pair

    pair = flow_pair(registry, arguments.dataset, arguments.feature)
    with telling_broken(FIX), progress("clips") as shown:
        return compare_flows(
            registry, arguments.dataset, pair,
            skip_broken=arguments.skip_broken, jobs=arguments.jobs, progress=shown,
        )  # fmt: skip


def _scored(registry: Registry, arguments: argparse.Namespace, found: Comparison) -> FlowScores | str:
    """The scores, or a line that says why there are none."""
    from merbench.protocols import ProtocolError
    from merbench.runs.flow_scores import baseline_of, score_flows

    feature = found.pair.feature.name
    if not (model := baseline_of(registry, feature)):
        return f"no baseline sees {feature} alone"
    with progress("folds") as shown:
        try:
            return score_flows(registry, model, found, jobs=arguments.jobs, progress=shown)
        except ProtocolError as error:
            return str(error)


def _object(found: Comparison, scores: FlowScores | str) -> dict[str, Any]:
    why = scores if isinstance(scores, str) else None
    return {
        **_named(found.pair),
        "clips": [dataclasses.asdict(one) for one in found.clips],
        "broken": found.broken,
        "relabelled": found.relabelled,
        "scores": None if isinstance(scores, str) else _scores_object(scores),
        "why_no_scores": why,
    }


def _scores_object(scores: FlowScores) -> dict[str, Any]:
    return {**vars(scores), "parts": {name: _part_object(one) for name, one in scores.parts.items()}}


def _part_object(part: PartChange) -> dict[str, Any]:
    return {
        "clips": part.clips,
        "released": part.released and part.released.model_dump(),
        "own": part.own and part.own.model_dump(),
        "change": {metric: dataclasses.asdict(test) for metric, test in part.tests.items()},
    }


def _named(pair: FlowPair) -> dict[str, Any]:
    names = {"released": list(pair.released.sources), "own": list(pair.own.sources)}
    return {"feature": pair.feature.name, "computed": pair.reference, **names}


def _print(found: Comparison) -> None:
    pair = found.pair
    print(f"{pair.feature.name} of {', '.join(pair.released.sources)}, beside {pair.reference} of "
          f"{', '.join(pair.own.sources)}")  # fmt: skip
    rows = [{"part": name, "clips": str(len(clips)), **_summary(clips)} for name, clips in _parts(found.clips)]
    print_table(tuple(rows[0]), rows)
    print("medians over clips, in brackets the middle 80 %; endpoint: mean length of the difference of (u, v)")
    farthest = sorted(found.clips, key=lambda one: (-one.endpoint, one.clip))[:FARTHEST]
    print(f"farthest apart: {', '.join(f'{one.clip} ({one.endpoint:.1f})' for one in farthest)}")


def _parts(clips: Sequence[ClipDifference]) -> Iterator[tuple[str, Sequence[ClipDifference]]]:
    """The parts that a record has: all clips, and those of each of several databases."""
    yield "full", clips
    databases = dict.fromkeys(one.database for one in clips)
    for name in databases if len(databases) > 1 else ():
        yield name, [one for one in clips if one.database == name]


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


def _print_scores(scores: FlowScores | str, found: Comparison) -> None:
    print()
    if isinstance(scores, str):
        print(printable(f"no scores: {scores}"))
        return
    plan = f"{scores.model} ({scores.recipe}) on {found.dataset.spec.name}, {scores.protocol}, seed {scores.seed}"
    rows = [row for name, part in scores.parts.items() for row in _score_rows(name, part)]
    print_table(tuple(rows[0]), rows, title=f"{plan}: once on each flow")
    print("pooled over all folds; difference: own less release; 95 % interval and paired test over subjects")
    if found.relabelled:
        print(f"in no score, because the videos give them another class: {and_more(found.relabelled, FARTHEST)}")


def _score_rows(name: str, part: PartChange) -> Iterator[dict[str, str]]:
    """A row for each metric."""
    from merbench.cli.placing import signed
    from merbench.cli.report import METRICS
    from merbench.leaderboard.wording import figure, p_value

    for metric in METRICS:
        released, own = (figure(getattr(one, metric)) if one else "not defined" for one in (part.released, part.own))
        test = part.tests.get(metric)
        yield {
            "part": name,
            "clips": str(part.clips),
            "score": metric.upper(),
            "release": released,
            "own": own,
            "difference": signed(test.difference) if test else "",
            "95 %": " to ".join(map(signed, test.interval)) if test else "",
            "p": p_value(test.p_value) if test else "",
        }
