"""A page to look at what became of a dataset's clips: every feature that can be drawn, each in all its variants."""
