"""One verdict on each method that papers report: what is proven of it, or what a run as published says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from merbench.leaderboard import wording
from merbench.leaderboard.boards import Board, Site, counts_of
from merbench.leaderboard.entries import Figure
from merbench.leaderboard.methods import handed_in_rows_of, published_run, reported_rows_of
from merbench.leaderboard.reported import Reported
from merbench.leaderboard.rows import Row
from merbench.leaderboard.statistics import ALPHA
from merbench.leaderboard.verdicts import Verdict
from merbench.scores import compare_confusions, mean_rate

__all__ = ["MEANINGS", "CheckedPaper", "checked_papers", "first_board"]

COMMIT = re.compile(r"/blob/[0-9a-f]{40}/")  # of a file in a repository

# In the order of the page.
MEANINGS = {
    "chosen on test": "The authors' released code picks the epoch by its score on the test subject. A figure made "
    "this way says what the best epoch for these people scores, not what the method scores on a new person. Whether "
    "this code made a printed figure, only its authors know.",
    "other clips": "The figures that the proof names are of other clips than those of a benchmark, so they cannot be "
    "compared with the boards here.",
    "not separated": "A paired test over subjects does not separate a run here, as published, from predictions of the "
    "method whose sender chose the epoch without the test subject. This does not show that both are equal.",
    "differs": "That test separates a run here, as published, from predictions of the method.",
    "cannot be tested": "No run as published on these boards has the method's name, or there are no predictions to "
    "compare it with: an interval beside a printed figure is no test. This says nothing against a paper.",
}


@dataclass(frozen=True)
class CheckedPaper:
    """A method, and what is known of its figures.

    Attributes:
        method: its name.
        published, year: where and when it was first published; None and empty if not known.
        latest: the year of the first paper in the collection that prints a figure of it: it is not younger.
        uf1, uar: the highest that papers report on the first board, over all clips.
        verdict: a key of `MEANINGS`.
        proof: sentences.
        link: to the proof; may be empty.
        run: the row that decides, with the slug of its board.
    """

    method: str
    published: str
    year: int | None
    latest: int | None
    uf1: float | None
    uar: float | None
    verdict: str
    proof: tuple[str, ...]
    link: str
    run: tuple[str, Row] | None = None

    @property
    def source(self) -> str:
        """The link in words: host, repository, file and lines, without the commit."""
        return COMMIT.sub(": ", self.link.partition("//")[2]).replace("?plain=1", "")  # shows the lines of Markdown


def checked_papers(site: Site) -> list[CheckedPaper]:
    """Every method of the reported figures or the verdicts: by verdict, then the highest UF1 first, then by name."""
    verdicts = {one.method: one for one in site.verdicts}
    figures: dict[str, list[Reported]] = {name: [] for name in verdicts}
    for one in site.reported:
        figures.setdefault(one.method, []).append(one)
    first = first_board(site)
    boards = sorted(site.boards, key=lambda one: one is not first)
    order = list(MEANINGS)
    return sorted(
        (_checked(name, found, verdicts.get(name), boards) for name, found in figures.items()),
        key=lambda one: (order.index(one.verdict), -(one.uf1 or 0), one.method.casefold(), one.method),
    )


def first_board(site: Site) -> Board | None:
    """The board with most ranked rows, whose figures stand beside the verdicts; None if there is no board."""
    return max(site.boards, key=lambda one: (len(one.ranked), len(one.reported)), default=None)


def _checked(method: str, figures: Sequence[Reported], known: Verdict | None, boards: Sequence[Board]) -> CheckedPaper:
    verdict: str = known.verdict if known else ""
    proof = (*(known.proof if known else ()), *_handed_in(method, boards))
    tested = next(_tested(method, boards), None) if not verdict else None
    scores = [row.figures.get("full", {}) for board in boards[:1] for row in reported_rows_of(board, method)]
    highest = {
        metric: max((one[metric].value for one in scores if metric in one), default=None) for metric in ("uf1", "uar")
    }
    if tested:
        board, run, verdict, sentence = tested
        proof = (sentence, *proof)
    return CheckedPaper(
        method=method,
        published=known.published if known else "",
        year=next((one.first_published for one in figures), None) or (_year(known.published) if known else None),
        latest=min((one.year for one in figures), default=None),
        uf1=highest["uf1"],
        uar=highest["uar"],
        verdict=verdict or "cannot be tested",
        proof=proof,
        link=wording.safe_link(known.link) if known else "",
        run=(board.slug, run) if tested else None,
    )


def _tested(method: str, boards: Sequence[Board]) -> Iterator[tuple[Board, Row, str, str]]:
    """Runs as published of a method with a figure of a paper: board, row, verdict, and a sentence."""
    for board in boards:
        run = published_run(board, method)
        printed = _printed(reported_rows_of(board, method))
        if run and run.uf1 and run.uf1.interval and printed is not None:
            here = f"{wording.clipped(board.name, 100)}: a run here, as published, has a UF1 of "
            here += wording.figure(run.uf1.value)
            handed_in = next((row for row in handed_in_rows_of(board, method) if _comparable(row, board)), None)
            found, there = _paired(run, handed_in) if handed_in else _beside(run.uf1, printed)
            yield board, run, found, f"{here}, {there}"


def _comparable(handed_in: Row, board: Board) -> bool:
    """Whether predictions are of the board's clips, and their sender chose the epoch without the test subject."""
    declared = handed_in.policy.startswith("declared ") and "test-selected" not in handed_in.policy
    return declared and handed_in in board.rows


def _paired(run: Row, handed_in: Row) -> tuple[str, str]:
    """What the paired test says of a run and of predictions on the same clips: verdict, and the end of a sentence."""
    test = compare_confusions(counts_of(run), counts_of(handed_in))
    return "differs" if test.p_value <= ALPHA else "not separated", (
        f"predictions that were handed in {wording.figure(mean_rate(counts_of(handed_in), 'uf1'))}: the difference is "
        f"{wording.signed(test.difference)}, 95 % interval {wording.signed_interval(test.interval)}, "
        f"p {wording.p_value(test.p_value)} (paired test over subjects)."
    )


def _beside(uf1: Figure, printed: float) -> tuple[str, str]:
    """A run's interval beside a printed figure, which is no test: verdict, and the end of a sentence."""
    assert uf1.interval is not None
    ends = " to ".join(map(wording.figure, uf1.interval))
    return "cannot be tested", f"with a 95 % interval from {ends}; a paper prints {wording.figure(printed)}."


def _year(published: str) -> int | None:
    """The year in a text such as `ICCV 2025` or `arXiv, 2024`; None if there is no year, or several."""
    found = set(re.findall(r"\b(?:19|20)\d\d\b(?!\.\d)", published))
    return int(found.pop()) if len(found) == 1 else None


def _handed_in(method: str, boards: Sequence[Board]) -> Iterator[str]:
    """What predictions of a method score that somebody handed in."""
    for board in boards:
        for row in handed_in_rows_of(board, method):
            if row.uf1:
                clips = f" on {row.clips} clips" if row.clips != board.clips_total else ""
                yield (
                    f"{wording.clipped(board.name, 100)}: predictions that were handed in have a UF1 of "
                    f"{wording.figure(row.uf1.value)} here{clips}; epoch policy: {row.policy}."
                )


def _printed(rows: Sequence[Row]) -> float | None:
    """The highest UF1 of the method's own papers; of other papers if there is none."""
    own = [row for row in rows if row.paper and row.paper.evidence != "second-hand"]
    return max((row.uf1.value for row in own or rows if row.uf1), default=None)
