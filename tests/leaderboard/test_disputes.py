"""Contested and withdrawn records: the table, and what the pages make of it."""

from __future__ import annotations

import re

import pytest

from merbench.leaderboard.build import build
from merbench.leaderboard.disputes import read_disputes, require_records
from merbench.leaderboard.lines import InvalidReport

HEAD = "record,status,date,link,reason\n"
LINK = "https://example.org/issue/1"


@pytest.fixture
def table(tmp_path):
    def write(*lines: str):
        path = tmp_path / "disputes.csv"
        path.write_text(HEAD + "".join(f"{line}\n" for line in lines), "utf-8")
        return path

    return write


@pytest.fixture
def built(tmp_path, save, make_record, registry, table, monkeypatch):
    """Builds three records, with lines about the first of them; the texts of the files."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    records = [make_record(name, accuracy=share, draw=draw) for draw, (name, share) in enumerate(
        (("first", 0.9), ("second", 0.7), ("third", 0.5)), 1)]  # fmt: skip
    for record in records:
        save(record, record.plan.model)

    def of(*lines: str) -> dict[str, str]:
        path = table(*(line.replace("ID", records[0].id[:12]) for line in lines))
        build([tmp_path / "records"], None, tmp_path / "site", registry, disputes=path)
        found = (
            one for one in (tmp_path / "site").rglob("*") if one.suffix in {".html", ".json", ".xml", ".csv", ".svg"}
        )
        return {one.relative_to(tmp_path / "site").as_posix(): one.read_text("utf-8") for one in found}

    return of


def entry(pages, model):
    return next(text for name, text in pages.items() if name.startswith("entries/") and f"<h1>{model}" in text)


def test_a_contested_record_keeps_its_rank_and_is_marked_on_its_row_its_page_and_in_the_feed(built):
    pages = built(f"ID,contested,2026-11-30,{LINK},The weights differ.")
    board = pages["boards/composite-loso.html"]
    assert f'<a href="{LINK}" rel="noopener noreferrer">contested</a>' in board
    assert "Contested on 2026-11-30: The weights differ." in board
    assert "The weights differ." in entry(pages, "first")
    assert f'href="{LINK}"' in entry(pages, "first")
    assert "The weights differ." not in entry(pages, "second")
    assert "<title>Contested: first quick, seed 0</title><updated>2026-11-30T00:00:00Z</updated>" in pages["feed.xml"]
    assert '"rank":1' in pages["boards/composite-loso.json"]
    assert '"contested":[{"date":"2026-11-30"' in pages["boards/composite-loso.json"]


def test_a_withdrawn_record_is_struck_and_the_others_move_up(built):
    pages = built("ID,withdrawn,2026-11-30,,A wrong clip list.")
    board = pages["boards/composite-loso.html"]
    struck = " ".join(board.partition('id="past"')[2].split())
    assert "<s>first quick, seed 0</s>" in struck
    assert "A wrong clip list." in struck
    assert "<td>1 <a" in board.partition(">second</a>")[0][-400:]
    assert not any(name.startswith("entries/") and "<h1>first" in text for name, text in pages.items())
    assert "Withdrawn: first quick" in pages["feed.xml"]


def test_a_withdrawn_record_can_still_be_downloaded(built, tmp_path):
    built("ID,withdrawn,2026-11-30,,A wrong clip list.")
    assert len(list((tmp_path / "site" / "records").iterdir())) == 3


def test_a_board_whose_only_record_is_withdrawn_shows_it(tmp_path, save, make_record, registry, table, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    record = make_record("alone")
    save(record, "alone")
    path = table(f"{record.id},withdrawn,2026-11-30,,Gone.")
    site = build([tmp_path / "records"], None, tmp_path / "site", registry, disputes=path)
    assert [one.model for board in site.boards for one in board.past] == ["alone"]
    assert "<s>alone quick" in (tmp_path / "site" / "boards" / "composite-loso.html").read_text("utf-8")


def test_free_text_of_a_dispute_stays_text_on_every_page_and_in_every_file(built):
    hostile = '<script>alert(1)</script> \u202eevil\u2067 "'
    pages = built(
        f"ID,contested,2026-11-30,,{hostile.replace(chr(34), '')}", f"ID,contested,2026-11-29,,=1+1 {hostile[:8]}"
    )
    for name, text in pages.items():
        if not name.endswith((".json", ".csv")):
            assert "<script>alert" not in text, name
        assert "\u202e" not in text, name
        assert "\u2067" not in text, name


def test_the_id_may_be_full_or_its_first_twelve_digits(table):
    path = table(f"{'ab' * 32},contested,2026-11-30,,a", f"{'cd' * 6},withdrawn,2026-11-30,,b")
    assert [one.entry for one in read_disputes(path)] == ["ab" * 6, "cd" * 6]
    require_records(read_disputes(path), {"ab" * 32, "cd" * 32}, path)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("abc,contested,2026-11-30,,x", "record: String should match pattern"),
        ("0123456789ab,disputed,2026-11-30,,x", "status: Input should be 'contested' or 'withdrawn', found 'disputed'"),
        ("0123456789ab,contested,2026-02-30,,x", "date: not a date; write YYYY-MM-DD, found '2026-02-30'"),
        ("0123456789ab,contested,2026-11-30,javascript:alert(1),x", "link: String should match pattern"),
        ("0123456789ab,contested,2026-11-30,,", "reason: is empty"),
        ("0123456789ab,contested,2026-11-30", "3 cells, but the header has 5; quote commas"),
        ("0123456789ab,contested,2026-11-30,,\x1b[31m", "reason: String should match pattern"),
    ],
)
def test_a_line_that_is_not_valid_is_named_in_one_line(table, line, reason):
    path = table(line)
    with pytest.raises(InvalidReport, match=re.escape(f"{path}, line 2: {reason}")) as error:
        read_disputes(path)
    assert str(error.value).isprintable()


def test_a_line_that_is_listed_twice_is_refused(table):
    line = "0123456789ab,contested,2026-11-30,,x"
    with pytest.raises(InvalidReport, match="line 3: the same as on line 2; remove one of them"):
        read_disputes(table(line, line))


def test_an_unknown_record_is_refused_and_the_old_site_stays(built, tmp_path):
    before = built()
    with pytest.raises(InvalidReport, match=r"disputes.csv: no record has the id 0123456789ab; correct the id, or put"):
        built("0123456789ab,contested,2026-11-30,,x")
    assert (tmp_path / "site" / "index.html").read_text("utf-8") == before["index.html"]


def test_no_table_is_no_disputes():
    assert read_disputes(None) == ()
    require_records((), {"a" * 64}, None)
