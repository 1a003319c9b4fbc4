"""The plugin of painted patches, and a look into a page."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from merbench.plugin.loading import load
from merbench.plugin.registry import Registry

PAINTED = Path(__file__).parent / "painted.py"
IMAGE = re.compile(r'src="data:image/png;base64,([^"]+)" width="(\d+)" height="(\d+)" alt="([^"]+)"')


@pytest.fixture(scope="session")
def painted() -> Registry:
    """Everything that is registered, the painted patches among it."""
    return Registry(load(allow=(), files=[str(PAINTED)]))


@pytest.fixture(scope="session")
def images_of() -> Callable[[Path], dict[str, np.ndarray]]:
    """Alternative text to image, uint8 `[height, width, 3]`, of every picture on a page."""
    return _images


def _images(path: Path) -> dict[str, np.ndarray]:
    found = {}
    for data, width, height, alt in IMAGE.findall(path.read_text("utf-8")):
        image = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
        assert image.shape == (int(height), int(width), 3)
        found[alt] = image
    return found
