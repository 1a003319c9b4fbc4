"""Writes the pictures into one HTML file that needs no other file."""

from __future__ import annotations

import importlib.metadata
import inspect
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

from merbench.leaderboard.wording import figure, isolated, without_controls
from merbench.plugin.registry import load_target
from merbench.preview.drawn import Drawn
from merbench.preview.pictures import Picture
from merbench.preview.spool import Spooled

if TYPE_CHECKING:
    import pandas as pd

    from merbench.data.datasets import OpenDataset
    from merbench.runs.predict import Answer

__all__ = ["MARKER", "answer_page", "page"]

MARKER = '<meta name="generator" content="merbench data preview">'  # in every page, near its beginning
SHOWN = 2  # variants of a feature; if there are more, only the default variant is unfolded
ANNOTATED = ("onset", "apex", "offset")


def page(
    dataset: OpenDataset,
    clips: pd.DataFrame,
    drawn: Sequence[Drawn],
    pictures: Mapping[str, Sequence[Spooled]],
    broken: Mapping[str, str],
) -> Iterator[str]:
    """Yields the page in pieces.

    Args:
        dataset: the dataset.
        clips: the rows to show.
        drawn: the features drawn for each clip.
        pictures: by clip, in the order of `drawn`.
        broken: the other clips, with reasons.
    """
    classes = dataset.spec.scheme.classes
    rows = [dict(zip(map(str, clips), row, strict=True)) for row in clips.itertuples(index=False)]
    shown = [_clip(row, classes, pictures[row["clip"]]) for row in rows if row["clip"] in pictures]
    counts = {database: len(rows) for database, rows in dataset.clips.groupby("database", sort=False)}
    yield from _template("preview.html").generate(
        dataset=dataset.spec,
        sources=list(dataset.readers),
        notes=dataset.notes(dataset.provides),
        total=len(dataset.clips),
        counts=counts,
        asked=len(clips),
        groups=[(name, [one for one in shown if one["database"] == name]) for name in counts],
        broken=broken,
        variants=SHOWN,
        **_common(drawn),
    )


def answer_page(answer: Answer, drawn: Sequence[Drawn], pictures: Sequence[Picture]) -> str:
    """A page with the answer for one clip, and the pictures of what the models saw.

    Args:
        answer: from `merbench.runs.predict`.
        drawn: the features that were drawn.
        pictures: of these features.
    """
    preferred = next(one.folds for one in answer.classes if one.name == answer.predicted)
    given = {"answer": answer, "preferred": preferred, "pictures": pictures}
    text: str = _template("answer.html").render(given | _common(drawn))
    return text


def _common(drawn: Sequence[Drawn]) -> dict[str, Any]:
    """What the templates of all pages need."""
    return {
        "about": {one.spec.name: one.spec.about for one in drawn},
        "reading": {one.spec.name: _reading(one) for one in drawn},
        "marker": MARKER,
        "version": importlib.metadata.version("merbench"),
        "styles": [
            (resources.files("merbench.leaderboard") / "assets" / "site.css").read_text("utf-8"),
            (resources.files(__package__) / "templates" / "preview.css").read_text("utf-8"),
        ],
    }


def _reading(drawn: Drawn) -> str:
    """Explains a picture: the first paragraph of the drawing's docstring."""
    documentation = inspect.getdoc(load_target(drawn.spec.drawing, owner=f"feature {drawn.spec.name}")) or ""
    return " ".join(documentation.split("\n\n")[0].split())


def _template(name: str) -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=PackageLoader("merbench.preview"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {"figure": figure, "isolated": isolated, "without_controls": without_controls}
    return pages.get_template(name)


def _clip(row: Mapping[str, Any], classes: Sequence[str], pictures: Sequence[Spooled]) -> dict[str, Any]:
    """One clip for the template: its facts in words, and each feature with its pictures."""
    import pandas as pd

    known = {name: value for name, value in row.items() if not pd.isna(value)}
    facts = {"class": classes[row["label"]]}
    if known.get("emotion", facts["class"]) != facts["class"]:
        facts["annotated"] = known["emotion"]
    if "action_units" in known:
        facts["action units"] = known["action_units"]
    if {"onset", "offset"} & set(known):
        facts["frames"] = ", ".join(f"{name} {known.get(name, 'not annotated')}" for name in ANNOTATED)
    if "fps" in known:
        facts["frames per second"] = f"{known['fps']:g}"
    features = [
        (name, [one for one in pictures if one.name == name]) for name in dict.fromkeys(p.name for p in pictures)
    ]
    return {"id": row["clip"], "database": row["database"], "facts": facts, "features": features}
