"""What the export buttons of a table write: figures in full precision, lines for LaTeX, citations.

The script of a page only picks the rows that are visible.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from merbench.leaderboard.citation import bibtex, paper_bibtex, row_bibtex, tex
from merbench.leaderboard.tables import SCORES
from merbench.leaderboard.wording import figure, without_controls
from merbench.runs.schema import Plan

if TYPE_CHECKING:
    from merbench.leaderboard.about import About
    from merbench.leaderboard.boards import Board
    from merbench.leaderboard.entries import Entry, Figure
    from merbench.leaderboard.reported import Reported
    from merbench.leaderboard.rows import Row

__all__ = ["board_exports", "record_exports", "reported_exports"]

CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
NEEDS = "% needs \\usepackage{booktabs}\n"
END = "  \\bottomrule\n\\end{tabular}\n"
EXPLAINED = (
    f"{NEEDS}"
    "% Bold UF1: the ranked rows that the paired test does not separate from the first of the column.\n"
    "% Bold UAR: the highest of the ranked rows; UAR is not tested. A row without rank is never bold.\n"
)


def board_exports(board: Board, part: str, rows: Sequence[Row], about: About) -> dict[str, Any]:
    """The exports of a page of a board that is ordered by a part; `about` is for citations.

    Returns:
        `figures`: of each row, its numbers by the key of their column: the value, then of a score both ends of the
        interval and the spread over the seeds; `latex`: what stands before the rows and after them; `lines`: of each
        row, its line of LaTeX; `cited`: of each row, the numbers of its citations; `citations`: BibTeX entries.
    """
    scores = [
        (one, metric)
        for one in dict.fromkeys(("full", *board.parts))
        for metric in SCORES
        if (one, metric) in board.highest
    ]
    highest = {score: figure(value) if (value := board.highest[score]) is not None else "" for score in scores}
    return {
        "figures": [_figures(row, part) for row in rows],
        "latex": [_head(board, scores), END],
        "lines": [_line(row, scores, highest) for row in rows],
        **_cited([_citations(row, about) for row in rows]),
    }


def record_exports(entries: Sequence[Entry], about: About) -> dict[str, Any]:
    """The exports of a page of records, in the form of `board_exports`."""
    figures = [entry.figures.get(entry.policy, {}).get("full", {}) for entry in entries]
    lines = []
    for entry, found in zip(entries, figures, strict=True):
        plan = entry.record.plan
        recipe, seed = (plan.recipe, str(plan.seed)) if isinstance(plan, Plan) else ("--", "--")
        scores = [figure(found[metric].value) if metric in found else "--" for metric in SCORES]
        lines.append(_row([*map(_tex, (plan.model, recipe, seed, plan.dataset, entry.protocol)), *scores]))
    heads = ("Model", "Recipe", "Seed", "Dataset", "Protocol", "UF1", "UAR")
    return {
        "figures": [{metric: _numbers(found[metric]) for metric in SCORES if metric in found} for found in figures],
        "latex": [_plain_head("llrllrr", heads), END],
        "lines": lines,
        **_cited([[bibtex(entry, about)] for entry in entries]),
    }


def reported_exports(figures: Sequence[Reported]) -> dict[str, Any]:
    """The exports of the page of reported figures, in the form of `board_exports`."""
    heads = ("Method", "Year", "Dataset", "Part", "Metric", "Value")
    lines = [
        _row(
            [
                _tex(one.method),
                str(one.year or "--"),
                *map(_tex, (one.dataset, one.part, one.metric)),
                figure(one.value),
            ]
        )
        for one in figures
    ]
    return {
        "figures": [{"value": [one.value]} for one in figures],
        "latex": [_plain_head("lrlllr", heads), END],
        "lines": lines,
        **_cited([[paper_bibtex(one.cited)] for one in figures]),
    }


def _citations(row: Row, about: About) -> list[str]:
    paper = [paper_bibtex(row.paper)] if row.paper else []
    return [*paper, *([row_bibtex(row, about)] if row.entries else [])]


def _cited(texts: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Every citation once, and the numbers of those of each row."""
    numbers: dict[str, int] = {}
    cited = [[numbers.setdefault(text, len(numbers)) for text in found] for found in texts]
    return {"cited": cited, "citations": list(numbers)}


def _plain_head(columns: str, heads: Sequence[str]) -> str:
    return f"{NEEDS}\\begin{{tabular}}{{{columns}}}\n  \\toprule\n{_row(heads)}  \\midrule\n"


def _row(cells: Sequence[str]) -> str:
    return f"  {' & '.join(cells)} \\\\\n"


def _figures(row: Row, part: str) -> dict[str, Any]:
    figures: dict[str, Any] = {
        f"{one}-{metric}": _numbers(found[metric])
        for one, found in row.figures.items()
        for metric in SCORES
        if metric in found
    }
    if accuracy := row.figures.get(part, {}).get("accuracy"):
        figures["accuracy"] = _numbers(accuracy)
    numbers = {"selection": row.gains.get(part), "parameters": row.parameters, "time": row.seconds, "clips": row.clips}
    return figures | {name: [value] for name, value in numbers.items() if value is not None}


def _numbers(one: Figure) -> list[float | None]:
    ends: tuple[float | None, float | None] = one.interval or (None, None)
    numbers = [one.value, *ends, one.spread]
    while numbers[-1] is None:
        numbers.pop()
    return numbers


def _head(board: Board, scores: Sequence[tuple[str, Any]]) -> str:
    parts = list(dict.fromkeys(part for part, _ in scores))
    groups, rules, column = "", "", 3
    for part in parts:
        width = sum(one == part for one, _ in scores)
        groups += f" & \\multicolumn{{{width}}}{{c}}{{{_tex(board.part_name(part))}}}"
        rules += f" \\cmidrule(lr){{{column}-{column + width - 1}}}"
        column += width
    return (
        f"{EXPLAINED}\\begin{{tabular}}{{lr{'r' * len(scores)}}}\n  \\toprule\n"
        f"  & {groups.removeprefix(' ')} \\\\\n {rules}\n"
        f"  Method & Year{''.join(f' & {metric.upper()}' for _, metric in scores)} \\\\\n  \\midrule\n"
    )


def _line(row: Row, scores: Sequence[tuple[str, Any]], highest: dict[tuple[str, Any], str]) -> str:
    detail = f" ({_tex(row.details)})" if row.details else ""
    year = str(row.year or "--")
    cells = [_cell(row, part, metric, highest[part, metric]) for part, metric in scores]
    return _row([_tex(row.name) + detail, year, *cells])


def _cell(row: Row, part: str, metric: Any, highest: str) -> str:
    found = row.figures.get(part, {}).get(metric)
    if not found:
        return "--"
    text, standing = figure(found.value), row.standings.get(part)
    bold = standing and (standing.leading if metric == "uf1" else text == highest)
    return f"\\textbf{{{text}}}" if bold else text


def _tex(text: str) -> str:
    return tex(CONTROL.sub(" ", without_controls(text)))
