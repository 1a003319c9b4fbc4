"""Boards of the same clips under two datasets: which rows are paired, what their tests say, and the page."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from merbench.leaderboard import extractions, pages
from merbench.leaderboard.boards import counts_of, make_site
from merbench.leaderboard.extractions import MOST_PAIRS, MOST_TABLES, extractions_of
from merbench.leaderboard.pages import LARGEST, render
from merbench.leaderboard.statistics import ALPHA, holm
from merbench.leaderboard.wording import figure, signed
from merbench.scores import compare_confusions

FIRST, SECOND = "composite", "composite-causalnet"
MARKUP = '"><script>alert(1)</script>'
BACKWARDS = "\u202egnp.exe"


@pytest.fixture
def site_of(entry_of, registry):
    return lambda *records: make_site(map(entry_of, records), (), registry)


@pytest.fixture
def both(make_record):
    """The records of a model on both datasets, of one seed or several; equal accuracies give equal predictions."""

    def made(model: str, first: float, second: float, *, seeds: int = 1, **plan):
        return [
            make_record(model, dataset=dataset, accuracy=accuracy, draw=10 * seed, seed=seed, **plan)
            for seed in range(seeds)
            for dataset, accuracy in ((FIRST, first), (SECOND, second))
        ]

    return made


@pytest.fixture
def found(site_of, both, make_record):
    """Two boards with two common rows; the first has one row more."""
    records = [*both("net", 0.8, 0.5, seeds=2), *both("other", 0.7, 0.7), make_record("alone", dataset=FIRST)]
    (one,) = extractions_of(site_of(*records).boards)
    return one


def test_rows_of_one_configuration_on_two_datasets_of_the_same_clips_are_paired(found) -> None:
    assert (found.a.dataset, found.b.dataset) == (FIRST, SECOND)
    assert [pair.a.with_details for pair in found.pairs] == ["net, quick", "other, quick"]
    assert [len(pair.b.entries) for pair in found.pairs] == [2, 1]


def test_the_test_is_paired_over_subjects_and_corrected_for_all_rows(found) -> None:
    tests = [compare_confusions(counts_of(pair.b), counts_of(pair.a)) for pair in found.pairs]
    for pair, test, p_value in zip(found.pairs, tests, holm([one.p_value for one in tests]), strict=True):
        assert pair.test == replace(test, p_value=p_value)
        assert pair.test.difference == pytest.approx(pair.b.uf1.value - pair.a.uf1.value)
    assert [pair.differs for pair in found.pairs] == [True, False]
    assert found.pairs[0].test.p_value <= ALPHA


def test_equal_predictions_do_not_differ(site_of, both) -> None:
    (one,) = extractions_of(site_of(*both("net", 0.8, 0.8)).boards)
    assert (one.pairs[0].test.difference, one.pairs[0].test.p_value) == (0, 1)


def test_the_finding_is_the_median_change_its_range_and_how_many_rows_differ(found) -> None:
    net, other = (pair.test.difference for pair in found.pairs)
    middle = figure((abs(net) + abs(other)) / 2)
    ends = f"{signed(min(net, other))} to {signed(max(net, other))}"
    assert found.finding == (
        f"UF1 moves by a median of {middle} between the extractions ({ends}); "
        "paired tests tell them apart in 1 of 2 rows"
    )


def test_the_finding_of_one_row_has_no_median(site_of, both) -> None:
    (one,) = extractions_of(site_of(*both("net", 0.8, 0.4)).boards)
    change = signed(one.pairs[0].test.difference)
    assert one.finding == (
        f"UF1 of the only row moves by {change} between the extractions; a paired test finds this difference"
    )


@pytest.mark.parametrize(
    "changed",
    [{"settings": {"epochs": 3}}, {"options": {"dim": 8}}, {"features": ["flow-56"]}, {"recipe": "published"}],
    ids=lambda one: next(iter(one)),
)
def test_rows_of_other_settings_are_not_paired(site_of, make_record, changed) -> None:
    records = [make_record(dataset=FIRST), make_record(dataset=SECOND, **changed)]
    assert extractions_of(site_of(*records).boards) == []


def test_a_feature_counts_by_name_since_it_is_read_here_and_computed_there(site_of, make_record) -> None:
    computed = "flow-28@tvl1 v2 (faces v1 (frames))"
    records = [make_record(dataset=FIRST), make_record(dataset=SECOND, features=[computed])]
    assert len(extractions_of(site_of(*records).boards)) == 1


def test_a_model_that_sees_nothing_of_a_clip_is_not_paired(site_of, both) -> None:
    assert extractions_of(site_of(*both("majority", 0.5, 0.5, features=[])).boards) == []


def test_predictions_that_were_handed_in_are_not_paired(site_of, make_record) -> None:
    records = [make_record(dataset=dataset, declared="last") for dataset in (FIRST, SECOND)]
    assert extractions_of(site_of(*records).boards) == []


def test_boards_of_different_clips_are_not_paired(site_of, make_record, renamed) -> None:
    table = renamed("casme2/nobody", "nothing")
    records = [make_record(dataset=FIRST), make_record(dataset=SECOND, table=table)]
    assert extractions_of(site_of(*records).boards) == []


def test_boards_of_different_protocols_are_not_paired(site_of, make_record) -> None:
    records = [make_record(dataset=FIRST), make_record(dataset=SECOND, protocol="lodo")]
    assert extractions_of(site_of(*records).boards) == []


def test_of_two_versions_of_the_code_the_row_with_more_seeds_counts(site_of, both, make_record) -> None:
    older = make_record("net", dataset=FIRST, accuracy=0.95, device="cuda")
    (one,) = extractions_of(site_of(*both("net", 0.7, 0.7, seeds=2), older).boards)
    (pair,) = one.pairs
    assert [entry.record.plan.device for entry in pair.a.entries] == ["cpu", "cpu"]


def test_the_order_of_the_records_changes_nothing(site_of, both) -> None:
    records = [*both("net", 0.8, 0.5, seeds=2), *both("other", 0.7, 0.7)]
    (one,), (other,) = (extractions_of(site_of(*order).boards) for order in (records, reversed(records)))
    assert [(pair.a.id, pair.b.id, pair.test) for pair in one.pairs] == [
        (pair.a.id, pair.b.id, pair.test) for pair in other.pairs
    ]
    assert (one.finding, one.picture) == (other.finding, other.picture)


def test_without_a_pair_there_is_no_page_and_no_link_to_it(site_of, make_record) -> None:
    files = dict(render(site_of(make_record())))
    assert "extractions.html" not in files
    assert not any("extractions.html" in text for text in files.values())


def test_the_page_has_each_pair_with_its_figures_and_is_linked(site_of, both) -> None:
    site = site_of(*both("net", 0.8, 0.5, seeds=2), *both("other", 0.7, 0.7))
    files = dict(render(site))
    (one,) = extractions_of(site.boards)
    rows = re.findall(r'<tr><th scope="row">.*', files["extractions.html"])
    for pair, row in zip(one.pairs, rows, strict=True):
        assert pair.a.with_details in row
        assert f">{figure(pair.a.uf1.value)}<" in row
        assert f">{figure(pair.b.uf1.value)}<" in row
        assert f">{signed(pair.test.difference)}<" in row
        assert f"entries/{pair.b.entries[0].id}.html" in row
    assert 'href="extractions.html"' in files["index.html"]
    assert one.finding in files["index.html"]


def test_the_picture_has_ids_of_its_own_in_both_widths(found) -> None:
    ids = re.findall(r' id="([^"]+)"', found.picture.wide + found.picture.narrow)
    assert len(ids) == len(set(ids)) == 4


def test_foreign_names_are_escaped(site_of, both) -> None:
    page = dict(render(site_of(*both(MARKUP, 0.8, 0.5, recipe=BACKWARDS))))["extractions.html"]
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page


def test_the_page_says_which_rows_it_leaves_out(site_of, both, monkeypatch) -> None:
    monkeypatch.setattr(extractions, "MOST_PAIRS", 1)
    page = dict(render(site_of(*both("worse", 0.5, 0.5), *both("better", 0.8, 0.8))))["extractions.html"]
    assert "the best 1 of 2 rows" in page
    assert "better" in page
    assert "worse" not in page


def test_the_longest_page_has_its_size(site_of, both, monkeypatch) -> None:
    site = site_of(*both("ï" * 200, 0.8, 0.7))
    (one,) = extractions_of(site.boards)
    longest = [replace(one, pairs=one.pairs * MOST_PAIRS)] * MOST_TABLES
    monkeypatch.setattr(pages, "extractions_of", lambda _: longest)
    assert len(dict(render(site))["extractions.html"].encode()) < LARGEST


def test_only_the_seeds_that_ran_on_both_are_compared(site_of, both, make_record) -> None:
    third = make_record("net", dataset=FIRST, accuracy=0.9, draw=9, seed=7)
    records = [*both("net", 0.8, 0.5, seeds=2), third]
    ((pair,),) = (one.pairs for one in extractions_of(site_of(*records).boards))
    assert [one.record.plan.seed for one in pair.a.entries] == [0, 1]
    ((alone,),) = (one.pairs for one in extractions_of(site_of(*records[:-1]).boards))
    assert pair.test == alone.test
    assert pair.a.uf1 == alone.a.uf1


def test_rows_without_a_common_seed_are_not_paired(site_of, make_record) -> None:
    records = [make_record("net", dataset=name, seed=seed) for seed, name in enumerate((FIRST, SECOND))]
    assert extractions_of(site_of(*records).boards) == []
