"""Made-up releases: the canonical clips with images of noise, and video releases with tiny frames behind a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest
from merbench_databases.canonical import composite
from merbench_databases.htnet_release import IMAGES, TABLE
from openpyxl import Workbook

HEADER = ("Subject", "Filename", "", "OnsetFrame", "ApexFrame", "OffsetFrame", "", "Action Units", "Estimated Emotion")


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A folder that looks like a plain clone, with the 442 clips and no landmarks file."""
    root = tmp_path / "HTNet"
    (root / IMAGES).mkdir(parents=True)
    draw = np.random.default_rng(0)
    lines = ["dataset,sub,filename_o,label,apex,imagename,sub_filename"]
    for row in composite().itertuples():
        database, subject, name = row[1].split("/")
        lines.append(f"{database},{subject},{name},{row.label},,{subject}_{name}.jpg,")
        image = draw.integers(0, 256, (28, 28, 3), dtype=np.uint8)
        cv2.imwrite(str(root / IMAGES / f"{subject}_{name} .png"), image)
    (root / TABLE).write_text("\n".join(lines) + "\n")
    return root


def _write_frames(folder: Path, numbers: Iterable[int], name: str = "img{}.jpg", side: int = 8, tint: int = 0) -> None:
    """One small image per number; no two of one folder are the same, nor of two tints."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        image = np.zeros((side, side, 3), np.uint8)
        image[...] = (tint % 256, number % 256, (tint // 256) * 16 + number // 256)
        assert cv2.imwrite(str(folder / name.format(number)), image)


def _write_table(path: Path, rows: Iterable[Iterable[object]], header: Iterable[str] = HEADER, sheet: str = "") -> Path:
    """An xlsx table; None and empty cells are left empty."""
    book = Workbook()
    page = book.active
    page.title = sheet or page.title
    for row in (header, *rows):
        page.append([None if cell == "" else cell for cell in row])
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


@pytest.fixture(scope="session")
def write_frames() -> Callable[..., None]:
    """Writes small images, one per frame number."""
    return _write_frames


@pytest.fixture(scope="session")
def write_table() -> Callable[..., Path]:
    """Writes an xlsx table."""
    return _write_table
