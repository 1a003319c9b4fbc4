"""Sentences for the warnings of a record."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from merbench.data.datasets import OpenDataset
from merbench.errors import and_more
from merbench.protocols import Fold, shared_subjects
from merbench.runs.schema import Plan
from merbench.runs.weights import given_files, starts_from

__all__ = ["notes_on_files", "notes_on_folds", "notes_on_left_out", "notes_on_pretraining"]

CHECKPOINTS = "the predictions come from checkpoints; how their epochs were chosen is not known"
NAMED = 20  # broken clips that a record names before "and n more"


def notes_on_files(plan: Plan) -> list[str]:
    """Notes on checkpoints used instead of training, and on files that the run's options gave to its model."""
    files = given_files(plan)
    return [CHECKPOINTS] * bool(plan.weights) + ([f"{starts_from(files)}; it is not ranked"] if files else [])


def notes_on_pretraining(plan: Plan) -> list[str]:
    """Notes on the datasets that a fit pre-trained on."""
    return [
        f"pre-trained on {one.dataset}: {one.clips} clips of {one.subjects} subjects, none of whom is tested"
        for one in plan.pretraining or ()
    ]


def notes_on_left_out(released: OpenDataset, kept: OpenDataset) -> list[str]:
    """Notes on the broken clips that were left out of a dataset."""
    total, left = len(released.clips), set(kept.clips["clip"])
    broken = [clip for clip in released.clips["clip"] if clip not in left]
    if not broken:
        return []
    # A separate sentence: it is removed from a record published without its clips, and the number of clips stays.
    named = [f"broken: {and_more(broken, NAMED)}"] if kept.spec.public_labels else []
    return [f"{len(broken)} of {total} clips are broken and were left out", *named]


def notes_on_folds(dataset: OpenDataset, folds: Sequence[Fold], all_folds: Sequence[Fold]) -> list[str]:
    """Notes on folds that were not run, that train without a class, or that have subjects on both sides."""
    labels = dataset.clips["label"].to_numpy(np.int64)
    notes = [f"only {len(folds)} of {len(all_folds)} folds were run"] if len(folds) < len(all_folds) else []
    for fold in folds:
        present = set(labels[fold.train])
        lacking = [name for index, name in enumerate(dataset.spec.scheme.classes) if index not in present]
        if lacking:
            notes.append(f"fold {fold.name} trains without any clip of class {', '.join(lacking)}")
    shared = shared_subjects(dataset.clips, folds)
    if any(shared):
        notes.append(
            f"subjects on both sides: {min(shared)} to {max(shared)} subjects of each fold are both trained on and "
            "tested; the scores say nothing about unseen people"
        )
    return notes
