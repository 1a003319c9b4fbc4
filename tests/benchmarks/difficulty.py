"""Which clips of the composite are hard for the leading rows: by class, by database, and by annotated action unit.

Action units come from the tables of CASME II and SAMM, which lie with the real data; SMIC has none. The figures are
sums over clips: no row of a table leaves it.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

from merbench_databases.annotations import read_lines
from merbench_databases.canonical import composite

from docs.generate.board import board, runs
from merbench.leaderboard.difficulty import Clip, clips_of
from tests.benchmarks.row import Row

TABLES = {"casme2": "CASME2-coding-20190701.xlsx", "samm": "SAMM_Micro_FACS_Codes_v2.xlsx"}
FEWEST = 10  # clips with an action unit; fewer say little
# The names of action units in the Facial Action Coding System (Ekman, Friesen and Hager, 2002).
NAMES = {
    1: "inner brow raiser", 2: "outer brow raiser", 4: "brow lowerer", 5: "upper lid raiser", 6: "cheek raiser",
    7: "lid tightener", 9: "nose wrinkler", 10: "upper lip raiser", 12: "lip corner puller", 14: "dimpler",
    15: "lip corner depressor", 17: "chin raiser", 24: "lip pressor",
}  # fmt: skip


def run(reference: Path | None) -> Iterator[Row]:
    """A row for all clips, each class, each database and each action unit; the mean over the leading rows."""
    leading = [row for row in runs() if row.standing and row.standing.leading]
    clips = clips_of(leading)
    classes = dict(zip(*(composite()[name] for name in ("clip", "label")), strict=True))
    yield _row("all clips", clips)
    for label, name in enumerate(board().classes):
        yield _row(f"class {name}", [one for one in clips if classes[one.clip] == label])
    for database, name in board().part_names.items():
        if found := [one for one in clips if one.database == database]:
            yield _row(name, found)
    of_unit = _by_action_unit(clips)
    for unit in sorted(of_unit):
        if len(of_unit[unit]) >= FEWEST:
            yield _row(f"action unit {unit}{f' ({NAMES[unit]})' if unit in NAMES else ''}", of_unit[unit])


def _row(what: str, clips: Sequence[Clip]) -> Row:
    right = fmean(one.right for one in clips)
    none, whole = (sum(one.right == value for one in clips) for value in (0, 1))
    return Row(what, f"{right:.0%} right", f"{len(clips)} clips: {whole} solved by all leading rows, {none} by none")


def _by_action_unit(clips: Sequence[Clip]) -> dict[int, list[Clip]]:
    """The clips with each action unit, on whichever side of the face."""
    root = Path(os.environ["MERBENCH_REAL_DATA"]) / "annotations"
    known = {one.clip: one for one in clips}
    found: dict[int, list[Clip]] = defaultdict(list)
    for database, table in TABLES.items():
        for line in read_lines(root / table, root):
            if clip := known.get(clip_id(database, line.subject, line.clip)):
                for unit in sorted({int(number) for number in re.findall(r"\d+", line.action_units)}):
                    found[unit].append(clip)
    return found


def clip_id(database: str, subject: str, clip: str) -> str:
    """The composite's id of an annotated clip: CASME II numbers its folders `sub01`, SAMM `006`."""
    number = int(subject)
    return f"{database}/{f'sub{number:02d}' if database == 'casme2' else f'{number:03d}'}/{clip}"
