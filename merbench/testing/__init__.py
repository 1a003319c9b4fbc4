"""What plugin authors test with: virtual faces whose every motion is known, and releases laid out as databases are.

No person is in any of it: see `face.py`.
"""

from merbench.testing.video import RenderedClip, render, write_frames

__all__ = ["RenderedClip", "render", "write_frames"]
