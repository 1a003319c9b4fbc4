"""HSTA: hierarchical space-time attention over a clip's frames, and over its onset and apex."""
