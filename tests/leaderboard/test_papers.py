"""One verdict a method: proven ones stay, the others follow from runs as published, and a page shows them all."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from merbench.leaderboard.boards import Board, Site, make_site
from merbench.leaderboard.entries import Figure
from merbench.leaderboard.pages import render
from merbench.leaderboard.papers import MEANINGS, CheckedPaper, checked_papers
from merbench.leaderboard.reported import Reported
from merbench.leaderboard.rows import Row
from merbench.leaderboard.verdicts import Verdict

MARKUP = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
BACKWARDS = "\u202egnp.exe\u2067"


def printed(method: str = "My Net", value: float = 0.7, **fields) -> Reported:
    """A figure of the composite's board."""
    return Reported(
        **{
            "method": method, "variant": "", "approach": "network", "first_published": 2019, "year": 2020,
            "dataset": "composite", "protocol": "loso", "part": "full", "classes": 3, "metric": "uf1", "value": value,
            "clips": None, "epoch_policy": "not stated", "paper": "A paper", "table": "Table 1", "link": "",
            "evidence": "paper", "notes": (), **fields,
        }
    )  # fmt: skip


def verdict(method: str = "My Net", **fields) -> Verdict:
    return Verdict(**{"method": method, "published": "", "verdict": "", "proof": (), "link": "", **fields})


@pytest.fixture(scope="module")
def run(make_record, entry_of, registry) -> Row:
    """A ranked row with an interval."""
    site = make_site([entry_of(make_record("my-net", accuracy=0.7))], (), registry)
    return site.boards[0].rows[0]


@pytest.fixture
def site(run, registry):
    """A site of some figures and verdicts, with a run of `my-net` whose interval is told."""

    def of(*figures: Reported, verdicts=(), interval=(0.6, 0.75), claim="as published", **changes) -> Site:
        made = make_site([], figures, registry, (), verdicts)
        uf1 = {"full": {"uf1": Figure(0.68, interval)}}
        ours = replace(run, **{"figures": uf1, "claim": claim, **changes})
        boards = tuple(with_row(board, ours) for board in made.boards)
        return replace(made, boards=boards)

    return of


def with_row(board: Board, row: Row) -> Board:
    return replace(board, rows=(row, *board.rows)) if board.dataset == "composite" else board


def only(site: Site) -> CheckedPaper:
    (found,) = checked_papers(site)
    return found


@pytest.mark.parametrize("value", [0.7, 0.8])
def test_the_interval_of_a_run_as_published_is_shown_and_decides_nothing(site, value):
    found = only(site(printed(value=value)))
    assert found.verdict == "cannot be tested"
    assert found.run is not None
    assert found.run[1].model == "my-net"
    assert "a run here, as published, has a UF1 of .680, with a 95 % interval from .600 to .750" in found.proof[0]


@pytest.mark.parametrize("claim", ["shortened", "own settings", "baseline"])
def test_a_run_with_other_settings_decides_nothing(site, claim):
    assert only(site(printed(), claim=claim)).verdict == "cannot be tested"


def test_a_run_that_is_not_ranked_decides_nothing(site):
    assert only(site(printed(), standings={}, unranked="covers 3 of 4 clips")).verdict == "cannot be tested"


def test_what_is_proven_of_the_code_stands_whatever_a_run_says(site):
    proven = verdict(verdict="chosen on test", proof=("train.py says so.",), link="https://example.org/train.py")
    found = only(site(printed(), verdicts=[proven]))
    assert (found.verdict, found.proof, found.run) == ("chosen on test", ("train.py says so.",), None)


def test_the_figure_of_a_methods_own_paper_stands_beside_the_run_rather_than_a_quotation(site):
    figures = [printed(value=0.7), printed(value=0.9, paper="B paper", evidence="second-hand")]
    found = only(site(*figures))
    assert found.proof[0].endswith("a paper prints .700.")
    assert found.uf1 == 0.9


def test_predictions_that_were_handed_in_are_named(site):
    found = only(site(printed(), claim="", badge="rescored", standings={}, policy="declared test-selected"))
    assert found.verdict == "cannot be tested"
    assert found.proof[0].endswith("have a UF1 of .680 here on 442 clips; epoch policy: declared test-selected.")


@pytest.fixture
def decided(make_record, entry_of, registry):
    """What is said of a method with a printed figure, a run as published, and predictions that were handed in."""

    def of(handed_in, value: float) -> CheckedPaper:
        entries = [entry_of(make_record("my-net", accuracy=0.7)), entry_of(handed_in)]
        site = make_site(entries, [printed(value=value)], registry)
        (board,) = site.boards
        rows = [replace(row, claim="as published") if row.model == "my-net" else row for row in board.rows]
        return only(replace(site, boards=(replace(board, rows=tuple(rows)),)))

    return of


@pytest.mark.parametrize("declared", ["oracle", "unknown"])
def test_predictions_whose_epoch_may_be_chosen_on_the_test_subject_do_not_decide(make_record, decided, declared):
    handed_in = make_record("My Net", accuracy=0.95, draw=4, declared=declared)
    found = decided(handed_in, 0.6)
    assert found.verdict == "cannot be tested"
    assert "a 95 % interval from" in found.proof[0]


@pytest.mark.parametrize(("accuracy", "expected"), [(0.7, "not separated"), (0.95, "differs")])
def test_predictions_that_were_handed_in_decide_by_the_paired_test(make_record, decided, accuracy, expected):
    handed_in = make_record("My Net", accuracy=accuracy, draw=4, declared="last")
    found = decided(handed_in, 0.7)
    assert found.verdict == expected
    assert "(paired test over subjects)" in found.proof[0]


def test_a_year_that_is_not_known_is_that_of_the_first_paper_that_prints_a_figure(site):
    figures = [printed(first_published=None, year=2022), printed(first_published=None, year=2021, paper="B paper")]
    found = only(site(*figures))
    assert (found.year, found.latest) == (None, 2021)


def test_methods_stand_by_verdict_then_by_uf1_then_by_name(site):
    figures = [printed("b", 0.6), printed("a", 0.6), printed("c", 0.9), printed("d", 0.1), printed(value=0.7)]
    found = checked_papers(site(*figures, verdicts=[verdict("d", verdict="other clips", proof=("A table.",))]))
    assert [one.method for one in found] == ["d", "c", "My Net", "a", "b"]
    assert [one.verdict for one in found] == ["other clips", *["cannot be tested"] * 4]
    assert set(MEANINGS) >= {one.verdict for one in found}


def test_a_method_without_a_figure_is_listed(site):
    found = only(site(verdicts=[verdict("Far Net", verdict="chosen on test", proof=("x.py",), published="2024")]))
    assert (found.method, found.uf1, found.published) == ("Far Net", None, "2024")


def test_the_link_of_a_file_is_shown_without_its_commit():
    link = f"https://github.com/a/b/blob/{'0' * 40}/train.py"
    assert CheckedPaper("m", "", None, None, None, None, "not separated", (), link).source == "github.com/a/b: train.py"


class Words(HTMLParser):
    """The words of a page, and its tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


def page_of(site: Site) -> Words:
    return Words(dict(render(replace(site, entries=())))["papers.html"])


def test_the_page_shows_method_year_figures_verdict_and_proof(site):
    proven = verdict("Net", verdict="chosen on test", proof=("train.py: best epoch.",), link="https://example.org/t.py",
                     published="A journal, 2019")  # fmt: skip
    old = printed("Old", 0.6, first_published=None, year=2021)
    text = page_of(site(printed("Net", 0.8604), printed("Net", 0.85, metric="uar"), old, verdicts=[proven])).text
    assert "chosen on test 1 cannot be tested 1" in text
    assert "Net2019.860.850train.py: best epoch.example.org/t.pyFirst published: A journal, 2019." in text
    assert "Old2021 or before.600" in text


def test_a_site_without_figures_has_a_page_that_says_so(registry):
    assert "This collection has no figure of a paper yet." in page_of(make_site([], (), registry)).text


def test_hostile_text_is_shown_as_text(site):
    proven = verdict(MARKUP, verdict="other clips", proof=(MARKUP, BACKWARDS), published=MARKUP)
    words = page_of(site(printed(MARKUP), printed(BACKWARDS), verdicts=[proven]))
    assert "img" not in words.tags
    assert MARKUP in words.text
    assert not {"\u202e", "\u2067"} & set(words.text)
