"""What plugin authors test with: virtual faces whose every motion is known, and releases laid out as databases are.

No person is in any of it: see `face.py`.
"""

from merbench.testing.muscles import shown_units
from merbench.testing.releases import (
    LAYOUTS,
    MARGIN,
    QUIRKS,
    cached_shelf,
    made_clips,
    plain_grey,
    rendering,
    write_release,
)
from merbench.testing.shape import generator
from merbench.testing.video import DrawnFrames, RenderedClip, render, write_frames

__all__ = [
    "LAYOUTS",
    "MARGIN",
    "QUIRKS",
    "DrawnFrames",
    "RenderedClip",
    "cached_shelf",
    "generator",
    "made_clips",
    "plain_grey",
    "render",
    "rendering",
    "shown_units",
    "write_frames",
    "write_release",
]
