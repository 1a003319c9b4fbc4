import pandas as pd
import pytest

import merbench
from merbench.data.clips import COLUMNS, clips_digest, labels_digest

ROWS = {
    "clip": ["mydb/s1/a", "mydb/s1/b"],
    "database": ["mydb", "mydb"],
    "subject": ["mydb/s1", "mydb/s1"],
}


def test_columns_that_a_release_does_not_have_are_filled_with_missing_values():
    table = merbench.clip_table(ROWS)
    assert list(table.columns) == list(COLUMNS)
    assert {name: str(kind) for name, kind in table.dtypes.items()} == COLUMNS
    assert table["apex"].isna().all()
    assert list(table["label"]) == [-1, -1]


def test_the_table_that_was_handed_in_stays_as_it_is():
    mine = pd.DataFrame(ROWS, index=[7, 9])
    assert list(merbench.clip_table(mine).index) == [0, 1]
    assert list(mine.columns) == list(ROWS)
    assert list(mine.index) == [7, 9]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clip": ["mydb/s1/a", "mydb/s1/a"]}, "are listed twice: mydb/s1/a"),
        ({"colour": ["red", "red"]}, "unknown columns ['colour']"),
        ({"subject": ["s1", "s1"]}, "subject 's1' must read database/subject"),
        ({"clip": ["mydb/s2/a", "mydb/s1/b"]}, "clip 'mydb/s2/a' must read database/subject/clip"),
        ({"clip": ["mydb/s1/../a", "mydb/s1/b"]}, "cannot be a clip id"),
        ({"clip": ["mydb/s1/.", "mydb/s1/b"]}, "cannot be a clip id"),
        ({"clip": ["mydb/s1/a\nb", "mydb/s1/b"]}, "cannot be a clip id"),
        ({"clip": ["mydb/s1/a b", "mydb/s1/b"]}, "cannot be a clip id"),
        ({"subject": ["mydb/s1", None]}, "cannot be a subject id"),
        ({"onset": ["early", 3]}, "of the wrong kind"),
    ],
)
def test_a_wrong_table_is_refused_in_one_line(change, message):
    with pytest.raises(merbench.ReleaseError) as caught:
        merbench.clip_table({**ROWS, **change})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_column_is_named():
    with pytest.raises(merbench.ReleaseError, match=r"missing columns \['subject'\]"):
        merbench.clip_table({"clip": ["a"], "database": ["a"]})


def test_irregular_names_of_real_databases_are_ids():
    names = ("casme2/sub04/EP06_02_01", "casme3/spNO.1/a-355", "4dme/s-01/x(2)", "samm/006/006_1_2")
    table = merbench.clip_table(
        {
            "clip": names,
            "database": [name.split("/")[0] for name in names],
            "subject": [name.rsplit("/", 1)[0] for name in names],
        }
    )
    assert tuple(table["clip"]) == names


def test_digests_tell_order_and_labels_apart():
    table = merbench.clip_table({**ROWS, "label": [0, 1]})
    turned = merbench.clip_table(table.iloc[::-1])
    assert clips_digest(table) != clips_digest(turned)
    assert clips_digest(table) == clips_digest(table.assign(label=[1, 1]))
    assert labels_digest(table) != labels_digest(table.assign(label=[1, 1]))
    # printf 'mydb/s1/a\nmydb/s1/b' | sha256sum
    assert clips_digest(table) == "d6cc24564ac9c159d5881a99d2643d7d081aa85cc3ebefa1fb2c1d0f26676ffd"


def test_a_subject_is_exactly_a_name_within_its_database():
    rows = {"clip": ["d/a/b/c"], "database": ["d"], "subject": ["d/a/b"]}
    with pytest.raises(merbench.ReleaseError, match="subject 'd/a/b' must read database/subject"):
        merbench.clip_table(rows)
    with pytest.raises(merbench.ReleaseError, match="clip 'd/a/b/c' must read database/subject/clip"):
        merbench.clip_table(rows | {"subject": ["d/a"]})
