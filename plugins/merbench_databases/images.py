"""Read a small PNG strictly: a damaged file is refused, never partly decoded."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from merbench import ReleaseError

if TYPE_CHECKING:
    import numpy as np

# PNG specification (W3C), 5.2 and 11.2.2.
SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = struct.Struct(">IIBB")  # width, height, depth and colour type, after the signature and the first chunk's name
HEADER_AT = 16
TRUECOLOUR = 2
COLOUR_TYPES = {0: "grey", 2: "truecolour", 3: "palette", 4: "grey with alpha", 6: "truecolour with alpha"}


def read_png(path: Path, side: int) -> np.ndarray:
    """The image in OpenCV's order: uint8 `[side, side, 3]`, blue, green, red.

    Raises:
        merbench.ReleaseError: the file's name and its fault.
    """
    import numpy as np
    from PIL import Image

    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReleaseError(f"{path.name} cannot be read ({error.strerror})") from error
    if fault := _fault(data, side):
        raise ReleaseError(f"{path.name} {fault}")
    try:
        Image.open(io.BytesIO(data), formats=["PNG"]).verify()  # every checksum; the image must be opened again to load
        return np.array(Image.open(io.BytesIO(data), formats=["PNG"]))[..., ::-1]
    except Exception as error:  # Pillow raises many kinds of errors for a damaged file
        raise ReleaseError(f"{path.name} is damaged or truncated") from error


def _fault(data: bytes, side: int) -> str:
    """The fault in the file's header; empty if it is the header of such an image."""
    if not data:
        return "is empty"
    if not data.startswith(SIGNATURE):
        return "is not a PNG image"
    if len(data) < HEADER_AT + HEADER.size:
        return "is damaged or truncated"
    width, height, depth, colour = HEADER.unpack_from(data, HEADER_AT)
    if (width, height) != (side, side):
        return f"has {width}x{height} pixels instead of {side}x{side}"
    if (depth, colour) != (8, TRUECOLOUR):
        return f"is {COLOUR_TYPES.get(colour, 'unknown')} with {depth} bits instead of truecolour with 8"
    return ""
