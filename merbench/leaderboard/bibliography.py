"""What to cite: a paper, taken apart from the line in which a model or a sender names it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from merbench.leaderboard.lines import Cell, by_name
from merbench.runs.schema import Strict

__all__ = ["CITATIONS_FILE", "Paper", "paper_of", "read_citations"]

CITATIONS_FILE = "reported-papers.csv"  # beside the table of figures; optional

# `Wang, Zhang: Title of the paper. Journal 602, doi 10.1000/182, 2024`
FORM = re.compile(r"(?P<authors>[^:]+): (?P<title>.+)\. (?P<venue>.+?),? (?P<year>(?:19|20)\d\d)")
DOI = re.compile(r"doi (?P<name>10\.\d{4,9}/[^\s,]+)")
ARXIV = re.compile(r"arXiv (?P<name>\d{4}\.\d{4,5}(?:v\d+)?)")


@dataclass(frozen=True)
class Paper:
    """What to cite.

    Attributes:
        title: of the paper, or all that is known of it in one line.
        year: of the paper.
        table: where the figures of the row are printed.
        link: empty, or begins with http:// or https://.
        evidence: of reported figures.
        authors: surnames; empty if they are not known.
        venue: journal and volume, or conference, without the year; empty if it is not known.
    """

    title: str
    year: int | None = None
    table: str = ""
    link: str = ""
    evidence: str = ""
    authors: tuple[str, ...] = ()
    venue: str = ""


def paper_of(text: str, link: str = "") -> Paper:
    """The paper that a line names, as `Authors: Title. Venue, year`, with `doi NAME` or `arXiv NAME` after the venue if
    the paper has one. A line of another form is the title.

    Args:
        text: the line.
        link: an address to read more; without one, that of the DOI, or of arXiv.
    """
    found = FORM.fullmatch(text)
    if not found:
        return Paper(title=text, link=link)
    names = [one.strip() for one in re.split(r",| and ", found["authors"])]
    venue = ", ".join(one for one in found["venue"].split(", ") if not DOI.fullmatch(one))
    preprint = ARXIV.search(venue)
    if preprint and preprint.group() != venue:
        venue = venue.replace(preprint.group(), "").strip(" ,")
    return Paper(
        title=found["title"],
        year=int(found["year"]),
        link=link or _address(found["venue"]),
        authors=tuple(one for one in names if one),
        venue=venue,
    )


def _of_form(citation: str) -> str:
    if not FORM.fullmatch(citation):
        raise ValueError("write it as 'Wang, Zhang: Title of the paper. Journal 602, 2024'")
    return citation


class Citation(Strict):
    """How to cite what the table of figures names in its column `paper`."""

    paper: Cell
    citation: Annotated[
        str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$"), AfterValidator(_of_form)
    ]


def read_citations(path: Path) -> dict[str, str]:
    """Beside a table of figures: the citation of each paper by its name there; empty if there is no such file.

    Raises:
        InvalidReport: the file cannot be read, has a line that is not valid or a citation of another form, or has a
            paper twice.
    """
    found = by_name(path.with_name(CITATIONS_FILE), Citation)
    return {name: one.citation for name, one in found.items()}


def _address(venue: str) -> str:
    if found := DOI.search(venue):
        return f"https://doi.org/{found['name']}"
    return f"https://arxiv.org/abs/{found['name']}" if (found := ARXIV.search(venue)) else ""
