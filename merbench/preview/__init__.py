"""A page with pictures of a dataset's clips: every feature that can be drawn, in all its variants."""
