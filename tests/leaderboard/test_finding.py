"""The first sentence of a board, and the figures beside its picture."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

import pytest

from merbench.leaderboard.boards import Board, make_site
from merbench.leaderboard.entries import Figure
from merbench.leaderboard.finding import facts, foremost, headline, leading, middle, selected
from merbench.leaderboard.pages import render
from merbench.leaderboard.rows import Paper, Row
from merbench.leaderboard.wording import rounded, rounded_sign


@pytest.fixture
def board_of(entry_of, registry):
    def made(*records, reported=()) -> Board:
        (board,) = make_site(map(entry_of, records), reported, registry).boards
        return board

    return made


@pytest.fixture
def tied(board_of, make_record) -> Board:
    return board_of(*(make_record(f"net{n}", accuracy=0.8, draw=n) for n in range(4)))


def papers(*rows: Row) -> Board:
    return Board("b", "d", "p", (), ("full",), (), None, None, {}, rows)


def paper(value: float, evidence: str) -> Row:
    cited = Paper("A paper", 2020, evidence=evidence)
    return Row("x", "Net", "reported", "not stated", {"full": {"uf1": Figure(value)}}, paper=cited)


def test_the_headline_has_the_middle_score_the_highest_report_and_how_many_models_share_first_place(tied) -> None:
    score = middle(tied.ranked, lambda row: row.uf1)
    assert score is not None
    found = f"Honest runs score {rounded(score.value)}"
    assert headline(tied) == f"{found}, and the 4 models cannot be told apart"
    reported = replace(tied, rows=(*tied.rows, paper(0.9, "paper")))
    assert headline(reported) == f"{found}, reported figures go up to .90, and the 4 models cannot be told apart"


def test_a_model_with_many_recipes_counts_once(board_of, make_record) -> None:
    records = [make_record("net", settings={"width": width}, accuracy=0.8, draw=width) for width in range(5)]
    board = board_of(*records, make_record("other", accuracy=0.82, draw=7), make_record("bad", accuracy=0.4))
    best = {row.model: row.uf1.value for row in reversed(board.ranked)}
    assert [row.model for row in foremost(board.ranked)] == sorted(best, key=best.get, reverse=True)
    score = max(best["net"], best["other"])
    assert headline(board).endswith(f"score {rounded(score)}, and 2 of 3 models cannot be told apart")


def test_a_part_has_a_headline_of_its_own(tied) -> None:
    score = middle(foremost(leading(tied, "samm")), lambda row: row.uf1_of("samm"))
    assert score is not None
    assert headline(tied, "samm").partition(",")[0].endswith(f" score {rounded(score.value)} on SAMM")


def test_the_page_of_each_part_has_the_headline_of_the_part_above_its_table(entry_of, make_record, registry) -> None:
    site = make_site([entry_of(make_record(f"net{n}", accuracy=0.8, draw=n)) for n in range(3)], (), registry)
    (board,), pages = site.boards, dict(render(site))
    for part in board.parts:
        heading = pages[f"boards/{board.stem(part)}.html"].split("<h1")[1].split("</h1>")[0]
        assert headline(board, part) in heading
    assert len({headline(board, part) for part in board.parts}) == len(board.parts)


def test_the_headline_names_a_row_that_leads_alone(board_of, make_record) -> None:
    board = board_of(make_record("good", accuracy=0.95), make_record("bad", accuracy=0.4))
    assert headline(board).endswith("and good leads")


def test_the_headline_of_one_row_names_no_winner(board_of, make_record) -> None:
    assert headline(board_of(make_record())).endswith(": one entry so far")


def test_without_ranked_rows_there_is_no_headline() -> None:
    assert headline(papers(paper(0.9, "paper"))) == ""


def test_the_middle_of_an_even_number_of_rows_is_the_better_of_two(tied) -> None:
    values = sorted(row.uf1.value for row in tied.ranked)
    found = middle(tied.ranked, lambda row: row.uf1)
    assert found is not None
    assert found.value == values[2]
    assert found.interval == next(row.uf1.interval for row in tied.ranked if row.uf1.value == values[2])


def test_rows_without_a_figure_have_no_middle(board_of, make_record) -> None:
    assert middle(board_of(make_record(oracle=None)).ranked, selected) is None


def test_the_facts_give_the_median_gain_of_choosing_on_the_test_subject_and_its_range(tied) -> None:
    gains = sorted(row.selection for row in tied.rows)
    (found,) = [one for one in facts(tied) if "choosing" in one.text]
    assert found.value == rounded_sign(median(gains))
    assert f"the median of 4 leading networks; {rounded_sign(gains[0])} to {rounded_sign(gains[-1])}" in found.text


def test_beside_the_gain_stand_the_epochs_and_what_choosing_among_seeds_adds(board_of, make_record) -> None:
    board = board_of(make_record(draw=0), make_record(draw=1, seed=1))
    (found,) = [one for one in facts(board) if "choosing" in one.text]
    (row,) = board.rows
    assert f"among {row.epochs} epochs" in found.text
    assert f"which is chance alone, adds {rounded_sign(row.seed_selection)}." in found.text


def test_without_several_seeds_nothing_is_said_of_seeds(tied) -> None:
    assert not any("seeds" in one.text for one in facts(tied))


def test_a_finding_on_one_source_says_that_it_holds_for_its_data_alone(tied) -> None:
    assert "Every ranked row saw one release (htnet-release)" in facts(tied)[0].text
    other = replace(tied, rows=(replace(tied.rows[0], data_from="frames of smic-hs"), *tied.rows[1:]))
    assert "one release" not in facts(other)[0].text


def test_the_facts_say_how_small_a_difference_the_subjects_can_tell(tied) -> None:
    tests = [row.standing.against_best for row in leading(tied) if row.standing.against_best]
    half = median((one.interval[1] - one.interval[0]) / 2 for one in tests)
    assert facts(tied)[-1].value == f"±{rounded(half)}"
    assert "with 68 subjects" in facts(tied)[-1].text


@pytest.mark.parametrize(("evidence", "said"), [("second-hand", True), ("paper", False)])
def test_the_highest_report_says_whether_its_own_paper_was_read(evidence: str, said: bool) -> None:
    (found,) = facts(papers(paper(0.9, evidence), paper(0.8, "paper")))
    assert found.value == ".90"
    assert ("second-hand" in found.text) is said


def test_a_board_with_nothing_to_say_says_nothing() -> None:
    assert facts(papers()) == []


def test_a_baseline_among_several_leading_rows_is_named_with_the_time_of_its_run(board_of, make_record) -> None:
    baseline = make_record("flow-lr", kind="estimator", recipe="default", settings={}, device="cpu", accuracy=0.8)
    text = facts(board_of(baseline, make_record("net", accuracy=0.8, draw=5)))[0].text
    assert "Logistic regression on flow (recipe default) is in the group; its whole run takes 1.0 min on a CPU." in text
