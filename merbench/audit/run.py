"""Run the script as it is and poisoned, and put the checks together."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from merbench.audit.checks import Poisoned, averages, best_epochs, class_order, moves, repeats, subjects_apart
from merbench.audit.clips import Clips
from merbench.audit.findings import Finding, passed, unchecked
from merbench.audit.layouts import check_layout, write_layout
from merbench.audit.predictions import WrittenPredictions, read_written
from merbench.audit.process import Target, run_script

__all__ = ["audit"]

EQUAL_RUNS, MORE_RUNS = 2, 2  # more only if the first ones differ
LABELS = "find where the script reads test labels: to choose an epoch or a threshold, to stop, or to train"
FEATURES = "predict each clip alone: no batch statistics and no normalisation over the test side"
CLASS_ORDER = "take the class from the folder's name, never from its place in a listing"
FILE_ORDER = "sort what os.listdir or glob returns: its order differs between file systems, and batches follow it"


def audit(
    target: Target, clips: Clips, *, subjects: int = 3, report: Callable[[str], None] = lambda _: None
) -> list[Finding]:
    """Audit a script.

    Args:
        target: the script.
        clips: what it is run on.
        subjects: with the layout `table`, the number of subjects that are poisoned, each in runs of its own, the ones
            with the most clips first. The other layouts keep test sides apart, so one run poisons all subjects.
        report: called with a sentence before each run.

    Raises:
        AuditError: the script cannot be run, or what it writes cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix="merbench-audit-") as folder:
        runs = _Runs(target, clips, Path(folder), report)
        return _findings(runs, subjects)


@dataclass
class _Runs:
    """Runs the script on copies of the clips; each run has folders of its own."""

    target: Target
    clips: Clips
    folder: Path
    report: Callable[[str], None]
    count: int = 0

    @property
    def layout(self) -> str:
        """The layout of the clips on disk."""
        return "sides" if self.target.kind == "function" else self.target.layout

    @property
    def apart(self) -> bool:
        """Whether each fold has a test side of its own, which can be poisoned without its training sides."""
        return self.layout != "table"

    def run(self, clips: Clips, what: str, order: str = "") -> WrittenPredictions:
        """Run once, in folders of its own."""
        self.count += 1
        self.report(what)
        here = self.folder / f"run-{self.count:03}"
        check_layout(clips, self.layout)
        write_layout(clips, self.layout, here / "data")
        text = run_script(self.target, here / "data", here / "out", what, order)
        return read_written(here / "out", clips, what, text)

    def saw(self, kind: str) -> bool:
        """Whether the last run, in Python, listed such folders of its data; or at least was in Python."""
        return (self.folder / f"run-{self.count:03}" / f"out.seen.{kind}").exists()


def _findings(runs: _Runs, subjects: int) -> list[Finding]:
    plain = [runs.run(runs.clips, f"run {number} without poison") for number in range(1, EQUAL_RUNS + 1)]
    if plain[0].predicted != plain[1].predicted:
        plain += [runs.run(runs.clips, f"run {number} without poison") for number in range(3, 3 + MORE_RUNS)]
    chosen = _chosen(runs, subjects)
    labels = moves("test labels", plain, _label_runs(runs, chosen), LABELS)
    features = _not_by_labels(_features(runs, plain, chosen), labels)
    if runs.target.kind == "function":
        return [repeats(plain), labels, features, subjects_apart(runs.clips, plain[0], given=True)]
    return [
        repeats(plain),
        labels,
        features,
        best_epochs(runs.clips, plain[0]),
        averages(runs.clips, plain[0]),
        subjects_apart(runs.clips, plain[0], given=False),
        *_orders(runs, plain),
    ]


def _not_by_labels(features: Finding, labels: Finding) -> Finding:
    """A choice by test labels also moves with the features: it compares the labels with what is predicted."""
    if features.result == labels.result == "found":
        evidence = f"{features.evidence}; the choice by test labels may be why"
        return unchecked(features.check, evidence, "repair the use of test labels first, and run the audit again")
    return features


def _chosen(runs: _Runs, subjects: int) -> list[tuple[str, np.ndarray]]:
    """What is poisoned in turn: a name, and the clips."""
    if runs.apart:
        return [("all subjects", np.ones(len(runs.clips.names), dtype=bool))]
    return [(subject, runs.clips.of(subject)) for subject in runs.clips.largest(subjects)]


def _label_runs(runs: _Runs, chosen: Sequence[tuple[str, np.ndarray]]) -> list[Poisoned]:
    """Every test label becomes another class, in each way that turns the classes round."""
    poisoned = []
    for name, where in chosen:
        for step in range(1, runs.clips.classes):
            clips = runs.clips.with_labels(where, step, everywhere=not runs.apart)
            written = runs.run(clips, f"the run with the test labels of {name} moved by {step}")
            poisoned.append(Poisoned(written, _names(runs.clips, where)))
    return poisoned


def _features(runs: _Runs, plain: Sequence[WrittenPredictions], chosen: Sequence[tuple[str, np.ndarray]]) -> Finding:
    """Half of a subject's clips become noise; the other half must be predicted as before."""
    poisoned = []
    for name, where in chosen:
        half = _every_other(runs.clips, where)
        rest = where & ~half & _with_company(runs.clips)
        if rest.any():
            clips = runs.clips.with_noise(half, everywhere=not runs.apart)
            written = runs.run(clips, f"the run with noise in half the test clips of {name}")
            poisoned.append(Poisoned(written, _names(runs.clips, rest)))
    if not poisoned:
        return unchecked("test features", "each subject has one clip", "give subjects with two clips or more")
    return moves("test features", plain, poisoned, FEATURES)


def _every_other(clips: Clips, where: np.ndarray) -> np.ndarray:
    """The second, fourth, ... clip of each subject, of those in `where`."""
    seen: dict[str, int] = {}
    places: list[bool] = []
    for subject in clips.subjects:
        seen[subject] = seen.get(subject, 0) + 1
        places.append(seen[subject] % 2 == 0)
    kept: np.ndarray = where & np.array(places)
    return kept


def _with_company(clips: Clips) -> np.ndarray:
    """Whether the subject of a clip has other clips."""
    return np.array([clips.subjects.count(subject) > 1 for subject in clips.subjects])


def _names(clips: Clips, where: np.ndarray) -> list[str]:
    return [name for name, kept in zip(clips.names, where.tolist(), strict=True) if kept]


def _orders(runs: _Runs, plain: Sequence[WrittenPredictions]) -> tuple[Finding, Finding]:
    """The same clips, with the class folders and then all else listed in the other order."""
    classes = runs.run(runs.clips, "the run with class folders listed in the other order", "classes")
    listed = runs.saw("classes")
    files = runs.run(runs.clips, "the run with files listed in the other order", "files")
    if not runs.saw("python"):
        finding = unchecked("class order", "the script does not run in Python", FILE_ORDER)
        return finding, dataclasses.replace(finding, check="file order")
    if not (listed or runs.saw("files")):
        finding = passed("class order", "the script lists no folder of its data")
        return finding, dataclasses.replace(finding, check="file order")
    order = class_order(plain, classes, runs.clips.classes, CLASS_ORDER)
    others = [files] if order.result == "found" else [classes, files]
    names = runs.clips.names
    return order, moves("file order", plain, [Poisoned(written, names) for written in others], FILE_ORDER)
