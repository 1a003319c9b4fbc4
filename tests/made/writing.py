"""Writing a release: everything below one folder."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Literal

import pandas as pd

from tests.made.casme import CASME, CASME2
from tests.made.casme3a import CASME3A
from tests.made.clips import Clip
from tests.made.drawing import Draw, drawer, write_image
from tests.made.fourdme import FourDME
from tests.made.layout import Layout
from tests.made.listing import around, laid_out, made, table_of
from tests.made.mmew import MMEW
from tests.made.quirks import ODD_FOLDER, Style
from tests.made.samm import SAMM
from tests.made.smic import HS, NIR, VIS

__all__ = ["LAYOUTS", "made_clips", "write_release"]

LAYOUTS: dict[str, Layout] = {
    one.source: one for one in (HS(), VIS(), NIR(), CASME(), CASME2(), SAMM(), CASME3A(), MMEW(), FourDME())
}
LEFTOVERS = ("Thumbs.db", ".DS_Store", "desktop.ini")


def made_clips(source: str, subjects: int = 3) -> pd.DataFrame:
    """The clips that `write_release` makes up, of 1 to 80 subjects, as they are shown: a clip table."""
    return made(LAYOUTS[source], subjects)


def write_release(
    source: str,
    root: Path,
    clips: pd.DataFrame | None = None,
    *,
    subjects: int = 3,
    quirks: Collection[str] = (),
    size: tuple[int, int] = (480, 640),
    layout: str = "",
    frames: Literal["all", "onset-apex-offset"] = "all",
    draw: Draw = "faces",
) -> pd.DataFrame:
    """Lay clips out as a database's official release is on disk: its tables, its folders, its names.

    Args:
        source: which release: a key of `LAYOUTS`.
        root: the release's folder.
        clips: a table with the columns of a clip table, of which `clip`, `database` and `subject` must be there. Rows
            of other databases are left out. A row without onset and offset gets made-up frames. Rows may be
            impossible: they stand in the release's table as they are. None: made-up clips (`made_clips`).
        subjects: how many are made up.
        quirks: names of what is to be odd about it (see `tests.made.quirks`).
        size: height and width of the images in pixels.
        layout: one of the layouts that the release is distributed in (`LAYOUTS[source].layouts`); empty for the first.
        frames: those from onset to offset, or only those that are annotated.
        draw: `faces` draws virtual faces. `plain` costs nothing: a flat grey in the upper half that tells the frame's
            number (`plain_grey`), and in the lower one the clip.

    Returns:
        The clips as the release tells them: what a reader should give before it mends anything.
    """
    plan = LAYOUTS[source]
    assert set(quirks) <= plan.quirks
    assert not layout or layout in plan.layouts
    style = Style(layout or plan.layouts[0], frozenset(quirks))
    laid = laid_out(plan, made(plan, subjects) if clips is None else clips, style, frames == "all")
    inner = root / ODD_FOLDER if "odd-names" in style.quirks else root
    inner.mkdir(parents=True, exist_ok=True)
    _write(plan, inner, laid, style, size, draw)
    return table_of(plan, laid)


def _write(plan: Layout, root: Path, clips: list[Clip], style: Style, size: tuple[int, int], draw: Draw) -> None:
    plan.write_table(root, clips, style)
    grey = plan.grey or "grey" in style.quirks
    for clip, files in _files(plan, clips, style):
        image = drawer(clip, draw, size, plan.cropped(style))
        for number, name in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write_image(path, image(number), grey)
    if "extra-files" in style.quirks:
        _leave_behind(plan, root, clips, style)


def _files(plan: Layout, clips: list[Clip], style: Style) -> Iterator[tuple[Clip, dict[int, PurePosixPath]]]:
    """Each clip with the files that show it, by frame number; a video that several clips share has a frame once."""
    taken: set[PurePosixPath] = set()
    numbers = [(clip, clip.numbers) for clip in clips]
    if "context" in style.quirks:
        numbers += [(clip, around(clip)) for clip in clips]
    for clip, shown in numbers:
        folder = plan.folder(clip, style)
        files = {n: folder / style.file(plan.stem(clip, n, style), n, plan.suffix) for n in shown}
        new = {number: path for number, path in files.items() if path not in taken}
        taken.update(new.values())
        yield clip, new


def _leave_behind(plan: Layout, root: Path, clips: list[Clip], style: Style) -> None:
    (root / "~$table.xlsx").write_bytes(b"lock")
    (root / "readme.txt").write_text("Virtual faces: no person is in them.\n", encoding="utf-8")
    for clip in clips:
        for other in plan.extra_folders(clip, style):
            (root / other).mkdir(parents=True, exist_ok=True)
            image = drawer(clip, "plain", (16, 16), False)
            for number in range(1, 4):
                write_image(root / other / f"{number}.png", image(number), True)
        folder = root / plan.folder(clip, style)
        first = next(folder.iterdir()).name
        (folder / f"._{first}").write_bytes(b"\0\5\26\7")  # what macOS leaves on disks of other systems
        for name in _within(root, folder):
            for leftover in LEFTOVERS:
                (name / leftover).write_bytes(b"\0")


def _within(root: Path, folder: Path) -> Iterable[Path]:
    return [one for one in (folder, *folder.parents) if one.is_relative_to(root)]
