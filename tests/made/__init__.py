"""Releases of virtual faces, laid out on disk exactly as the field's databases are; see `write_release`."""

from tests.made.drawing import plain_grey
from tests.made.writing import LAYOUTS, made_clips, write_release

__all__ = ["LAYOUTS", "made_clips", "plain_grey", "write_release"]
