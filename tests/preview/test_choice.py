import pytest

from merbench.data.clips import clip_table
from merbench.errors import OptionError
from merbench.preview.choice import chosen

ROWS = [  # subject, clip, label
    ("a/1", "x", 0), ("a/1", "y", 0), ("a/2", "x", 0), ("a/3", "x", 0),
    ("a/1", "z", 1), ("a/1", "w", 1), ("b/1", "x", 0),
]  # fmt: skip
CLIPS = clip_table(
    {
        "clip": [f"{subject}/{clip}" for subject, clip, _ in ROWS],
        "database": [subject[0] for subject, _, _ in ROWS],
        "subject": [subject for subject, _, _ in ROWS],
        "label": [label for _, _, label in ROWS],
    }
)


def ids(table):
    return list(table["clip"])


def test_two_clips_of_each_class_and_database_are_taken_of_different_subjects_where_there_are_two():
    assert ids(chosen(CLIPS, None)) == ["a/1/x", "a/2/x", "a/1/z", "a/1/w", "b/1/x"]


def test_a_shell_pattern_takes_what_it_matches_in_the_order_of_the_table():
    assert ids(chosen(CLIPS, "*/x")) == ["a/1/x", "a/2/x", "a/3/x", "b/1/x"]
    assert ids(chosen(CLIPS, "a/[12]/x")) == ["a/1/x", "a/2/x"]
    assert ids(chosen(CLIPS, "*")) == ids(CLIPS)
    assert list(chosen(CLIPS, "b/*").index) == [0]


def test_a_pattern_that_matches_nothing_names_the_nearest_clips():
    with pytest.raises(OptionError, match=r"--clips 'a/3/y' matches none of 7 clips \(nearest: a/3/x, .*'a/1/\*'"):
        chosen(CLIPS, "a/3/y")
