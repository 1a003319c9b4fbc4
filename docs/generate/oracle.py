"""What choosing the epoch on the test subject yields against the number of epochs, as a table and as a picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from statistics import fmean
from typing import Any

from docs.generate.markdown import decimal, table

__all__ = ["epochs", "pictures"]

CURVES = Path(__file__).parents[2] / "tests" / "benchmarks" / "oracle.json"
SHOWN = (1, 2, 5, 10, 20, 40, 60, 100, 200, 400, 800)  # epochs of the table
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 820, 400, 62, 270, 84, 54  # pixels
SHOWS = (
    "![UF1 against epochs: the last epoch, and the best on the test subject, with true and with permuted labels]"
    "(pictures/oracle.svg)"
)
LABELS = {"true": "true labels", "permuted": "permuted labels"}
WAYS = {"oracle": "best epoch on the test subject", "last": "last epoch"}
STYLE = """
.card{fill:#fff}.title{fill:#16202c;font-weight:650;font-size:18px}.text{fill:#16202c}.soft{fill:#566373}
.grid{stroke:#e3e8ee}.last{stroke:#1f57b8}.oracle{stroke:#c2570c}.curve{fill:none;stroke-width:2.2}
.permuted{stroke-dasharray:5 4}
text{font:14px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
@media (prefers-color-scheme:dark){.card{fill:#10161e}.title,.text{fill:#e8edf3}.soft{fill:#a3b0bf}.grid{stroke:#26303c}
.last{stroke:#6ea0ff}.oracle{stroke:#ff9d4d}}
"""


def epochs() -> str:
    """The picture, and a line for each model and number of epochs: both ways, with true and permuted labels."""
    if not CURVES.exists():
        return "No curve was measured yet."
    head = [f"{what}, {way}" for what in LABELS.values() for way in ("last", "oracle")]
    lines = [
        [name, str(count), *(_both(one[labels], way, count) for labels in LABELS for way in ("last", "oracle"))]
        for name, one in _kept().items()
        for count in SHOWN
        if count <= one["epochs"]
    ]
    return f"{SHOWS}\n\n{table(['model', 'epochs', *head], lines)}"


def pictures() -> dict[str, str]:
    """The picture by its file name; none before a curve was measured."""
    return {"oracle.svg": picture()} if CURVES.exists() else {}


def picture() -> str:
    """UF1 against epochs of the first model as SVG text; it follows the reader's light or dark scheme."""
    name, kept = next(iter(_kept().items()))
    curves = {(labels, way): _mean(kept[labels], f"{way} uf1") for labels in LABELS for way in WAYS}
    said = " ".join(
        f"{LABELS[labels]}, {WAYS[way]}: {decimal(curve[0])} after 1 epoch, {decimal(curve[-1])} after {len(curve)}."
        for (labels, way), curve in curves.items()
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d">',
        '<title id="t">UF1 of the last epoch and of the best on the test subject, against the number of epochs</title>',
        f'<desc id="d">{escape(said)}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="card" width="{WIDTH}" height="{HEIGHT}" rx="10"/>',
        _text(24, 36, "Choosing the epoch on the test subject, by number of epochs", "title"),
        _text(24, 58, f"{name}, UF1 over all clips; dashed: permuted labels, which carry nothing", "soft"),
        *_axes(kept["epochs"]),
        *_curves(curves),
    ]
    return "\n".join([*lines, "</svg>", ""])


def _kept() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(CURVES.read_text("utf-8"))
    return kept


def _both(runs: list[dict[str, list[float]]], way: str, count: int) -> str:
    return " / ".join(decimal(_mean(runs, f"{way} {metric}")[count - 1]) for metric in ("uf1", "uar"))


def _mean(runs: list[dict[str, list[float]]], curve: str) -> list[float]:
    return [fmean(values) for values in zip(*(run[curve] for run in runs), strict=True)]


def _axes(most: int) -> Iterator[str]:
    for tick in range(2, 10):
        y = _y(tick / 10)
        yield f'<path class="grid" d="M{LEFT} {y}H{WIDTH - RIGHT}"/>'
        yield _text(LEFT - 10, y + 5, decimal(tick / 10, 1), "soft", "end")
    for share in range(1, 5):
        count = round(most * share / 4)
        yield _text(_x(count, most), HEIGHT - BOTTOM + 22, str(count), "soft", "middle")
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, "epochs", "soft", "middle")


def _curves(curves: dict[tuple[str, str], list[float]]) -> Iterator[str]:
    for (labels, way), curve in curves.items():
        points = "L".join(f"{_x(place, len(curve))} {_y(value)}" for place, value in enumerate(curve, start=1))
        yield f'<path class="curve {way} {labels}" d="M{points}"/>'
        y = _y(curve[-1])
        yield _text(WIDTH - RIGHT + 10, y, LABELS[labels], "text")
        yield _text(WIDTH - RIGHT + 10, y + 16, f"{WAYS[way]} {decimal(curve[-1])}", "soft")


def _x(count: int, most: int) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * (count - 1) / max(most - 1, 1), 1)


def _y(value: float) -> float:
    return round(TOP + (0.9 - value) / 0.7 * (HEIGHT - TOP - BOTTOM), 1)


def _text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'
