"""Releases of virtual faces, laid out on disk exactly as the field's databases are; see `write_release`."""

from tests.made.clips import MARGIN, rendering
from tests.made.drawing import plain_grey
from tests.made.quirks import QUIRKS
from tests.made.shelf import cached_shelf
from tests.made.writing import LAYOUTS, made_clips, write_release

__all__ = ["LAYOUTS", "MARGIN", "QUIRKS", "cached_shelf", "made_clips", "plain_grey", "rendering", "write_release"]
