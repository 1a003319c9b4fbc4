"""A made-up release: the canonical clips, and images of noise in the place of the licensed ones."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from merbench_databases.canonical import composite
from merbench_databases.htnet_release import IMAGES, TABLE


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
