"""The pictures of a board and an entry: SVG whose words are text, that is safe to stand in a page."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from merbench.leaderboard.bibliography import Paper
from merbench.leaderboard.board_charts import NARROW, dumbbells, forest, subject_matrix
from merbench.leaderboard.boards import make_site
from merbench.leaderboard.entries import Figure, make_entry
from merbench.leaderboard.entry_charts import confusions, loss_curve
from merbench.leaderboard.rows import Row
from merbench.leaderboard.seed_chart import seeds_of
from merbench.leaderboard.wording import figure
from merbench.runs.scoring import Counts

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "\u202e$x_{1}$<script>alert(1)</script> \u0007 & \"' " + "long" * 3000


@pytest.fixture(scope="module")
def board(make_record, registry):
    records = [
        *(make_record("good", accuracy=0.8, draw=seed, seed=seed) for seed in (0, 1)),
        make_record("fair", accuracy=0.6, draw=5, oracle=None),
    ]
    (found,) = make_site([make_entry(record, registry) for record in records], (), registry).boards
    paper = Row("p", "Good", "reported", "not stated", {"full": {"uf1": Figure(0.86)}})
    return replace(found, rows=(*found.rows, paper))


@pytest.fixture(scope="module")
def entry(board):
    return board.rows[0].entries[0]


def drawn(board, entry) -> list[str]:
    return [
        *of_board(board),
        *(svg for policy in entry.figures for svg in confusions(entry, policy)),
        loss_curve(entry),
    ]


def of_board(board) -> list[str]:
    """The pictures of a page, in both widths."""
    draw = (forest, dumbbells, subject_matrix, lambda board, narrow: seeds_of(board, board.rows[0], narrow=narrow))
    return [one(board, narrow=narrow) for one in draw for narrow in (False, True)]


def words(svg: str) -> list[str]:
    return ["".join(one.itertext()) for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_every_picture_says_in_words_what_it_shows(board, entry):
    for svg in drawn(board, entry):
        root = ElementTree.fromstring(svg)
        assert root.get("role") == "img"
        named = root.get("aria-labelledby").split()
        ids = {one.get("id"): one for one in root.iter() if one.get("id")}
        assert [ids[name].tag for name in named] == [f"{SVG}title", f"{SVG}desc"]
        assert all(ids[name].text for name in named)


def test_a_picture_can_do_nothing_but_be_seen(board, entry):
    for svg in drawn(board, entry):
        for one in ElementTree.fromstring(svg).iter():
            assert one.tag.removeprefix(SVG) not in ("script", "style", "foreignObject", "image", "a", "use")
            assert not [name for name in one.attrib if name == "style" or name.startswith("on") or "href" in name]
        assert "<?xml" not in svg
        assert "<!DOCTYPE" not in svg


def test_the_same_board_gives_the_same_bytes(board, entry):
    assert drawn(board, entry) == drawn(board, entry)


def test_no_two_pictures_of_a_page_share_an_id(board, entry):
    for page in (of_board(board), drawn(board, entry)[8:]):
        ids = re.findall(r'\bid="([^"]+)"', "".join(page))
        assert len(ids) == len(set(ids))


def test_the_forest_names_every_row_with_its_figure_and_its_interval(board):
    told = " ".join(words(forest(board)))
    for row in board.rows[:2]:
        figure = row.figures["full"]["uf1"]
        assert row.model in told
        assert f"{figure.value:.3f}".removeprefix("0") in told
        assert f"{figure.interval[0]:.2f}".removeprefix("0") in told
    assert ".860" in told


def test_a_run_is_named_by_its_recipe_and_a_papers_figure_by_its_year(board):
    cited = Paper("A net", 2019)
    rows = [replace(row, paper=cited, first_published=2019) for row in board.rows]
    said = " ".join(words(forest(replace(board, rows=tuple(rows)))))
    assert "good, quick" in said
    assert "Good, 2019" in said
    assert "good, 2019" not in said


def test_the_dumbbells_have_a_papers_figure_beside_the_honest_one_and_the_test_selected_one(board):
    told = words(dumbbells(board))
    row = next(row for row in board.rows if row.model == "good")
    for value in (0.86, row.figures["full"]["uf1"].value, row.oracle["full"]["uf1"].value):
        assert f"{value:.3f}".removeprefix("0") in told


def test_every_picture_of_rows_says_what_each_run_is(board):
    shortened = tuple(replace(row, claim="shortened", claim_about="half the epochs") for row in board.rows[:2])
    rows = (*shortened, *board.rows[2:])
    for draw in (forest, dumbbells, subject_matrix):
        for narrow in (False, True):
            told = ElementTree.fromstring(draw(replace(board, rows=rows), narrow=narrow)).find(f"{SVG}desc").text
            assert "(shortened: half the epochs)" in told


def test_a_mark_names_its_row_what_ran_and_the_recipe_where_the_pointer_rests_on_it(board):
    rows = tuple(replace(row, claim="shortened", claim_about="half the epochs") for row in board.rows[:1])
    root = ElementTree.fromstring(forest(replace(board, rows=(*rows, *board.rows[1:]))))
    (mark,) = [one for one in root.iter(f"{SVG}g") if one.find(f"{SVG}title").text.startswith("good")]
    assert mark.find(f"{SVG}title").text.startswith("good, quick (shortened: half the epochs): .")
    assert mark.find(f"{SVG}path") is not None


def test_a_legend_says_what_a_hollow_mark_is(board):
    for draw in (forest, dumbbells):
        assert any("shortened, or own settings" in one for one in words(draw(board)))


def test_a_confusion_matrix_shows_its_counts_and_classes(entry):
    told = words(confusions(entry, "last")[0])
    counts = entry.counts.confusions["last"].sum(axis=0)
    for count in counts.ravel():
        assert str(count) in told
    assert {"negative", "positive", "surprise"} <= set(told)


def test_a_dataset_of_one_database_has_one_matrix(make_record, registry):
    entry = make_entry(make_record(dataset="smic-3", protocol="loso-per-database"), registry)
    (only,) = confusions(entry, "last")
    assert "full, 164 clips" in words(only)


def test_seven_classes_have_seven_rows(entry):
    names = [f"class {number}" for number in range(7)]
    counts = np.arange(2 * 49).reshape(2, 7, 7)
    plan = entry.record.plan.model_copy(update={"classes": names})
    seven = replace(
        entry,
        record=entry.record.model_copy(update={"plan": plan}),
        counts=Counts(rows=(("d/a", "d/a"), ("d/b", "d/b")), cells={"last": counts}, databases=("d",)),
    )
    told = words(confusions(seven, "last")[0])
    assert [told.count(str(total)) >= 1 for total in counts.sum(axis=0).ravel()] == [True] * 49


def test_hostile_names_are_words_cut_short(board, entry):
    rows = tuple(replace(row, model=HOSTILE, recipe=HOSTILE) for row in board.rows)
    for svg in of_board(replace(board, rows=rows)):
        assert max(map(len, words(svg))) < 200
        assert "script" not in {one.tag.removeprefix(SVG) for one in ElementTree.fromstring(svg).iter()}
        assert "$x_{1}$" in svg  # no mathematics
    plan = entry.record.plan.model_copy(update={"model": HOSTILE, "classes": [HOSTILE[:90], "b", "c"]})
    hostile = replace(entry, record=entry.record.model_copy(update={"plan": plan}))
    for svg in (*confusions(hostile, "last"), loss_curve(hostile)):
        ElementTree.fromstring(svg)


def test_no_picture_has_a_coordinate_that_is_no_number(board, entry):
    for svg in drawn(board, entry):
        assert not re.search(r'="[^"]*\b(nan|inf)\b', svg)


def test_a_record_without_losses_has_no_curve(make_record, registry):
    assert loss_curve(make_entry(make_record(declared="last"), registry)) == ""


def test_pictures_are_small(board, entry):
    assert max(len(svg.encode()) for svg in drawn(board, entry)) < 40_000


def test_no_text_of_a_picture_for_a_phone_is_smaller_than_eleven_pixels(board):
    for svg in of_board(board)[1::2]:
        root = ElementTree.fromstring(svg)
        assert float(root.get("width")) <= NARROW
        sizes = [float(one.get("font-size", root.get("font-size"))) for one in root.iter(f"{SVG}text")]
        assert min(sizes) >= 11


def test_no_mark_of_a_picture_lies_outside_it(board):
    for svg in of_board(board):
        root = ElementTree.fromstring(svg)
        width, height = float(root.get("width")), float(root.get("height"))
        for one in root.iter(f"{SVG}text"):
            assert 0 <= float(one.get("x")) <= width
            assert 0 <= float(one.get("y")) <= height


def test_the_picture_of_a_part_has_the_scores_and_the_subjects_of_the_part(board):
    row = board.ranked_by("samm")[0]
    told = words(forest(board, "samm"))
    assert any(figure(row.figures["samm"]["uf1"].value) in one for one in told)
    assert "UF1, the clips of SAMM" in told
    headings = [one for one in words(subject_matrix(board, "samm")) if one.endswith("subjects")]
    assert headings == ["SAMM, 28 subjects"]


def test_the_seeds_of_a_row_stand_beside_their_mean(board):
    row = board.rows[0]
    told = ElementTree.fromstring(seeds_of(board, row)).find(f"{SVG}desc").text
    for entry in row.entries:
        assert figure(entry.figures["last"]["smic"]["uf1"].value) in told
    assert figure(row.figures["smic"]["uf1"].value) in told
