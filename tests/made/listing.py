"""From a table of clips to what is laid out, and back to the table that a reader should give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from merbench_demo.muscles import shown_units

from merbench.data.clips import clip_table
from tests.made.clips import MARGIN, Clip, Span, shown
from tests.made.layout import Layout
from tests.made.quirks import Style, quirky

__all__ = ["laid_out", "made", "table_of"]

EACH = 3  # clips of a made-up subject


def made(layout: Layout, subjects: int) -> pd.DataFrame:
    """The table of made-up clips, three of each subject: emotions in turn, frames and action units as shown."""
    rows: list[dict[str, Any]] = []
    for index in range(subjects):
        number = index + 1 if index < 2 else index + 10  # numbers of one digit and of two
        for place in range(EACH):
            rows.append(_made(layout, number, place, layout.emotions[(index * EACH + place) % len(layout.emotions)]))
    return clip_table(rows)


def laid_out(layout: Layout, clips: pd.DataFrame, style: Style, every: bool) -> list[Clip]:
    """The clips of the layout's database in `clips`, with the quirks of the style.

    Args:
        every: all frames are there; else only onset, apex and offset.
    """
    own = clip_table(clips[clips["database"] == layout.database])  # may lack columns
    return [quirky(one, style.quirks) for one in _clips(layout, own, every)]


def table_of(layout: Layout, clips: list[Clip]) -> pd.DataFrame:
    """The clip table that a reader of the release should give, before it mends anything."""
    told = [layout.told(one) for one in clips]
    return clip_table(
        {
            "clip": [one.id for one in clips],
            "database": layout.database,
            "subject": [f"{one.database}/{one.subject}" for one in clips],
            "onset": [span.onset for span in told],
            "apex": [span.apex for span in told],
            "offset": [span.offset for span in told],
            "fps": layout.fps,
            "emotion": [one.emotion or None for one in clips],
            "action_units": [(one.action_units or None) if layout.annotates_units else None for one in clips],
        }
    )


def _made(layout: Layout, number: int, place: int, emotion: str) -> dict[str, Any]:
    onset, apex, offset = layout.made_span(number, place)
    subject = f"{layout.database}/{layout.subject(number)}"
    clip = f"{subject}/{layout.clip(number, place, emotion, onset)}"
    return {
        "clip": clip,
        "database": layout.database,
        "subject": subject,
        "onset": onset,
        "apex": apex,
        "offset": offset,
        "fps": layout.fps,
        "emotion": emotion,
        "action_units": "+".join(shown_units(subject, clip, emotion)),
    }


def _clips(layout: Layout, table: pd.DataFrame, every: bool) -> Iterator[Clip]:
    for place, row in enumerate(table.to_dict("records")):
        _, subject, name = row["clip"].split("/")
        told = _told(layout, row, place)
        span = shown(told)
        yield Clip(
            database=layout.database,
            subject=subject,
            name=name,
            place=place,
            emotion=_text(row["emotion"]),
            action_units=_text(row["action_units"]),
            told=told,
            shown=span,
            numbers=tuple(range(span[0], span[2] + 1)) if every else tuple(sorted(set(span))),
        )


def _told(layout: Layout, row: Mapping[Any, Any], place: int) -> Span:
    """Frames as the row has them; made up where it has none at all."""
    told = Span(*(None if pd.isna(row[one]) else int(row[one]) for one in ("onset", "apex", "offset")))
    if told.onset is None and told.offset is None:
        return Span(*layout.made_span(place, 0))
    return told


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def around(clip: Clip) -> tuple[int, ...]:
    """Frames before the onset and after the offset."""
    onset, _, offset = clip.shown
    return (*range(max(1, onset - MARGIN), onset), *range(offset + 1, offset + 1 + MARGIN))
