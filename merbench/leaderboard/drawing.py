"""A drawing by matplotlib as an SVG string that stands inside a page: classes for colours, text as text, few bytes.

A page's stylesheet gives every class one CSS `color`; the drawing takes it as `currentColor`, for its text, its strokes
and its fills. So a picture follows the theme, and has neither a style attribute nor an element that a strict
content-security policy would refuse. The root has the class `pic`.
"""

from __future__ import annotations

# class -> what it is for. The stylesheet gives each a `color` in both themes.
CLASSES = {
    "pic-ink": "names and numbers (contrast 4.5 on the page)",
    "pic-muted": "axis labels, legends, headings of groups (contrast 4.5 on the page)",
    "pic-grid": "thin lines behind the marks",
    "pic-accent": "honest figures, their intervals, a curve (contrast 3 on the page)",
    "pic-band": "the band around a curve, a soft accent",
    "pic-reported": "what a paper reports (contrast 3 on the page)",
    "pic-warn": "figures with the epoch chosen on the test labels (contrast 3 on the page)",
    "pic-page": "the page's background: the inside of a hollow mark",
    **{
        f"pic-fill{level}": f"a cell's shade: {level} tenths, from the page's background to the accent"
        for level in range(11)
    },
    "pic-on-low": "numbers on pic-fill0 to pic-fill5 (contrast 4.5 on each)",
    "pic-on-high": "numbers on pic-fill6 to pic-fill10 (contrast 4.5 on each)",
}
