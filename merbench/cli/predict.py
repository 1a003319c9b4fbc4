"""`merbench predict`: ask the networks of a run about a clip of one's own."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.cli.native import to_stderr
from merbench.cli.options import count
from merbench.cli.tables import print_json, print_table
from merbench.errors import printable
from merbench.plugin.registry import Registry

if TYPE_CHECKING:
    from merbench.runs.predict import Answer

__all__ = ["add_parser", "run"]


def add_parser(verbs: argparse._SubParsersAction[Any]) -> None:
    """Add the verb and its options."""
    about = "ask the models of a run about a clip of your own"
    verb = verbs.add_parser(
        "predict",
        help=about,
        description=f"{about}, and write a page with pictures of what they saw. The answer is no diagnosis and no lie "
        "detector. Networks answer only if the run kept them: merbench run --keep-weights.",
    )
    verb.add_argument(
        "run_of", metavar="WEIGHTS|RECORD", type=Path, help="record.json of a run, its folder, or one of its weights"
    )
    verb.add_argument("clip", metavar="VIDEO|FRAMES", type=Path, help="a video (mp4, avi), or a folder of images")
    verb.add_argument("--onset", metavar="N", type=count, help="frame number; default: the first frame")
    verb.add_argument("--apex", metavar="N", type=count, help="frame number; default: models look for it")
    verb.add_argument("--page", metavar="FILE", type=Path, help="default: ./NAME-predicted.html")
    verb.add_argument("--json", action="store_true", help="print one object")


def run(arguments: argparse.Namespace, registry: Registry) -> int:
    """Print the answer, and write the page."""
    from merbench.preview.write import write_answer
    from merbench.runs.predict import predict

    with to_stderr() if arguments.json else contextlib.nullcontext():
        given = predict(registry, arguments.run_of, arguments.clip, arguments.onset, arguments.apex)
        page = arguments.page or Path(f"{Path(given.answer.clip).stem}-predicted.html")
        write_answer(page, given)
    if arguments.json:
        print_json(given.answer.to_dict() | {"page": str(page)})
    else:
        _print(given.answer, page)
    return 0


def _print(answer: Answer, page: Path) -> None:
    apex = "apex not given" if answer.apex is None else f"apex {answer.apex}"
    rows = [
        {
            "class": one.name,
            "mean score": f"{one.score:.3f}",
            "lowest": f"{one.lowest:.3f}",
            "highest": f"{one.highest:.3f}",
            "models": f"{one.folds} of {answer.folds}",
        }
        for one in answer.classes
    ]
    title = f"{answer.clip}, frames {answer.onset} to {answer.offset}, {apex}: {answer.predicted}"
    print_table(list(rows[0]), rows, title=printable(title))
    print(f"asked: {answer.model} ({answer.recipe}) trained on {answer.dataset}, {answer.folds} fold(s)")
    for note in answer.notes:
        print(printable(note))
    print(f"what the models saw: {page}")
