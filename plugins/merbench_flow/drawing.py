"""Pictures of motion for `merbench data preview`: onset and apex, flow as a colour wheel, strain with its scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import hsv_to_rgb
from matplotlib.figure import Figure

import merbench
from merbench_flow.strain import optical_strain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE, SMALL_SIDE = 224, 168  # pixels of a drawn panel, for features of 224x224 and of 28x28
FOOT, SMALL_FOOT = 60, 24  # pixels below the panels, for text and scales
GAP = 12  # pixels between two panels
INDENT = 8  # pixels between text and the edge of its panel
WHEEL = 50  # pixels of the colour wheel, the key to the flow's colours
INK, MUTED, GROUND, MARK = "#e8e6e1", "#a3a6ac", "#16181b", "#40e0d0"
WORDS = 9.0  # points, at 100 dots per inch
STRAIN_MAP, STRETCHED_MAP = "magma", "viridis"
SCALE = 99.5  # percentile at the end of a scale, so that a few odd pixels at the border do not darken all others


def apex(place: np.ndarray, face: merbench.Frames, landmarks: np.ndarray, *, variant: str) -> np.ndarray:
    """The aligned face at onset and apex. The line below has a stroke for each image from onset to offset, and dots at
    onset and apex.

    Returns:
        uint8 `[284, 460, 3]`.
    """
    first, last, here = face.index(face.onset), face.index(face.offset), int(place[0])
    how = "annotated" if face.apex is not None else "estimated"
    sheet = Sheet(2, SIDE, FOOT)
    sheet.panel(0).imshow(face[first])
    sheet.panel(1).imshow(face[here])
    sheet.words(0, 46, f"onset, frame {face.numbers[first]}")
    sheet.words(1, 46, f"apex, frame {face.numbers[here]}, {how}")
    line = sheet.axes(0, 4, sheet.width, 30)
    line.plot((first, last), (0, 0), color=MUTED, linewidth=1)
    line.plot(range(first, last + 1), [0] * (last + 1 - first), "|", color=MUTED, markersize=6, markeredgewidth=0.8)
    line.plot((first, here), (0, 0), "o", color=MARK, markersize=5)
    line.margins(0.02)
    return sheet.pixels()


def flow(field: np.ndarray, face: merbench.Frames, place: np.ndarray, *, variant: str) -> np.ndarray:
    """Left: the flow. Hue shows its direction and brightness its length; the wheel below is the key. Right: its optical
    strain, as STSTNet defines it, with a scale.

    Returns:
        uint8 `[284, 460, 3]`.
    """
    return flow_and_strain(field, optical_strain(field))


def flow_28_float(image: np.ndarray, face: merbench.Frames, place: np.ndarray, *, variant: str) -> np.ndarray:
    """Left: the flow at 28x28. Hue shows its direction and brightness its length; the wheel below is the key.
    Right: the strain channel, with a scale.

    Returns:
        uint8 `[284, 460, 3]`.
    """
    return flow_and_strain(image[:2], image[2])


def flow_28(image: np.ndarray, *inputs: Any, variant: str = "") -> np.ndarray:
    """The three channels, each from 0 (dark) to 255 (light). Each channel was stretched separately, so the picture does
    not show which value means no motion.

    Returns:
        uint8 `[192, 528, 3]`.
    """
    sheet = Sheet(3, SMALL_SIDE, SMALL_FOOT)
    for number, name in enumerate(("strain", "v (down)", "u (right)")):
        shades = STRETCHED_MAP if number else STRAIN_MAP
        sheet.panel(number).imshow(image[number], vmin=0, vmax=255, cmap=shades, interpolation="nearest")
        sheet.words(number, SMALL_FOOT / 2, name)
    return sheet.pixels()


def flow_and_strain(field: np.ndarray, strain: np.ndarray) -> np.ndarray:
    """Two panels with their scales below: the flow, with hue for direction and brightness for length, and strain."""
    sheet = Sheet(2, SIDE, FOOT)
    length = scale_of(np.hypot(*field))
    sheet.panel(0).imshow(coloured(field, length), interpolation="nearest")
    wheel = sheet.axes(INDENT, (FOOT - WHEEL) / 2, WHEEL, WHEEL)
    wheel.imshow(wheel_image(4 * WHEEL))
    sheet.words(0, FOOT / 2, f"direction and length;\nrim: {length:.2g} px or more", indent=WHEEL + INDENT)
    largest = scale_of(strain)
    sheet.panel(1).imshow(strain, vmin=0, vmax=largest, cmap=STRAIN_MAP, interpolation="nearest")
    bar = sheet.axes(SIDE + GAP + INDENT, 36, SIDE - 2 * INDENT, 10)
    bar.imshow(np.linspace(0, 1, SIDE)[None], cmap=STRAIN_MAP, aspect="auto")
    sheet.words(1, 20, "strain: 0")
    sheet.words(1, 20, f"{largest:.2g} or more", right=True)
    return sheet.pixels()


def scale_of(values: np.ndarray) -> float:
    """The end of a scale for these values; 1 if all are 0."""
    return float(np.percentile(values, SCALE)) or float(values.max()) or 1.0


def coloured(field: np.ndarray, length: float) -> np.ndarray:
    """A field `[2, height, width]`, (u, v), as colours 0..1 `[height, width, 3]`: black without motion, full colour
    from `length` on; red to the right, yellow-green down, cyan to the left, violet up."""
    u, v = field.astype(np.float64)
    hue = np.arctan2(v, u) / (2 * np.pi) % 1
    return hsv_to_rgb(np.stack([hue, np.ones_like(hue), np.minimum(np.hypot(u, v) / length, 1)], axis=-1))


def wheel_image(side: int) -> np.ndarray:
    """A disc with every direction and length up to the scale's end: `[side, side, 4]`, 0..1, transparent around it."""
    row = np.linspace(-1, 1, side)
    field = np.stack(np.meshgrid(row, row))
    inside = np.hypot(*field) <= 1
    return np.dstack([coloured(field, 1.0), inside.astype(np.float64)])


class Sheet:
    """A row of square panels with a foot below.

    Args:
        panels: number of panels.
        side: of each panel, in pixels.
        foot: height in pixels.
    """

    def __init__(self, panels: int, side: int, foot: int) -> None:
        self.side, self.foot = side, foot
        self.width, self.height = panels * side + (panels - 1) * GAP, side + foot
        self.figure = Figure((self.width / 100, self.height / 100), dpi=100, facecolor=GROUND)
        self.canvas = FigureCanvasAgg(self.figure)

    def axes(self, left: float, bottom: float, width: float, height: float) -> Axes:
        """Axes at a place of the sheet, in pixels from its lower left corner."""
        box = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        made = self.figure.add_axes(box)
        made.set_axis_off()
        return made

    def panel(self, number: int) -> Axes:
        """The axes of one square, counted from the left."""
        return self.axes(number * (self.side + GAP), self.foot, self.side, self.side)

    def words(self, number: int, bottom: float, text: str, *, indent: float = 0, right: bool = False) -> None:
        """Write text below a panel; `bottom` is the height of its middle above the lower edge, in pixels."""
        left = number * (self.side + GAP) + (self.side - INDENT if right else INDENT + indent)
        self.figure.text(
            left / self.width, bottom / self.height, text,
            color=INK, fontsize=WORDS, ha="right" if right else "left", va="center",
        )  # fmt: skip

    def pixels(self) -> np.ndarray:
        """The drawing: uint8 `[height, width, 3]`."""
        self.canvas.draw()
        return np.ascontiguousarray(np.asarray(self.canvas.buffer_rgba())[..., :3])
