"""A paper, taken apart from the line that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench.leaderboard.bibliography import CITATIONS_FILE, Paper, paper_of, read_citations
from merbench.leaderboard.lines import InvalidReport


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "Wang, Zhang: A title: with a colon. Journal of Faces 602, doi 10.1016/j.x.2024.1, 2024",
            Paper(
                "A title: with a colon", 2024, link="https://doi.org/10.1016/j.x.2024.1",
                authors=("Wang", "Zhang"), venue="Journal of Faces 602",
            ),
        ),
        (
            "He and Sun: Residuals. CVPR 2016",
            Paper("Residuals", 2016, authors=("He", "Sun"), venue="CVPR"),
        ),
        (
            "Hao: Heed. arXiv 2405.03202, 2024",
            Paper("Heed", 2024, link="https://arxiv.org/abs/2405.03202", authors=("Hao",), venue="arXiv 2405.03202"),
        ),
        ("Something that nobody can parse", Paper("Something that nobody can parse")),
        ("Nobody: no venue or year", Paper("Nobody: no venue or year")),
    ],
)  # fmt: skip
def test_a_line_is_taken_apart_if_it_has_the_form(line, expected):
    assert paper_of(line) == expected


def test_a_given_address_goes_before_that_of_the_doi():
    found = paper_of("He: Residuals. CVPR, doi 10.1000/182, 2016", "https://example.org")
    assert found.link == "https://example.org"


def test_every_built_in_model_names_its_paper_in_that_form(registry):
    papers = [registry.models.get(name).paper for name in registry.models.names()]
    for paper in filter(None, papers):
        found = paper_of(paper)
        assert found.authors
        assert found.venue
        assert found.year


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("paper\n", "line 1: missing columns: citation"),
        ("paper,citation\nA,\n", "line 2: citation: is empty"),
        ("paper,citation\nA,A title alone\n", "line 2: citation: write it as 'Wang, Zhang: Title of the paper. "),
        (
            "paper,citation\nA paper,X: T. V 2020\nA paper,X: T. V 2020\n",
            "line 3: 'A paper' is listed twice; remove one of the lines",
        ),
        ("paper,citation\nA,X: T\x1b[2J. V 2020\n", "line 2: citation: "),
    ],
)
def test_a_citation_of_another_form_is_refused_in_one_line(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / CITATIONS_FILE).write_text(content)
    with pytest.raises(InvalidReport, match=rf"reported-papers\.csv, {message}") as caught:
        read_citations(tmp_path / "reported.csv")
    assert "\n" not in str(caught.value)
