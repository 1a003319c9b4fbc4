"""Which entries share a table, in what order rows stand, and under what names the pages go."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from merbench.leaderboard.boards import OTHER_PAGE, Board, _apart, counts_of, make_site
from merbench.leaderboard.entries import make_entry
from merbench.leaderboard.reported import COLUMNS, read_reported
from merbench.runs.export import without_clips
from merbench.runs.schema import Record
from merbench.scores import compare_confusions


@pytest.fixture
def site(registry):
    def of(*records: Record, reported=()):
        return make_site([make_entry(record, registry) for record in records], reported, registry)

    return of


@pytest.fixture
def board(site):
    def of(*records: Record, reported=()):
        (only,) = site(*records, reported=reported).boards
        return only

    return of


@pytest.fixture
def truth(make_record):
    return [one.truth for one in make_record().predictions]


@pytest.fixture
def reported(tmp_path):
    """One published figure: a UF1 of .9 on the composite."""
    cells = dict.fromkeys(COLUMNS, "") | {
        "method": "Paper's net", "approach": "network", "year": "2020", "dataset": "composite", "protocol": "composite",
        "part": "full", "metric": "uf1", "value": "0.9", "epoch_policy": "not stated", "paper": "A paper",
        "table": "Table 1", "evidence": "paper",
    }  # fmt: skip
    (tmp_path / "reported.csv").write_text(f"{','.join(cells)}\n{','.join(cells.values())}\n")
    (tmp_path / "reported-notes.csv").write_text("id,text\n")
    return read_reported(tmp_path / "reported.csv")


def wrong(truth, count: int) -> list[int]:
    """All right but for the first so many clips."""
    return [(one + 1) % 3 if place < count else one for place, one in enumerate(truth)]


def test_a_board_says_what_is_compared_on_it(board, make_record):
    record = make_record()
    found = board(record)
    assert (found.slug, found.title) == ("composite-loso", "composite, protocol loso")
    assert found.parts == ("full", "smic", "casme2", "samm")
    assert found.classes == ("negative", "positive", "surprise")
    assert (found.clips_total, found.subjects_total) == (442, 68)
    assert found.digests == {name: getattr(record.plan.digests, name) for name in ("clips", "labels", "folds")}
    assert len(found.about) == 2


def test_rows_are_ranked_by_uf1_and_ties_share_a_rank(board, make_record, truth):
    places = {"a": 40, "b": 10, "c": 40, "d": 80}
    found = board(*[make_record(model, predicted=wrong(truth, count)) for model, count in places.items()])
    assert [(row.model, row.rank) for row in found.rows] == [("b", 1), ("a", 2), ("c", 2), ("d", 4)]
    assert found.rows[0].standing.leading
    assert found.rows[0].standing.against_best is None
    assert not found.rows[3].standing.leading
    best, second = (row.figures["full"]["uf1"].value for row in found.rows[:2])
    assert found.rows[1].standing.against_best.difference == pytest.approx(best - second, abs=1e-12)


def test_every_part_has_ranks_tests_and_a_leading_group_of_its_own(board, make_record):
    clips = [(one.clip.split("/")[0], one.truth) for one in make_record().predictions]
    good = ("smic", "samm")
    answers = {part: [label if of == part else (label + 1) % 3 for of, label in clips] for part in good}
    found = board(*[make_record(f"good at {part}", predicted=answers[part]) for part in good])
    for part in good:
        first, second = found.ranked_by(part)
        assert (first.model, first.standings[part].rank) == (f"good at {part}", 1)
        assert second.standings[part].rank == 2
        test = second.standings[part].against_best
        assert test.difference == first.figures[part]["uf1"].value - second.figures[part]["uf1"].value
        assert not second.standings[part].leading
    assert [row.standings["casme2"].rank for row in found.rows] == [1, 1]


def test_the_test_of_a_part_is_the_paired_test_on_its_subjects_alone(board, make_record):
    found = board(*[make_record(model, accuracy=share, draw=5) for model, share in (("a", 0.8), ("b", 0.6))])
    a, b = found.ranked_by("smic")
    expected = compare_confusions(counts_of(a, "smic"), counts_of(b, "smic"))
    assert b.standings["smic"].against_best.difference == expected.difference
    assert b.standings["smic"].against_best.interval == expected.interval


def test_the_rows_of_a_part_are_ranked_rows_then_the_others_then_papers(board, make_record, reported):
    found = board(
        make_record("weak", accuracy=0.5),
        make_record("strong", accuracy=0.9),
        make_record("silent", accuracy=0.9, declared="unknown"),
        reported=reported,
    )
    assert [row.model for row in found.part_rows("smic")] == ["strong", "weak", "silent", "Paper's net"]


def test_the_pages_of_boards_and_parts_have_file_names_of_their_own(make_record, registry):
    names = ("c", "page2", "compare", "Ä/b")
    first = Board("a", "a", "p", (), ("full", *names), (), None, None, {}, ())
    second = replace(first, slug="a-c", parts=("full",))
    boards = [*_apart([first, second])]
    stems = [one.stem(part) for one in boards for part in one.parts]
    assert len(set(stems)) == len(stems)
    assert all(re.fullmatch(r"[a-z0-9.-]+", stem) and not OTHER_PAGE.search(stem) for stem in stems)


def test_a_row_of_several_seeds_is_ranked_once_by_their_mean(board, make_record, truth):
    seeds = [make_record("seeds", predicted=wrong(truth, count), seed=count) for count in (0, 100)]
    between = make_record("between", predicted=wrong(truth, 10))
    found = board(*seeds, between)
    assert [(row.model, row.rank, len(row.entries)) for row in found.rows] == [("between", 1, 1), ("seeds", 2, 2)]


def test_what_is_not_ranked_stands_below_by_uf1_and_takes_nobody_s_rank(board, make_record, truth):
    found = board(
        make_record("honest", predicted=wrong(truth, 100)),
        make_record("chosen", predicted=truth, declared="oracle"),
        make_record("silent", predicted=wrong(truth, 50), declared="unknown"),
        make_record("checkpoints", predicted=wrong(truth, 20), weights="1" * 64),
    )
    assert [(row.model, row.rank) for row in found.rows] == [
        ("honest", 1),
        ("chosen", None),
        ("checkpoints", None),
        ("silent", None),
    ]
    assert all(bool(row.unranked) == (row.rank is None) for row in found.rows)


def test_published_figures_stand_below_the_rows_of_records_and_are_not_ranked(board, make_record, reported):
    found = board(make_record(), reported=reported)
    assert [(row.model, row.badge, row.rank) for row in found.rows] == [
        ("net", "run here", 1),
        ("Paper's net", "reported", None),
    ]


def test_a_board_may_have_published_figures_alone(board, reported):
    found = board(reported=reported)
    assert [row.badge for row in found.rows] == ["reported"]
    assert (found.classes, found.clips_total, found.digests, found.parts) == ((), None, {}, ("full",))


def test_without_records_and_figures_there_is_no_board(site):
    assert site().boards == ()


def test_incomplete_entries_are_listed_apart_and_never_ranked(board, make_record, truth):
    found = board(
        make_record("whole"),
        make_record("part", clips=440, predicted=truth[:440]),
        make_record("other part", clips=440, predicted=truth[:440]),
        make_record("less", clips=400, predicted=truth[:400]),
    )
    assert [row.model for row in found.rows] == ["whole"]
    groups = [sorted((row.model, row.rank, row.clips) for row in group) for group in found.incomplete]
    assert sorted(groups) == [[("less", None, 400)], [("other part", None, 440), ("part", None, 440)]]


def test_incomplete_entries_alone_make_a_board(board, make_record):
    found = board(make_record(clips=440))
    assert found.rows == ()
    assert [row.unranked for row in found.incomplete[0]] == ["covers 440 of 442 clips"]


def test_a_run_of_chosen_folds_does_not_share_the_table_of_whole_ones(board, make_record):
    found = board(make_record("whole"), make_record("chosen", folds="*/*"))
    assert [row.model for row in found.rows] == ["whole"]
    assert [row.model for (row,) in found.incomplete] == ["chosen"]


def test_other_clips_in_other_order_or_other_folds_never_share_a_table(site, make_record, renamed, registry):
    table = renamed("casme2/sub01", "EP02_01f")  # the same clips again
    shuffled = table[::-1].reset_index(drop=True)
    boards = site(make_record("a"), make_record("b"), make_record("c", table=shuffled)).boards
    assert [[row.model for row in board.rows] for board in boards] == [["a", "b"], ["c"]]
    assert boards[0].slug == "composite-loso"
    assert re.fullmatch(r"composite-loso-[0-9a-f]{8}", boards[1].slug)
    assert boards[0].title == boards[1].title


def test_the_table_with_most_entries_has_the_plain_name_and_the_published_figures(site, make_record, renamed, reported):
    shuffled = renamed("casme2/sub01", "EP02_01f")[::-1].reset_index(drop=True)
    boards = site(make_record("c", table=shuffled), make_record("a"), make_record("b"), reported=reported).boards
    assert [len(board.rows) for board in boards] == [3, 1]


def test_protocols_of_one_dataset_are_boards_of_their_own(site, make_record):
    boards = site(make_record(), make_record(protocol="subjects-5")).boards
    assert [board.slug for board in boards] == ["composite-loso", "composite-subjects-5"]


def test_records_under_another_name_of_a_protocol_share_its_board(board, make_record, registry):
    distribution = registry.protocols.origin("composite").distribution
    records = [
        make_record("net", draw=1, seed=0),
        make_record("net", draw=2, seed=1, protocol=f"{distribution}:composite"),
        make_record("other", draw=3, protocol=f"{distribution}:composite"),
    ]
    found = board(*records)
    assert found.protocol == registry.protocols.get("composite").name
    assert sorted((row.model, len(row.entries)) for row in found.rows) == [("net", 2), ("other", 1)]
    assert all(row.rank for row in found.rows)


def test_exported_records_share_the_table_of_those_with_clips(board, make_record):
    found = board(make_record("a"), without_clips(make_record("b", draw=1)))
    assert [row.rank for row in found.rows] == [1, 2]


def test_an_exported_record_that_only_claims_the_digests_does_not_share_the_table(site, make_record, renamed):
    forged = without_clips(make_record("forged", table=renamed("casme2/nobody", "EP02_01f")))
    plan = forged.plan.model_copy(update={"digests": make_record().plan.digests})
    forged = forged.model_copy(update={"plan": plan, "id": plan.digest()})
    boards = site(make_record("a"), make_record("b"), forged).boards
    assert [[row.model for row in board.rows] for board in boards] == [["a", "b"], ["forged"]]


def test_the_order_of_the_entries_makes_no_difference(site, make_record):
    records = [make_record(f"m{draw}", draw=draw) for draw in range(3)]
    one, other = site(*records), site(*records[::-1])
    assert [row.id for row in one.boards[0].rows] == [row.id for row in other.boards[0].rows]
    assert [entry.id for entry in one.entries] == [entry.id for entry in other.entries]


def test_entries_are_listed_newest_first(site, make_record):
    times = ["2026-11-19T09:00:00+00:00", "2026-11-21T09:00:00+00:00", "2026-11-20T09:00:00Z"]
    found = site(*[make_record(str(place), environment={"finished": time}) for place, time in enumerate(times)])
    assert [entry.record.plan.model for entry in found.entries] == ["1", "2", "0"]


@pytest.mark.parametrize("time", [None, 5, "tomorrow", "9999", "<b>2026-11-21T09:00:00Z", "2026-11-21T09:00:00-99:00"])
def test_a_time_that_is_none_counts_as_the_oldest(site, make_record, time):
    found = site(make_record("strange", environment={"finished": time}), make_record("known"))
    assert [entry.record.plan.model for entry in found.entries] == ["known", "strange"]


HOSTILE = [
    "../../x",
    "..",
    "/etc/passwd",
    "<b>",
    "a/b",
    "c:\\x",
    "con?",
    "x" * 200,
    "\u202ecomposite",
    "日本",
    ".",
    " ",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_board_of_any_name_has_a_plain_file_name(board, make_record, name):
    slug = board(make_record(dataset=name, table=canonical(make_record))).slug
    assert re.fullmatch(r"[a-z0-9][a-z0-9.-]{,79}", slug)


def test_names_that_look_the_same_as_a_file_name_have_pages_of_their_own(site, make_record):
    table = canonical(make_record)
    names = ["a b", "a-b", "A-B", "a/b", "ab", "a--b"]
    boards = site(*[make_record(dataset=name, table=table) for name in names]).boards
    assert len({board.slug for board in boards}) == len(names)


def test_a_page_and_the_comparison_beside_another_never_have_one_name(registry, make_record):
    table = canonical(make_record)

    def entry(dataset: str, protocol: str):
        record = make_record(dataset=dataset, table=table)
        plan = record.plan.model_copy(update={"protocol": protocol})
        return make_entry(record.model_copy(update={"plan": plan, "id": plan.digest()}), registry)

    pairs = [("a", "b-c"), ("a-b", "c"), ("a", "b"), ("a", "b-compare"), ("a-b", "compare")]
    boards = make_site([entry(*pair) for pair in pairs], (), registry).boards
    pages = [f"{board.slug}{end}" for board in boards for end in ("", "-compare")]
    assert len(set(pages)) == 2 * len(pairs)


def canonical(make_record):
    """The composite's clips, for a dataset of another name."""
    from merbench.runs.scoring import clips_of

    return clips_of(make_record().predictions)
