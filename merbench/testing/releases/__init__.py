"""Releases of virtual faces, laid out on disk exactly as the field's databases are; see `write_release`."""

from merbench.testing.releases.clips import MARGIN, rendering
from merbench.testing.releases.drawing import plain_grey
from merbench.testing.releases.quirks import QUIRKS
from merbench.testing.releases.shelf import cached_shelf
from merbench.testing.releases.writing import LAYOUTS, made_clips, write_release

__all__ = ["LAYOUTS", "MARGIN", "QUIRKS", "cached_shelf", "made_clips", "plain_grey", "rendering", "write_release"]
