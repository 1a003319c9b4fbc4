"""What the export buttons of a table write."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from merbench.leaderboard.about import About
from merbench.leaderboard.bibliography import Paper
from merbench.leaderboard.boards import make_site
from merbench.leaderboard.citation import paper_bibtex
from merbench.leaderboard.entries import Figure, make_entry
from merbench.leaderboard.rows import Row
from merbench.leaderboard.table_exports import board_exports, record_exports
from merbench.leaderboard.wording import figure

HOSTILE = "\u202e50 % of \\input{x} & $y_1$ #\n"


@pytest.fixture(scope="module")
def board(make_record, registry):
    records = [
        make_record("good", accuracy=0.8, seed=0),
        make_record("good", accuracy=0.8, draw=1, seed=1),
        make_record("near", accuracy=0.78, draw=3),
        make_record("far", accuracy=0.4, draw=5),
        make_record("chosen", accuracy=0.95, declared="oracle"),
    ]
    (found,) = make_site([make_entry(record, registry) for record in records], (), registry).boards
    paper = Paper("A title", 2024, "Table 2", "https://example.org/a_b", "paper", ("Wang", "Zhang"), "Journal 602")
    reported = Row("p", "Paper's net", "reported", "not stated", {"full": {"uf1": Figure(0.9123456789)}}, paper=paper)
    return replace(found, rows=(*found.rows, reported))


@pytest.fixture(scope="module")
def exports(board):
    return board_exports(board, "full", board.rows, About())


def test_every_figure_is_exported_in_full_precision(board, exports):
    row, found = next(pair for pair in zip(board.rows, exports["figures"], strict=True) if pair[0].model == "good")
    for part, scores in row.figures.items():
        for metric in ("uf1", "uar"):
            one = scores[metric]
            assert found[f"{part}-{metric}"] == [one.value, *one.interval, one.spread]
    assert exports["figures"][-1]["full-uf1"] == [0.9123456789]


def test_a_line_of_latex_has_method_year_and_the_scores_of_every_part_in_one_order(board, exports):
    head = exports["latex"][0]
    names = ["all clips", "SMIC-HS", "CASME II", "SAMM"]
    assert sorted(names, key=head.index) == names
    assert head.count("UF1 & UAR") == 4
    assert all(line.count(" & ") == 9 for line in exports["lines"])
    assert exports["lines"][-1].startswith("  Paper's net & 2024 & .912 & --")


def test_latex_marks_the_leading_group_and_no_row_without_rank(board, exports):
    bold = {row.model: re.findall(r"\\textbf", line) for row, line in zip(board.rows, exports["lines"], strict=True)}
    leading = {row.model for row in board.ranked if row.standing.leading}
    assert leading == {"good", "near"}
    for row, line in zip(board.rows, exports["lines"], strict=True):
        assert (f"\\textbf{{{figure(row.uf1.value)}}}" in line.split(" & ")[2]) == (row.model in leading)
    assert not bold["chosen"]
    assert not bold["Paper's net"]


def test_hostile_names_are_escaped_for_latex(board):
    rows = tuple(replace(row, model=HOSTILE, title="", recipe=HOSTILE) for row in board.rows)
    for line in board_exports(replace(board, rows=rows), "full", rows, About())["lines"]:
        assert line.count("\n") == 1
        assert not re.search(r"(?<!\\)[%$#]|\u202e|\\input", line)


def test_a_paper_is_cited_with_authors_title_venue_year_and_address(exports):
    text = exports["citations"][exports["cited"][-1][0]]
    for line in (
        "author = {Wang and Zhang}", "title = {{A title}}", "journal = {Journal}", "volume = {602}", "year = {2024}",
        "url = {https://example.org/a_b}", "note = {Table 2}",
    ):  # fmt: skip
        assert line in text
    assert text.startswith("@article{wang2024-")


def test_a_row_of_several_seeds_is_cited_as_a_row_with_its_records(board, exports):
    row = next(row for row in board.rows if row.model == "good")
    text = exports["citations"][exports["cited"][board.rows.index(row)][-1]]
    assert text.startswith(f"@misc{{merbench-row-{row.id},")
    assert all(entry.id in text for entry in row.entries)


def test_an_address_cannot_end_its_field():
    text = paper_bibtex(Paper("t", link="https://example.org/}{"))
    assert text.count("{") == text.count("}")
    assert "url = {https://example.org/%7D%7B}" in text


def test_a_record_is_exported_in_full_too(board):
    entry = board.rows[0].entries[0]
    found = record_exports([entry], About())
    assert found["figures"][0]["uf1"][0] == entry.figures["last"]["full"]["uf1"].value
    assert found["lines"][0].count(" & ") == 6
