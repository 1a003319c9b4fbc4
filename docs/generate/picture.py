"""The picture of the finding: for each method what a paper reports, and what its runs score with an honest epoch and
with the epoch chosen on the test subject.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from html import escape

from docs.generate.board import baseline, board, runs
from docs.generate.markdown import decimal
from merbench.leaderboard.entries import Figure
from merbench.leaderboard.methods import methods_of
from merbench.leaderboard.rows import Row

__all__ = ["finding"]

WIDTH, LEFT, RIGHT, TOP, STEP, BOTTOM = 760, 168, 84, 128, 27, 62  # pixels
LOW, HIGH = 0.50, 0.90  # UF1 at the ends of the axis
STYLE = """
.card{fill:#fff}.title{fill:#16202c;font-weight:650;font-size:18px}.text{fill:#16202c}.soft{fill:#566373}
.grid{stroke:#e3e8ee}.band{fill:#2f6fde;opacity:.09}.base{stroke:#2f6fde;stroke-dasharray:4 3}.basetext{fill:#1f57b8}
.span{stroke:#b9cdf3;stroke-width:7;stroke-linecap:round}.gain{stroke:#e2a05f;stroke-width:2}.honest{fill:#1f57b8}
.selected{fill:#fff;stroke:#c2570c;stroke-width:2.5}.short{fill:#fff;stroke:#1f57b8;stroke-width:2.5}
.reported{fill:#16202c}
text{font:14px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
@media (prefers-color-scheme:dark){.card{fill:#10161e}.title,.text{fill:#e8edf3}.soft{fill:#a3b0bf}.grid{stroke:#26303c}
.band{fill:#6ea0ff;opacity:.14}.base{stroke:#6ea0ff}.basetext{fill:#9dbfff}.span{stroke:#2b4470}.gain{stroke:#8f5a2a}
.honest{fill:#6ea0ff}.selected{fill:#10161e;stroke:#ff9d4d}.short{fill:#10161e;stroke:#6ea0ff}
.reported{fill:#e8edf3}}
"""


def finding() -> str:
    """The picture as SVG text; it follows the reader's light or dark scheme."""
    reported = {one.name: one.reported for one in methods_of(board())}
    rows = [row for row in _best_of_each_model() if row.oracle or reported.get(row.name)]
    height = TOP + STEP * len(rows) + BOTTOM
    reference = baseline()
    gains = [row.oracle["full"]["uf1"].value - row.figures["full"]["uf1"].value for row in rows if row.oracle]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t d">',
        '<title id="t">UF1 of each method: reported, honest and test-selected</title>',
        f'<desc id="d">{escape(_in_words(rows, reported))}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="card" width="{WIDTH}" height="{height}" rx="10"/>',
        *_head(statistics.median(gains)),
        *_axis(height),
        *_baseline(reference.figures["full"]["uf1"], height),
    ]
    for place, row in enumerate(rows):
        lines += _row(row, reported.get(row.name, ()), TOP + STEP * (place + 0.5))
    return "\n".join([*lines, "</svg>", ""])


def _best_of_each_model() -> list[Row]:
    best: dict[str, Row] = {}
    for row in runs():
        best.setdefault(row.model, row)
    return list(best.values())


def _head(gain: float) -> Iterator[str]:
    yield _text(24, 36, f"Choosing the epoch on the test subject adds {decimal(gain, 2)} to UF1 (median)", "title")
    yield _text(24, 58, "SMIC + CASME II + SAMM, 442 clips, leave one subject out; hollow: shortened training", "soft")
    marks = (
        (24, _disc(31, 83), "honest: last epoch, 95 % interval"),
        (286, _ring(293, 83), "epoch chosen on the test subject"),
        (548, _diamond(555, 83), "reported by the paper"),
    )
    for x, mark, words in marks:
        yield mark
        yield _text(x + 18, 88, words, "soft")
    yield _text(WIDTH - 24, TOP - 12, "epochs", "soft", "end")


def _axis(height: float) -> Iterator[str]:
    end = height - BOTTOM
    for tick in range(round(LOW * 10), round(HIGH * 10) + 1):
        x = _x(tick / 10)
        yield f'<path class="grid" d="M{x} {TOP - 8}V{end}"/>'
        yield _text(x, end + 20, decimal(tick / 10, 1), "soft", "middle")


def _baseline(figure: Figure, height: float) -> Iterator[str]:
    """A logistic regression on the flow, as a line, with its interval as a band."""
    low, high = figure.interval or (figure.value, figure.value)
    x, end = _x(figure.value), height - BOTTOM
    width = round(_x(high) - _x(low), 1)
    yield f'<rect class="band" x="{_x(low)}" y="{TOP - 8}" width="{width}" height="{end - TOP + 8}"/>'
    yield f'<path class="base" d="M{x} {TOP - 8}V{end + 28}"/>'
    yield _text(x, end + 44, f"logistic regression on the flow: {decimal(figure.value)}", "basetext", "middle")


def _row(row: Row, reported: tuple[float, ...], y: float) -> Iterator[str]:
    figure = row.figures["full"]["uf1"]
    low, high = figure.interval or (figure.value, figure.value)
    yield _text(LEFT - 14, y + 5, row.name.replace("_patch16_224", ""), "text", "end")
    yield f'<path class="span" d="M{_x(low)} {y}H{_x(high)}"/>'
    if row.oracle:
        best = row.oracle["full"]["uf1"].value
        yield f'<path class="gain" d="M{_x(figure.value)} {y}H{_x(best)}"/>'
        yield _ring(_x(best), y)
        yield _text(WIDTH - 24, y + 5, str(row.epochs or ""), "soft", "end")
    yield _disc(_x(figure.value), y, "short" if row.claim == "shortened" else "honest")
    yield from (_diamond(_x(value), y) for value in dict.fromkeys(reported))


def _in_words(rows: list[Row], reported: dict[str, tuple[float, ...]]) -> str:
    said = []
    for row in rows:
        parts = [f"honest {decimal(row.figures['full']['uf1'].value)}"]
        among = f" among {row.epochs} epochs" if row.epochs else ""
        parts += [f"test-selected{among} {decimal(row.oracle['full']['uf1'].value)}"] if row.oracle else []
        parts += [f"reported {decimal(value)}" for value in dict.fromkeys(reported.get(row.name, ()))]
        said.append(f"{row.name}: {', '.join(parts)}.")
    return " ".join(said)


def _x(value: float) -> float:
    share = (min(max(value, LOW), HIGH) - LOW) / (HIGH - LOW)
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def _text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'


def _disc(x: float, y: float, kind: str = "honest") -> str:
    return f'<circle class="{kind}" cx="{x}" cy="{y}" r="{6 if kind == "honest" else 5}"/>'


def _ring(x: float, y: float) -> str:
    return f'<circle class="selected" cx="{x}" cy="{y}" r="5.5"/>'


def _diamond(x: float, y: float) -> str:
    return f'<path class="reported" d="M{x} {y - 7}l6 7 -6 7 -6 -7z"/>'
