"""What plugin authors test with: virtual faces whose every motion is known, and releases laid out as databases are.

No person is in any of it: see `face.py`.
"""

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
from merbench.testing.video import RenderedClip, render, write_frames

__all__ = [
    "LAYOUTS",
    "MARGIN",
    "QUIRKS",
    "RenderedClip",
    "cached_shelf",
    "made_clips",
    "plain_grey",
    "render",
    "rendering",
    "write_frames",
    "write_release",
]
