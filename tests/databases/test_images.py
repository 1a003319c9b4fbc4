import struct
import zlib

import cv2
import numpy as np
import pytest
from merbench_databases.images import read_png

import merbench


@pytest.fixture
def image():
    return np.random.default_rng(1).integers(0, 256, (28, 28, 3), dtype=np.uint8)


def encoded(image, extension=".png"):
    return cv2.imencode(extension, image)[1].tobytes()


def rebuilt(data, kind, change):
    """The PNG with the content of one kind of chunk changed, and its checksum set right."""
    out, place = data[:8], 8
    while place < len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        body = data[place + 8 : place + 8 + size]
        name = data[place + 4 : place + 8]
        body = change(body) if name == kind else body
        out += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        place += size + 12
    return out


def test_an_image_is_read_as_opencv_reads_it(tmp_path, image):
    path = tmp_path / "a .png"
    path.write_bytes(encoded(image))
    np.testing.assert_array_equal(read_png(path, 28), image)


@pytest.mark.parametrize(
    ("name", "damage", "reason"),
    [
        ("empty", lambda image: b"", "is empty"),
        ("text", lambda image: b"version https://git-lfs.github.com/spec/v1\n", "is not a PNG image"),
        ("jpeg", lambda image: encoded(image, ".jpg"), "is not a PNG image"),
        ("cut in half", lambda image: encoded(image)[: len(encoded(image)) // 2], "is damaged or truncated"),
        ("without its end", lambda image: encoded(image)[:-12], "is damaged or truncated"),
        ("signature alone", lambda image: encoded(image)[:8], "is not a PNG image"),
        ("one bit turned", lambda image: encoded(image)[:200] + b"\x00\x01" + encoded(image)[202:], "is damaged"),
        ("pixels missing", lambda image: rebuilt(encoded(image), b"IDAT", lambda body: body[:20]), "is damaged"),
        ("larger", lambda image: encoded(np.pad(image, ((0, 4), (0, 0), (0, 0)))), "has 28x32 pixels instead of 28x28"),
        ("grey", lambda image: encoded(image[..., 0]), "has pixels of the form L instead of RGB"),
        ("16 bits", lambda image: encoded(image.astype(np.uint16)), "has pixels of the form RGB;16B instead"),
        ("alpha", lambda image: encoded(np.dstack([image, image[..., :1]])), "has pixels of the form RGBA instead"),
    ],
)
def test_a_file_that_is_not_the_image_it_should_be_is_refused(name, damage, reason, tmp_path, image, capfd):
    path = tmp_path / f"{name} .png"
    path.write_bytes(damage(image))
    with pytest.raises(merbench.ReleaseError) as caught:
        read_png(path, 28)
    assert str(caught.value).startswith(f"{name} .png {reason}")
    assert capfd.readouterr().err == ""
