"""Read a small PNG strictly: a damaged file is refused, never partly decoded."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from merbench import ReleaseError

if TYPE_CHECKING:
    import numpy as np

# PNG specification (W3C), 5.2 and 11.2.2.
SIGNATURE = b"\x89PNG\r\n\x1a\n"
TRUECOLOUR = 2
COLOUR_TYPES = {0: "grey", 2: "truecolour", 3: "palette", 4: "grey with alpha", 6: "truecolour with alpha"}


def read_png(path: Path, side: int) -> np.ndarray:
    """The image as OpenCV reads it: uint8 `[side, side, 3]`, in the order blue, green, red.

    OpenCV decodes a truncated file as far as it goes and leaves the rest black, so the file's chunks and their
    checksums are walked first.

    Raises:
        merbench.ReleaseError: the file's name and what is wrong with it.
    """
    import cv2
    import numpy as np

    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReleaseError(f"{path.name} cannot be read ({error.strerror})") from error
    fault = _fault(data, side)
    if fault:
        raise ReleaseError(f"{path.name} {fault}")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or image.shape != (side, side, 3) or image.dtype != np.uint8:
        raise ReleaseError(f"{path.name} cannot be decoded")
    return np.asarray(image)


def _fault(data: bytes, side: int) -> str:
    """What is wrong with the file's bytes; empty where nothing is."""
    if not data:
        return "is empty"
    if not data.startswith(SIGNATURE):
        return "is not a PNG image"
    chunks = _chunks(data)
    if chunks is None:
        return "is damaged or truncated"
    if chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13:
        return "is not a PNG image"
    width, height, depth, colour = struct.unpack(">IIBB", chunks[0][1][:10])
    if (width, height) != (side, side):
        return f"has {width}x{height} pixels instead of {side}x{side}"
    if (depth, colour) != (8, TRUECOLOUR):
        return f"is {COLOUR_TYPES.get(colour, 'unknown')} with {depth} bits instead of truecolour with 8"
    return "" if _complete(chunks, side) else "is damaged or truncated"


def _chunks(data: bytes) -> list[tuple[bytes, bytes]] | None:
    """(type, content) of every chunk up to the last one, IEND; None where one is cut off or its checksum differs."""
    found, place = [], len(SIGNATURE)
    while place + 12 <= len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        body, end = data[place + 4 : place + 8 + size], place + 12 + size
        if end > len(data) or zlib.crc32(body) != int.from_bytes(data[end - 4 : end], "big"):
            return None
        found.append((body[:4], body[4:]))
        if body[:4] == b"IEND":
            return found
        place = end
    return None


def _complete(chunks: list[tuple[bytes, bytes]], side: int) -> bool:
    """Whether the compressed pixels are all there: at least a filter byte and three bytes per pixel for every line."""
    expected = side * (1 + 3 * side)
    unpack = zlib.decompressobj()
    try:
        pixels = unpack.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"), expected + 1)
    except zlib.error:
        return False
    return len(pixels) >= expected
