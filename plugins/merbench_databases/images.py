"""Read a small PNG strictly: a damaged file is refused, never partly decoded."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from merbench import ReleaseError

if TYPE_CHECKING:
    import numpy as np

TRUECOLOUR = "RGB"  # 8 bits for each of three colours, in Pillow's words


def read_png(path: Path, side: int) -> np.ndarray:
    """The image in OpenCV's order: uint8 `[side, side, 3]`, blue, green, red.

    Raises:
        merbench.ReleaseError: the file's name and its fault.
    """
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReleaseError(f"{path.name} cannot be read ({error.strerror})") from error
    try:
        image = Image.open(io.BytesIO(data), formats=["PNG"])
        width, height, form = *image.size, image.tile[0][3]
        if (width, height, form) == (side, side, TRUECOLOUR):
            image.verify()  # every checksum; the image must be opened again to load
            return np.array(Image.open(io.BytesIO(data), formats=["PNG"]))[..., ::-1]
    except UnidentifiedImageError:
        raise ReleaseError(f"{path.name} is {'not a PNG image' if data else 'empty'}") from None
    except Exception as error:  # Pillow raises many kinds of errors for a damaged file
        raise ReleaseError(f"{path.name} is damaged or truncated") from error
    if (width, height) != (side, side):
        raise ReleaseError(f"{path.name} has {width}x{height} pixels instead of {side}x{side}")
    raise ReleaseError(f"{path.name} has pixels of the form {form} instead of {TRUECOLOUR}, 8 bits each")
