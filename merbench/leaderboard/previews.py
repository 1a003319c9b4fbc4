"""The picture of a board that a social network shows beside a link: title and finding, as PNG."""

from __future__ import annotations

import functools
import io
from pathlib import Path
from typing import TYPE_CHECKING

from merbench.leaderboard.finding import headline
from merbench.leaderboard.wording import clipped, without_controls

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

    from merbench.leaderboard.boards import Board

__all__ = ["SIZE", "preview"]

SIZE = (1200, 630)  # what social networks show without cutting
PAGE, INK, MUTED, ACCENT = (255, 255, 255), (31, 35, 40), (89, 99, 110), (9, 105, 218)
SHADES = 16  # of each picture: text needs no more, and the file stays small
MARGIN = 80
LINES = 4  # of the finding


def preview(board: Board, title: str) -> bytes:
    """A picture of `SIZE`; the same board gives the same bytes.

    Args:
        board: whose name and finding are drawn; one without ranked rows has no finding.
        title: of the leaderboard.
    """
    from PIL import Image, ImageDraw

    sheet = Image.new("RGB", SIZE, PAGE)
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((0, 0, 24, SIZE[1]), fill=ACCENT)
    draw.text((MARGIN, 70), _plain(title, 60), fill=MUTED, font=_font(32))
    finding = headline(board) or "No runs yet: what papers report, untested"
    lines = _wrapped(_plain(finding, 160), _font(60, bold=True))
    draw.multiline_text((MARGIN, 150), "\n".join(lines), fill=INK, font=_font(60, bold=True), spacing=14)
    draw.text((MARGIN, 500), _plain(board.name, 60), fill=ACCENT, font=_font(36))
    draw.text((MARGIN, 555), _facts(board), fill=MUTED, font=_font(28))
    file = io.BytesIO()
    # The other methods take ten times as long; so does `optimize`, which saves a tenth of the bytes.
    sheet.quantize(SHADES, method=Image.Quantize.FASTOCTREE).save(file, "PNG")
    return file.getvalue()


def _facts(board: Board) -> str:
    counts = (
        (board.clips_total or 0, "clips"),
        (board.subjects_total or 0, "subjects"),
        (len(board.ranked), "ranked rows"),
        (sum(row.badge == "reported" for row in board.rows), "reported rows"),
    )
    return ", ".join(f"{count} {what}" for count, what in counts if count)


def _wrapped(text: str, font: FreeTypeFont) -> list[str]:
    """The text in lines that fit between the margins; the rest of a long text is left out."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if font.getlength(longer) <= SIZE[0] - 2 * MARGIN:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines[:LINES]


def _plain(text: str, most: int) -> str:
    return clipped(" ".join(without_controls(text).split()), most)


@functools.cache
def _font(size: int, *, bold: bool = False) -> FreeTypeFont:
    """A font that comes with matplotlib, so that every machine has it; one line never runs from right to left."""
    import matplotlib
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
