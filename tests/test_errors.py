"""How errors put many names, and the text of other errors, into one line."""

from __future__ import annotations

import pytest

from merbench.errors import and_more, one_line


@pytest.mark.parametrize(
    ("names", "limit", "separator", "text"),
    [
        ([], 2, ", ", ""),
        (["a", "b"], 2, ", ", "a, b"),
        (["a", "b", "c", "d"], 2, ", ", "a, b and 2 more"),
        (["a is b", "c is d"], 1, "; ", "a is b; and 1 more"),
    ],
)
def test_the_first_names_are_shown_and_the_others_counted(names, limit, separator, text) -> None:
    assert and_more(names, limit, separator) == text


def test_an_error_of_several_lines_is_shown_in_one() -> None:
    assert one_line(ValueError("first\n   second\tthird")) == "first second third"
