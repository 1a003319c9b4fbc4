"""Lay clips in a folder as a script wants them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from merbench.audit.clips import AuditError, Clips

__all__ = ["LAYOUTS", "check_layout", "write_csv", "write_layout"]


def write_layout(clips: Clips, layout: str, folder: Path) -> None:
    """Write the clips into a new folder, in one of `LAYOUTS`."""
    folder.mkdir(parents=True)
    LAYOUTS[layout](clips, folder)


def check_layout(clips: Clips, layout: str) -> None:
    """Raise AuditError if the clips cannot be laid out so: only pictures can be files of pictures."""
    shape, values = clips.features.shape, clips.features
    whole = bool((values == values.round()).all()) and values.min() >= 0 and values.max() <= 255
    if layout == "folders" and not (len(shape) == 4 and shape[3] == 3 and whole):
        raise AuditError(
            "the layout folders holds pictures: features.npy must be [clips, rows, columns, 3] whole numbers in "
            "0..255; use --layout table"
        )


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table of text and numbers."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])


def _table(clips: Clips, folder: Path) -> None:
    """`clips.csv` and `features.npy`: each clip once; the script makes its folds."""
    rows = zip(clips.names, clips.subjects, clips.labels.tolist(), strict=True)
    write_csv(folder / "clips.csv", ("clip", "subject", "label"), rows)
    np.save(folder / "features.npy", clips.features)


def _sides(clips: Clips, folder: Path) -> None:
    """A table and the test side beside it, for a function that merbench calls once for each fold."""
    _table(clips, folder)
    np.save(folder / "test_labels.npy", clips.test_labels)
    np.save(folder / "test_features.npy", clips.test_features)


def _folders(clips: Clips, folder: Path) -> None:
    """`SUBJECT/u_train/CLASS/CLIP.png` and `SUBJECT/u_test/CLASS/CLIP.png`, a folder for each left-out subject.

    The channels are red, green and blue in the order of the features; a class folder may be empty.
    """
    from PIL import Image

    for subject in sorted(set(clips.subjects)):
        for side in ("u_train", "u_test"):
            for label in range(clips.classes):
                (folder / subject / side / str(label)).mkdir(parents=True)
        for at, (name, owner) in enumerate(zip(clips.names, clips.subjects, strict=True)):
            test = owner == subject
            side, labels, features = (
                ("u_test", clips.test_labels, clips.test_features)
                if test
                else ("u_train", clips.labels, clips.features)
            )
            picture = Image.fromarray(features[at].astype(np.uint8))
            picture.save(folder / subject / side / str(labels[at]) / f"{name}.png", compress_level=1)


LAYOUTS: dict[str, Callable[[Clips, Path], None]] = {"table": _table, "folders": _folders, "sides": _sides}
