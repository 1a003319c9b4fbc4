"""Verdicts on methods: what the committed file proves, and what the reader refuses."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from merbench.leaderboard.reported import NOTES_FILE, InvalidReport, read_reported
from merbench.leaderboard.verdicts import VERDICTS_FILE, Verdict, read_verdicts

TABLE = Path(__file__).parents[2] / "leaderboards" / "reported.csv"
COLUMNS = tuple(Verdict.model_fields)
LINE = {
    "method": "Net", "published": "A journal, 2019", "verdict": "chosen on test", "proof": "seen",
    "link": "https://example.org/train.py",
}  # fmt: skip
MARKUP = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
BACKWARDS = "\u202egnp.exe\u2067"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes lines like `LINE`, changed as told, and a note; returns the path of the table of figures beside them."""

    def table(*changes: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> Path:
        with (tmp_path / VERDICTS_FILE).open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(columns)
            lines.writerows([{**LINE, **change}.get(column, "") for column in columns] for change in changes)
        (tmp_path / NOTES_FILE).write_text("id,text\nseen,Seen in train.py.\n")
        return tmp_path / "reported.csv"

    return table


def test_verdicts_are_read_in_their_order_with_the_notes_that_prove_them(write: Write) -> None:
    empty = {"method": "Another", "verdict": "", "proof": "", "link": "", "published": ""}
    assert read_verdicts(write({}, empty)) == (
        Verdict(**{**LINE, "proof": ("Seen in train.py.",)}),
        Verdict(**{**empty, "proof": ()}),
    )


def test_there_need_be_no_verdicts(tmp_path: Path) -> None:
    assert read_verdicts(tmp_path / "reported.csv") == ()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"verdict": "fraud"}, r"verdict: Input should be 'chosen on test', 'other clips' or '', found 'fraud'"),
        ({"verdict": "matches"}, r"verdict: .*found 'matches'"),
        ({"method": ""}, "method: is empty"),
        ({"method": "m" * 1000}, "method: .*at most 200 characters"),
        ({"method": "Net\x1b[31m"}, r"method: .*found 'Net\\x1b\[31m'"),
        ({"published": "p" * 1000}, "published: .*at most 200 characters"),
        ({"published": "two\nlines"}, "published: "),
        ({"proof": "unseen"}, "proof: unknown note 'unseen'; add it to reported-notes.csv"),
        ({"proof": ""}, "proof: is empty, but the verdict is 'chosen on test'; name the note that proves it"),
        ({"link": "javascript:alert(1)"}, r"link: .*found 'javascript:alert\(1\)'"),
        ({"link": 'https://a.org/"><script>'}, "link: "),
    ],
)
def test_a_line_that_cannot_be_shown_is_refused_in_one_line(write: Write, change: dict[str, str], message: str) -> None:
    path = write({"method": "First"}, change)
    with pytest.raises(InvalidReport, match=rf"reported-verdicts\.csv, line \d: {message}") as caught:
        read_verdicts(path)
    assert str(caught.value).isprintable()


def test_a_method_has_one_verdict(write: Write) -> None:
    with pytest.raises(InvalidReport, match="line 3: method 'Net' is listed twice; remove one of the lines"):
        read_verdicts(write({}, {"verdict": ""}))


def test_a_missing_column_is_named(write: Write) -> None:
    with pytest.raises(InvalidReport, match="line 1: missing columns: proof; the columns are method, published"):
        read_verdicts(write({}, columns=tuple(one for one in COLUMNS if one != "proof")))


def test_verdicts_without_their_notes_are_refused(write: Write) -> None:
    path = write({})
    path.with_name(NOTES_FILE).unlink()
    with pytest.raises(InvalidReport, match=r"reported-notes\.csv cannot be read"):
        read_verdicts(path)


def test_markup_and_marks_of_direction_are_text_like_any_other(write: Write) -> None:
    (one,) = read_verdicts(write({"method": BACKWARDS, "published": MARKUP}))
    assert (one.method, one.published) == (BACKWARDS, MARKUP)


# --- the committed file ---


def test_every_committed_verdict_names_a_file_or_the_clips_and_links_the_proof() -> None:
    decided = [one for one in read_verdicts(TABLE) if one.verdict]
    assert {one.verdict for one in decided} == {"chosen on test", "other clips"}
    assert all(one.link.startswith("https://") for one in decided)
    chosen = [one for one in decided if one.verdict == "chosen on test"]
    assert all(".py" in one.proof[0] and one.link.startswith("https://github.com/") for one in chosen)
    assert {"HTNet", "MMNet", "CapsuleNet", "SLSTT", "Off-TANet", "CausalNet"} <= {one.method for one in chosen}


def test_a_committed_verdict_and_the_epoch_policy_of_the_figures_agree() -> None:
    figures = read_reported(TABLE)
    chosen = {one.method for one in read_verdicts(TABLE) if one.verdict == "chosen on test"}
    assert {one.method for one in figures if one.epoch_policy == "test-selected"} == chosen - {"SKD-TSTSAN"}


def test_a_committed_verdict_is_on_a_method_with_figures_but_for_one_whose_paper_is_out_of_reach() -> None:
    methods = {one.method for one in read_reported(TABLE)}
    assert {one.method for one in read_verdicts(TABLE)} - methods == {"SKD-TSTSAN"}
