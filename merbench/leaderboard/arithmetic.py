"""What printed scores can be: bounds that follow from the definitions of the scores, each with its proof.

Notation for pooled predictions: class c has n_c clips, of which TP_c are answered rightly; m_c clips are answered c;
N = sum n_c = sum m_c. Recall R_c = TP_c / n_c, precision P_c = TP_c / m_c, F1_c = 2 TP_c / (n_c + m_c). UF1, UAR and
macro precision are the means of F1_c, R_c and P_c over the C classes; accuracy is sum TP_c / N.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt

__all__ = ["Contradiction", "contradictions", "highest_uf1", "lowest_uf1", "reach"]

FULL = "full"  # the part that pools all others
FINEST = -9  # decimals of a figure that count: sums of floating-point numbers differ in later ones


@dataclass(frozen=True)
class Contradiction:
    """Figures that cannot all be right: their parts and metrics, and why."""

    figures: tuple[tuple[str, str], ...]
    why: str


def highest_uf1(uar: float, precision: float = 1.0) -> float:
    """The highest UF1 with this UAR and macro precision: 2PR/(P+R); without a precision, 2 UAR / (1 + UAR).

    Proof: F1_c = h(P_c, R_c) with the harmonic mean h(p, r) = 2pr/(p+r), h(0, 0) = 0. On p, r >= 0 h is concave: it is
    homogeneous of degree 1, and r -> h(1, r) = 2 - 2/(1+r) is concave. So by Jensen's inequality UF1 = mean h(P_c, R_c)
    <= h(mean P_c, mean R_c). h grows with p, and no precision exceeds 1. A class that is never answered has recall and
    F1 0, so any P_c in [0, 1] may stand for its undefined precision.
    """
    return 2 * precision * uar / (precision + uar) if precision + uar else 0.0


def lowest_uf1(uar: float, clips: Sequence[int]) -> float:
    """A UF1 that no predictions with this UAR are below, for so many clips of each class.

    Proof: C UF1 = sum 2 TP_c / (n_c + m_c), and sum (n_c + m_c) = 2N, so by Cauchy and Schwarz C UF1 >= (sum sqrt(2
    TP_c))^2 / 2N = (sum sqrt(TP_c))^2 / N. The sum of square roots is concave in the recalls, so over all recalls in
    [0, 1] with mean `uar` it is least at a corner: there all recalls but one are 0 or 1.
    """
    whole, rest = divmod(min(1.0, uar) * len(clips), 1.0)
    corners = []
    for place, count in enumerate(clips):
        others = sorted([*clips[:place], *clips[place + 1 :]])
        corners.append(sqrt(rest * count) + sum(map(sqrt, others[: int(whole)])))
    least = sum(map(sqrt, clips)) if whole == len(clips) else min(corners)
    return least**2 / sum(clips) / len(clips)


def reach(weights: Sequence[float], mean: float) -> tuple[float, float]:
    """The least and the greatest `sum w_c R_c` for recalls R_c in [0, 1] with this mean.

    Proof: a sum that is linear in the recalls is least if the recall goes to the classes of the least weights first,
    and greatest if it goes to those of the greatest: moving recall from one class to another changes the sum by the
    difference of their weights.
    """
    ascending = sorted(weights)
    return _filled(ascending, mean), _filled(ascending[::-1], mean)


def contradictions(
    scores: Mapping[str, Mapping[str, float]], clips: Mapping[str, Sequence[int]]
) -> Iterator[Contradiction]:
    """Printed figures of one method that cannot all be right.

    Papers print a table with one number of decimals, and round or cut the last. So a figure stands for every value that
    is less than one unit of the last decimal away, and nothing is said against figures that fit with such values.

    Args:
        scores: figures by part and metric: `uf1`, `uar`, `accuracy`, `macro-precision`; others are ignored.
        clips: of each class, by part; parts whose clips are not known are left out.
    """
    unit = min((_unit(value) for figures in scores.values() for value in figures.values()), default=0.0)
    for part, figures in scores.items():
        yield from _of_one(part, figures, clips.get(part), unit)
    yield from _of_pool(scores, clips, unit)


def _of_one(
    part: str, figures: Mapping[str, float], clips: Sequence[int] | None, unit: float
) -> Iterator[Contradiction]:
    if "uar" not in figures:
        return
    uar = figures["uar"]
    if "uf1" in figures:
        precision = figures.get("macro-precision")
        most = highest_uf1(_up(uar, unit), 1.0 if precision is None else _up(precision, unit))
        if _down(figures["uf1"], unit) > most:
            also = () if precision is None else ("macro-precision",)
            yield _against(part, "uf1", figures, ("uar", *also), f"no UF1 is above {most:.3f}")
    if clips and "uf1" in figures:
        least = lowest_uf1(_down(uar, unit), clips)
        if _up(figures["uf1"], unit) < least:
            why = f"with {_listed(clips)} clips of the classes no UF1 is below {least:.3f}"
            yield _against(part, "uf1", figures, ("uar",), why)
    if clips and "accuracy" in figures:
        shares = [count / sum(clips) for count in clips]
        ends = reach(shares, _down(uar, unit))[0], reach(shares, _up(uar, unit))[1]
        if not _meets(figures["accuracy"], unit, ends):
            why = f"with {_listed(clips)} clips of the classes the accuracy is {_between(ends)}"
            yield _against(part, "accuracy", figures, ("uar",), why)


def _of_pool(
    scores: Mapping[str, Mapping[str, float]], clips: Mapping[str, Sequence[int]], unit: float
) -> Iterator[Contradiction]:
    """Figures of all clips that do not follow from those of the parts.

    Proof: the pooled recall of a class is the mean of the parts' recalls weighted by their clips of the class, so the
    pooled UAR is a sum over the parts of what `reach` bounds. The pooled accuracy is the mean of the parts' accuracies
    weighted by their clips. The pooled F1_c is a mean of the parts' F1_c, weighted by n_c + m_c of the part: it is at
    least the least and at most the greatest of them. With values in [0, 1] the least is at least their sum less the
    number of parts but one, and the greatest at most their sum; the mean over the classes keeps both.
    """
    pooled = scores.get(FULL, {})
    parts = [part for part in clips if part != FULL]
    if FULL not in clips or [sum(one) for one in zip(*(clips[part] for part in parts), strict=True)] != [*clips[FULL]]:
        return
    for metric, bound in (("uar", _pooled_uar), ("accuracy", _pooled_accuracy), ("uf1", _pooled_uf1)):
        if metric in pooled and all(metric in scores.get(part, {}) for part in parts):
            ends = bound({part: scores[part][metric] for part in parts}, clips, unit)
            if not _meets(pooled[metric], unit, ends):
                figures = tuple((part, metric) for part in (FULL, *parts))
                found = ", ".join(f"{scores[part][metric]:g} ({part})" for part in parts)
                why = f"{_name(metric)} {pooled[metric]:g} of all clips: from {found} it is {_between(ends)}"
                yield Contradiction(figures, why)


def _pooled_uar(parts: Mapping[str, float], clips: Mapping[str, Sequence[int]], unit: float) -> tuple[float, float]:
    ends = [0.0, 0.0]
    for part, value in parts.items():
        weights = [count / whole for count, whole in zip(clips[part], clips[FULL], strict=True)]
        ends[0] += reach(weights, _down(value, unit))[0]
        ends[1] += reach(weights, _up(value, unit))[1]
    return ends[0] / len(clips[FULL]), ends[1] / len(clips[FULL])


def _pooled_accuracy(
    parts: Mapping[str, float], clips: Mapping[str, Sequence[int]], unit: float
) -> tuple[float, float]:
    total = sum(clips[FULL])
    low, high = (
        sum(sum(clips[part]) * moved(value, unit) for part, value in parts.items()) / total for moved in (_down, _up)
    )
    return low, high


def _pooled_uf1(parts: Mapping[str, float], clips: Mapping[str, Sequence[int]], unit: float) -> tuple[float, float]:
    low = sum(_down(value, unit) for value in parts.values()) - (len(parts) - 1)
    return max(0.0, low), min(1.0, sum(_up(value, unit) for value in parts.values()))


def _filled(weights: Sequence[float], mean: float) -> float:
    """The weighted sum of recalls that are 1 for the first classes, until their mean is reached."""
    left, total = mean * len(weights), 0.0
    for weight in weights:
        recall = min(1.0, max(0.0, left))
        total += weight * recall
        left -= recall
    return total


def _unit(value: float) -> float:
    """One unit of the last decimal of a figure."""
    exponent = Decimal(repr(value)).as_tuple().exponent
    assert isinstance(exponent, int)
    return float(10.0 ** max(FINEST, min(exponent, 0)))


def _up(value: float, unit: float) -> float:
    return min(1.0, value + unit)


def _down(value: float, unit: float) -> float:
    return max(0.0, value - unit)


def _meets(value: float, unit: float, ends: tuple[float, float]) -> bool:
    return _up(value, unit) >= ends[0] and _down(value, unit) <= ends[1]


def _against(part: str, metric: str, figures: Mapping[str, float], others: Sequence[str], why: str) -> Contradiction:
    given = " and ".join(f"{_name(one)} {figures[one]:g}" for one in others)
    return Contradiction(
        tuple((part, one) for one in (metric, *others)), f"{_name(metric)} {figures[metric]:g} with {given}: {why}"
    )


def _name(metric: str) -> str:
    return {"uf1": "UF1", "uar": "UAR"}.get(metric, metric.replace("-", " "))


def _listed(clips: Sequence[int]) -> str:
    return ", ".join(map(str, clips))


def _between(ends: tuple[float, float]) -> str:
    return f"between {ends[0]:.3f} and {ends[1]:.3f}"
