"""What is known of a method: from papers, from predictions handed in, and from runs."""

from __future__ import annotations

import pytest

from merbench.leaderboard.boards import Board, make_site
from merbench.leaderboard.entries import Figure, make_entry
from merbench.leaderboard.methods import Method, methods_of
from merbench.leaderboard.rows import Row

SHORT = {"badge": "run here", "policy": "last", "recipe": "quick", "claim": "shortened"}
WHOLE = {"badge": "run here", "policy": "last", "recipe": "published", "claim": "as published"}


def row(model: str, uf1: float, **fields) -> Row:
    settings = {"badge": "reported", "policy": "not stated", "figures": {"full": {"uf1": Figure(uf1)}}, **fields}
    return Row(id=f"{model}-{uf1}", model=model, **settings)


def board(*rows: Row) -> Board:
    return Board("b", "d", "p", (), ("full",), (), None, None, {}, rows)


def test_a_papers_figures_belong_to_the_runs_of_that_name_however_it_is_spelt() -> None:
    run = row("st-st net", 0.68, **WHOLE, oracle={"full": {"uf1": Figure(0.76)}})
    found = methods_of(board(run, row("STSTNet", 0.74), row("STSTNet", 0.72), row("HTNet", 0.86)))
    assert found == [
        Method("st-st net", "as published", "published", joined=True, reported=(0.72, 0.74), honest=0.68, selected=0.76)
    ]


def test_honest_and_test_selected_figures_are_those_of_one_row() -> None:
    quick = row("net", 0.71, **SHORT, oracle={"full": {"uf1": Figure(0.8)}})
    other = row("Net", 0.70, badge="run here", policy="last", recipe="meb", oracle={"full": {"uf1": Figure(0.83)}})
    assert methods_of(board(quick, other)) == [
        Method("net", "shortened", "quick", hollow=True, honest=0.71, selected=0.8)
    ]


def test_a_papers_figures_are_joined_to_runs_as_published_and_to_predictions_handed_in_alone() -> None:
    quick = row("net", 0.71, **SHORT, oracle={"full": {"uf1": Figure(0.8)}})
    whole = row("net", 0.69, **WHOLE)
    handed = row("net", 0.86, badge="rescored", policy="declared test-selected", unranked="its sender chose it so")
    found = methods_of(board(quick, whole, handed, row("net", 0.9)))
    assert found == [
        Method("net", "shortened", "quick", hollow=True, reported=(0.9,), honest=0.71, selected=0.8),
        Method("net", "as published", "published", joined=True, reported=(0.9,), honest=0.69),
        Method("net", "rescored", joined=True, reported=(0.9,), selected=0.86),
    ]
    assert [one.line() for one in found] == [(0.71, 0.8), (0.69, 0.9), (0.86, 0.9)]


def test_predictions_of_which_nobody_says_how_the_epoch_was_chosen_are_not_called_honest() -> None:
    handed = row("net", 0.7, badge="rescored", unranked="its sender does not say how the epoch was chosen")
    (method,) = methods_of(board(handed, row("net", 0.71)))
    assert (method.honest, method.unknown) == (None, 0.7)


def test_predictions_declared_test_selected_count_as_chosen_on_the_test_subject() -> None:
    handed = row("net", 0.7, badge="rescored", policy="declared test-selected", unranked="its sender chose it so")
    (method,) = methods_of(board(handed, row("net", 0.71)))
    assert (method.honest, method.unknown, method.selected) == (None, None, 0.7)


def test_a_method_of_which_one_figure_is_known_is_not_shown() -> None:
    assert methods_of(board(row("net", 0.7, badge="run here", policy="last"), row("other", 0.8))) == []


def test_the_figures_are_told_in_words() -> None:
    method = Method("net", "shortened", reported=(0.71, 0.8604), unknown=0.7, honest=0.668, selected=0.804)
    assert method.sentence() == (
        "net (shortened): reported .710, .860, epoch choice not known .700, honest .668, "
        "chosen on the test subject .804."
    )


@pytest.mark.parametrize("declared", ["last", "inner"])
def test_predictions_declared_honest_are_taken_at_their_word(make_record, registry, declared: str) -> None:
    records = [make_record("net", declared=declared), make_record("Net", draw=3)]
    (found,) = make_site([make_entry(record, registry) for record in records], (), registry).boards
    (method,) = methods_of(found)
    assert method.honest == max(one.figures["full"]["uf1"].value for one in found.rows)
    assert method.unknown is None
