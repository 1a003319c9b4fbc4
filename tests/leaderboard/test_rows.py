"""From entries to rows: one for each configuration, its seeds folded, and why some are not ranked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from merbench.leaderboard.bibliography import paper_of
from merbench.leaderboard.entries import counting_policy, make_entry
from merbench.leaderboard.rows import make_rows
from merbench.runs.export import without_clips
from merbench.runs.schema import Record
from merbench.scores import mean_rate

# All clips right, and class 0 (250 of 442 clips) for all of them: F1 of class 0 is 500 / 692, of the others 0.
CONSTANT = 500 / 692 / 3


@pytest.fixture
def rows(registry):
    def of(*records: Record):
        return make_rows([make_entry(record, registry) for record in records], registry)

    return of


@pytest.fixture
def row(rows):
    def of(*records: Record):
        (only,) = rows(*records)
        return only

    return of


@pytest.fixture
def truth(make_record):
    return [one.truth for one in make_record().predictions]


def test_seeds_of_a_configuration_are_one_row_of_their_mean_and_spread(row, make_record, truth):
    right, constant = make_record(predicted=truth, seed=1), make_record(predicted=[0] * 442)
    found = row(right, constant)
    figure = found.figures["full"]["uf1"]
    assert figure.value == pytest.approx((1 + CONSTANT) / 2, abs=1e-12)
    assert figure.spread == pytest.approx((1 - CONSTANT) / 2**0.5, abs=1e-12)  # of two: their distance over root two
    assert [entry.record.id for entry in found.entries] == [constant.id, right.id]  # by seed, each reachable


def test_the_interval_of_several_seeds_is_that_of_their_mean(row, make_record, truth):
    low, high = row(make_record(predicted=truth), make_record(predicted=truth, seed=1)).figures["full"]["uf1"].interval
    assert (low, high) == (1, 1)
    seeds = [make_record(draw=draw, seed=draw) for draw in range(3)]
    alone = [row(one).figures["full"]["uf1"].interval for one in seeds]
    low, high = row(*seeds).figures["full"]["uf1"].interval
    assert min(one[0] for one in alone) < low < high < max(one[1] for one in alone)


def test_what_set_changed_tells_rows_of_one_recipe_apart(rows, make_record, registry):
    recipe = registry.models.get("ststnet").recipes["quick"]
    options = [{**recipe.options, "width": width} for width in (4, 8)]
    common = {"recipe": "quick", "settings": {"epochs": recipe.epochs}}
    found = rows(*(make_record("ststnet", options=one, **common) for one in options))
    assert sorted(row.details for row in found) == ["quick; width=4", "quick; width=8"]
    assert {row.recipe for row in found} == {"quick"}
    (own,) = rows(make_record("ststnet", options=recipe.options, **common))
    assert (own.changed, own.details) == ({}, "quick")


def test_a_model_that_is_not_installed_shows_its_recipe_alone(row, make_record):
    assert row(make_record(options={"width": 8})).details == "quick"


def test_a_single_seed_has_no_spread_and_the_interval_of_its_record(row, make_record):
    record = make_record()
    figure = row(record).figures["casme2"]["uar"]
    assert figure.spread is None
    assert figure.interval == record.scores["last"]["casme2"].intervals["uar"]


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": "published"},
        {"device": "cuda"},
        {"precision": "bf16"},
        {"compiled": True},
        {"settings": {"epochs": 3}},
        {"model": "other"},
    ],
)
def test_what_differs_in_more_than_the_seed_is_another_row(rows, make_record, change):
    assert len(rows(make_record(), make_record(**change))) == 2


def test_the_order_of_the_records_makes_no_difference(rows, make_record):
    records = [make_record(draw=draw, seed=draw, model=model) for draw in (0, 1) for model in ("a", "b")]
    one, other = ([(row.id, row.model, row.figures) for row in rows(*order)] for order in (records, records[::-1]))
    assert one == other


def test_a_row_keeps_its_id_when_a_seed_is_added(row, make_record):
    assert row(make_record()).id == row(make_record(), make_record(seed=1, draw=1)).id


def test_seconds_are_those_of_the_fastest_run_that_was_not_resumed(row, make_record):
    environments = [{"seconds": 20.0}, {"seconds": 10.0}, {"seconds": 5.0, "resumed": True}, {"seconds": None}]
    made = [make_record(seed=seed, environment=one) for seed, one in enumerate(environments)]
    assert row(*made).seconds == 10
    assert row(*made[2:]).seconds is None


@pytest.mark.parametrize("value", [True, "<b>", -1, 1e300, [], {"parameters": 3}])
def test_what_a_stranger_s_environment_may_hold_is_never_shown_as_a_figure(row, make_record, value):
    found = row(make_record(environment={"engine": {"parameters": value}, "seconds": value}))
    assert found.parameters is None
    assert found.seconds is None


def test_parameters_are_those_of_the_engine(row, make_record):
    assert row(make_record(environment={"engine": {"parameters": 4321}})).parameters == 4321


def test_warnings_of_every_seed_are_notes_each_once(row, make_record):
    found = row(make_record(warnings=["a", "b"]), make_record(seed=1, warnings=["b", "c"]))
    assert found.notes == ("a", "b", "c")


def test_what_choosing_the_epoch_adds_is_oracle_minus_last(row, make_record, truth):
    found = row(make_record(predicted=[0] * 442, oracle=1.0))
    assert found.policy == "last"
    assert found.figures["full"]["uf1"].value == pytest.approx(CONSTANT, abs=1e-12)
    assert found.oracle["full"]["uf1"].value == 1
    assert found.selection == pytest.approx(1 - CONSTANT, abs=1e-12)
    assert found.gains["smic"] == pytest.approx(1 - found.figures["smic"]["uf1"].value, abs=1e-12)


def test_a_run_that_asked_for_the_oracle_is_listed_by_its_last_epoch(row, make_record):
    record = make_record(epoch_policy="oracle")
    assert counting_policy(record) == "last"
    assert row(record).policy == "last"
    assert row(record).figures["full"]["uf1"].value == record.scores["last"]["full"].uf1


def test_seeds_of_which_one_lacks_the_oracle_have_no_oracle_together(row, make_record):
    found = row(make_record(), make_record(seed=1, oracle=None))
    assert found.oracle == {}
    assert found.selection is None
    assert found.unranked == ""


@pytest.mark.parametrize(
    ("declared", "policy", "unranked"),
    [
        ("last", "declared last", ""),
        ("inner", "declared inner", ""),
        ("oracle", "declared test-selected", "its sender chose the epoch on the test labels"),
        ("unknown", "not stated", "its sender does not say how the epoch was chosen"),
    ],
)
def test_predictions_handed_in_are_ranked_by_what_their_sender_declares(row, make_record, declared, policy, unranked):
    found = row(make_record(declared=declared))
    assert (found.badge, found.policy, found.unranked) == ("rescored", policy, unranked)
    assert (found.recipe, found.device, found.parameters, found.oracle, found.selection) == ("", None, None, {}, None)


def test_predictions_made_from_given_checkpoints_are_not_ranked(row, make_record):
    found = row(make_record(weights="1" * 64))
    assert found.unranked == "made from given checkpoints: how their epoch was chosen is not known"


def test_an_incomplete_record_is_not_ranked_and_says_what_it_covers(row, make_record):
    found = row(make_record(clips=440))
    assert (found.clips, found.clips_total, found.unranked) == (440, 442, "covers 440 of 442 clips")


def test_a_run_of_chosen_folds_is_not_ranked_even_where_they_are_all(row, make_record):
    assert row(make_record(folds="*/*")).unranked == "only folds */* were run"


def test_a_record_whose_score_is_not_defined_is_not_ranked(row, make_record, renamed):
    table = renamed("casme2/sub01", "EP02_01f")
    table = table[table["label"] != 2].reset_index(drop=True)
    found = row(make_record(table=table, predicted=[0] * len(table), oracle=None))
    assert found.figures == {}
    assert found.unranked == "UF1 is not defined: some class has no clip"


def test_a_sender_s_paper_is_cited(row, make_record):
    found = row(make_record(declared="last", paper="A paper", link="https://example.org/paper"))
    assert (found.paper.title, found.paper.link) == ("A paper", "https://example.org/paper")
    assert row(make_record(declared="last")).paper is None


def test_the_paper_of_an_installed_model_is_cited(row, make_record, registry):
    assert row(make_record("htnet")).paper == paper_of(registry.models.get("htnet").paper)
    assert row(make_record("nobody's")).paper is None


def test_the_paper_of_a_family_is_cited_for_its_members(row, make_record, registry):
    assert row(make_record("timm:resnet18")).paper == paper_of(registry.models.families()["timm"].paper)
    assert row(make_record("nobody's:resnet18")).paper is None


@pytest.mark.parametrize(
    ("change", "badge", "approach"),
    [({}, "run here", "network"), ({"kind": "estimator"}, "run here", "handcrafted")],
)
def test_badge_and_approach_come_from_the_kind_of_plan(row, make_record, change, badge, approach):
    found = row(make_record(**change))
    assert (found.badge, found.approach) == (badge, approach)


def test_the_mean_over_seeds_is_the_mean_that_ranks_them(row, make_record):
    import numpy as np

    found = row(*[make_record(draw=draw, seed=draw) for draw in range(3)])
    counts = np.stack([entry.counts.confusions["last"] for entry in found.entries])
    assert found.figures["full"]["uf1"].value == pytest.approx(mean_rate(counts, "uf1"), abs=1e-12)


def test_a_protocol_with_subjects_on_both_sides_is_listed_and_not_ranked(make_record, registry, monkeypatch):
    from merbench.protocols import LeaveOneSubjectOut

    record = make_record("leaky")
    monkeypatch.setattr(LeaveOneSubjectOut, "shares_subjects", True)
    (row,) = make_rows([make_entry(record, registry)], registry)
    assert row.unranked == "its folds have subjects on both sides"


def test_a_run_that_starts_from_a_given_file_is_listed_and_not_ranked(row, make_record):
    found = row(make_record("vit", options={"depth": 3, "pretrained": f"all clips.pth sha256:{'0' * 64}"}))
    assert found.unranked == "starts from a given file (all clips.pth), whose training data are not known"


def test_subjects_that_are_tested_in_several_folds_of_an_unknown_protocol_are_not_ranked(make_record, registry):
    record = make_record("leaky")
    apart = [one.model_copy(update={"fold": f"clip{place}"}) for place, one in enumerate(record.predictions)]
    plan = record.plan.model_copy(update={"protocol": "leave-one-clip-out"})
    (row,) = make_rows([make_entry(record.model_copy(update={"plan": plan, "predictions": apart}), registry)], registry)
    assert row.unranked == "its protocol is not installed, and subjects are tested in several folds"


def test_counts_of_an_unknown_protocol_are_not_ranked(make_record, registry):
    record = make_record("leaky")
    plan = record.plan.model_copy(update={"protocol": "leave-one-clip-out"})
    exported = without_clips(record.model_copy(update={"plan": plan}))
    (row,) = make_rows([make_entry(exported, registry)], registry)
    assert row.unranked == "its protocol is not installed, and without clips nothing shows who is in its folds"


@pytest.mark.parametrize("given", [["a.pth sha256:" + "0" * 64], {"of": {"first": "a.pth sha256:" + "0" * 64}}])
def test_a_given_file_is_found_however_deep_in_the_options(given, row, make_record):
    assert row(make_record("vit", options={"weights": given})).unranked.startswith("starts from a given file (a.pth)")


def test_a_row_says_what_ran(row, make_record):
    found = row(make_record())
    assert replace(found, claim="shortened", claim_about="a smaller network").ran == "shortened: a smaller network"
    assert replace(found, claim="baseline", claim_about="").ran == "baseline"
    assert row(make_record("net", declared="last")).ran == "rescored"
