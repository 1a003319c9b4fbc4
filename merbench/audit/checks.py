"""The checks: each compares runs, or reads one, and gives a `Finding`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from merbench.audit.clips import Clips
from merbench.audit.figures import METRICS, fold_means, pooled, printed
from merbench.audit.findings import Finding, found, passed, unchecked
from merbench.audit.predictions import WrittenPredictions
from merbench.errors import and_more

__all__ = ["Poisoned", "averages", "best_epochs", "class_order", "moved", "moves", "repeats", "subjects_apart"]

SEED = "seed everything that draws numbers, and run the audit again"
ROUNDING = 1e-9  # of sums, beside the rounding of what is printed


@dataclass(frozen=True)
class Poisoned:
    """A poisoned run, and the clips whose predictions must not have moved."""

    written: WrittenPredictions
    still: Collection[str]


def moved(before: WrittenPredictions, after: WrittenPredictions, among: Collection[str]) -> list[str]:
    """The clips whose predictions differ."""
    return [clip for clip in sorted(among) if before.predicted[clip] != after.predicted[clip]]


def repeats(runs: Sequence[WrittenPredictions]) -> Finding:
    """Whether the same input gave the same predictions in all `runs`."""
    noise = _noise(runs, runs[0].predicted)
    clips = len(runs[0].predicted)
    if not noise:
        return passed("repeats", f"{len(runs)} equal runs give the same {clips} predictions")
    return unchecked("repeats", f"{noise} of {clips} predictions move between equal runs", SEED)


def _noise(runs: Sequence[WrittenPredictions], among: Collection[str]) -> int:
    """The most predictions that differ between two of the equal runs."""
    pairs = ((a, b) for at, a in enumerate(runs) for b in runs[at + 1 :])
    return max((len(moved(a, b, among)) for a, b in pairs), default=0)


def moves(check: str, plain: Sequence[WrittenPredictions], poisoned: Iterable[Poisoned], advice: str) -> Finding:
    """Whether a poison moved a prediction that it must not move.

    If equal runs differ, in whatever clip, only the numbers are told: what the poison moves, and what moves by itself.
    """
    runs = list(poisoned)
    still = {clip for run in runs for clip in run.still}
    changed = {clip for run in runs for clip in moved(plain[0], run.written, run.still)}
    before = plain[0].predicted
    noise = _noise(plain, before)
    evidence = f"{len(changed)} of {len(still)} predictions move"
    if noise:
        return unchecked(check, f"{evidence}; without poison, {noise} of {len(before)} move", SEED)
    if not changed:
        return passed(check, evidence)
    folds, touched = ({plain[0].folds[clip] for clip in clips} for clips in (still, changed))
    return found(check, f"{evidence}, in {len(touched)} of {len(folds)} folds", advice)


def class_order(plain: Sequence[WrittenPredictions], turned: WrittenPredictions, classes: int, advice: str) -> Finding:
    """Whether a class is its folder's place in the listing: in the other order, class c becomes `classes` - 1 - c.

    Other moves come from the order of the clips in batches, which is a matter of the file order.
    """
    check, before = "class order", plain[0].predicted
    able = [clip for clip in before if before[clip] != classes - 1 - before[clip]]
    mirrored = [clip for clip in able if turned.predicted[clip] == classes - 1 - before[clip]]
    evidence = f"{len(mirrored)} of {len(able)} predictions become the class at the opposite place"
    if _noise(plain, before):
        return unchecked(check, evidence, SEED)
    if 2 * len(mirrored) > len(able):
        return found(check, evidence, advice)
    return passed(check, evidence)


def best_epochs(clips: Clips, written: WrittenPredictions) -> Finding:
    """Whether the predictions are, fold by fold, those of an epoch that is best on the fold's own test side."""
    check, truth = "best epoch", dict(zip(clips.names, clips.labels.tolist(), strict=True))
    if not written.epochs:
        return unchecked(check, "the script writes no epochs.csv", "the check of labels finds this fault as well")
    epochs = list(written.epochs.values())
    folds = _folds(written)
    best = [fold for fold in folds.values() if _is_best(written.predicted, epochs, fold, truth)]
    better = [fold for fold in folds.values() if _hits(written.predicted, fold, truth) > _hits(epochs[-1], fold, truth)]
    evidence = f"{len(best)} of {len(folds)} folds show the epoch best on them, {len(better)} beat the last epoch"
    if len(best) == len(folds) and better:
        own, last = (pooled_uf1(clips, one) for one in (written.predicted, epochs[-1]))
        advice = "report the last epoch, or choose the epoch on subjects of the training side"
        return found(check, f"{evidence}: UF1 {own:.3f}, last epoch {last:.3f}", advice)
    return passed(check, evidence)


def pooled_uf1(clips: Clips, predicted: Mapping[str, int]) -> float:
    """UF1 of all clips together."""
    return pooled(clips.labels.tolist(), [predicted[name] for name in clips.names], clips.classes)["UF1"]


def _folds(written: WrittenPredictions) -> dict[str, list[str]]:
    folds: dict[str, list[str]] = {}
    for clip, fold in written.folds.items():
        folds.setdefault(fold, []).append(clip)
    return folds


def _hits(predicted: Mapping[str, int], fold: Sequence[str], truth: Mapping[str, int]) -> int:
    return sum(predicted[clip] == truth[clip] for clip in fold)


def _is_best(
    predicted: Mapping[str, int], epochs: Sequence[Mapping[str, int]], fold: Sequence[str], truth: Mapping[str, int]
) -> bool:
    """Whether a fold's predictions are those of an epoch with the most hits on the fold."""
    most = max(_hits(epoch, fold, truth) for epoch in epochs)
    tops = [epoch for epoch in epochs if _hits(epoch, fold, truth) == most]
    return any(all(epoch[clip] == predicted[clip] for clip in fold) for epoch in tops)


def averages(clips: Clips, written: WrittenPredictions) -> Finding:
    """Whether the UF1 and UAR that the script printed are those of the pooled predictions."""
    check, claims = "scores", printed(written.text)
    if not claims:
        return unchecked(check, "the script prints no UF1 or UAR", "print them, as 'UF1: 0.7123', to compare them")
    truth, predicted = clips.labels.tolist(), [written.predicted[name] for name in clips.names]
    right = pooled(truth, predicted, clips.classes)
    means = fold_means(truth, predicted, [written.folds[name] for name in clips.names], clips.classes)
    wrong = [metric for metric in METRICS if metric in claims and not _says(claims[metric], [right[metric]])]
    said = ", ".join(f"{metric} {claims[metric][0]:.4f}" for metric in METRICS if metric in claims)
    if not wrong:
        return passed(check, f"prints {said}, as the pooled predictions give")
    metric = wrong[0]
    evidence = f"prints {said}; pooled {metric} is {right[metric]:.4f}"
    if _says(claims[metric], means[metric]):
        advice = "pool the predictions of all folds first, then score once: most folds lack a class"
        return found(check, f"{evidence}; the mean over folds is what it prints", advice)
    ways = ", ".join(f"{mean:.4f}" for mean in means[metric])
    return found(
        check, f"{evidence}, means over folds are {ways}", "print the scores of the predictions in predictions.csv"
    )


def _says(claim: tuple[float, float], values: Sequence[float]) -> bool:
    """Whether a printed figure is one of the values, as far as its decimals tell."""
    return any(abs(claim[0] - value) <= claim[1] + ROUNDING for value in values)


def subjects_apart(clips: Clips, written: WrittenPredictions, *, given: bool) -> Finding:
    """Whether no subject is on both sides of a fold. `given`: the folds are merbench's own, as a function has them."""
    check, owner = "subjects", dict(zip(clips.names, clips.subjects, strict=True))
    advice = "split by subject: LOSO, or groups of subjects"
    if written.sides:
        both = {fold: _both(sides, owner) for fold, sides in written.sides.items()}
        shared = {fold: names for fold, names in both.items() if names}
        if shared:
            fold, names = min(shared.items())
            evidence = f"{len(shared)} of {len(both)} folds; in {fold}: {and_more(names, 4)}"
            return found(check, f"{evidence}, train and test", advice)
        return passed(check, f"no subject is on both sides of the {len(both)} folds in folds.csv")
    if given:
        return passed(check, f"merbench made the {len(set(written.folds.values()))} folds, one for each subject")
    parts: dict[str, set[str]] = {}
    for clip, fold in written.folds.items():
        parts.setdefault(owner[clip], set()).add(fold)
    split = sorted(subject for subject, folds in parts.items() if len(folds) > 1)
    if split:
        evidence = f"{len(split)} of {len(parts)} subjects are tested in several folds: {and_more(split, 4)}"
        return found(check, evidence, advice)
    if written.named:
        return passed(check, f"each of {len(parts)} subjects is tested in one fold")
    return unchecked(check, "the script names no folds", "write folds.csv (fold, side, clip) to have them checked")


def _both(sides: Mapping[str, Sequence[str]], owner: Mapping[str, str]) -> list[str]:
    train, test = ({owner[clip] for clip in sides[side]} for side in ("train", "test"))
    return sorted(train & test)
