"""A clip's images: read when asked for, and refused in one line where they cannot be."""

from __future__ import annotations

import io
import os
import pickle
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from merbench import Frames, ReleaseError
from merbench.data.frames import LARGEST_FILE, read_image

SHAPE = (48, 64, 3)
SUFFIXES = (".jpg", ".png", ".bmp")


def picture(shape: tuple[int, ...] = SHAPE, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def encoded(suffix: str, image: np.ndarray) -> bytes:
    return bytes(cv2.imencode(suffix, image)[1])


@pytest.fixture
def keep(tmp_path: Path):
    """Writes bytes to a file of the release and gives its path."""

    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def clip(keep, tmp_path: Path):
    """Five images, numbered 10, 12, 14, 16 and 18; the first pixel tells which."""

    def make(**changes: object) -> Frames:
        files = {number: tmp_path / f"img{number}.png" for number in (10, 12, 14, 16, 18)}
        for number, path in files.items():
            path.exists() or keep(path.name, encoded(".png", np.full(SHAPE, number, np.uint8)))
        return Frames(files, **{"root": tmp_path, "onset": 10, "apex": 14, "offset": 18, **changes})

    return make


def refused(path: Path, root: Path | None = None) -> str:
    with pytest.raises(ReleaseError) as caught:
        read_image(path, root or path.parent)
    assert "\n" not in str(caught.value)
    assert str(path.parent) not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("suffix", [".png", ".bmp"])
def test_an_image_is_read_as_it_was_written_red_first(keep, suffix) -> None:
    image = picture()
    read = read_image(keep(f"a{suffix}", encoded(suffix, image)), keep("b", b"").parent)
    assert read.dtype == np.uint8
    assert np.array_equal(read, image[..., ::-1])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_grey_image_has_three_equal_channels(keep, suffix) -> None:
    path = keep(f"a{suffix}", encoded(suffix, picture(SHAPE[:2])))
    read = read_image(path, path.parent)
    assert read.shape == SHAPE
    assert (read == read[..., :1]).all()


def test_transparency_is_left_out(keep) -> None:
    image = picture((*SHAPE[:2], 4))
    path = keep("a.png", encoded(".png", image))
    assert np.array_equal(read_image(path, path.parent), image[..., 2::-1])


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kept", [0.98, 0.6, 0.2, 0.001])
def test_an_image_that_was_cut_short_is_no_image(keep, suffix, kept) -> None:
    content = encoded(suffix, picture())
    path = keep(f"a{suffix}", content[: max(3, int(len(content) * kept))])
    assert refused(path).startswith(f"a{suffix} is ")


def test_a_jpeg_cut_short_is_no_half_picture_although_a_thumbnail_in_it_has_an_end(keep) -> None:
    content = encoded(".jpg", picture())
    thumbnail = encoded(".jpg", picture((8, 8, 3)))
    segment = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    whole = content[:2] + segment + content[2:]
    path = keep("a.jpg", whole)
    assert read_image(path, path.parent).shape == SHAPE
    assert refused(keep("a.jpg", whole[:-400])) == "a.jpg is truncated"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_image_is_refused_at_whatever_byte_it_was_cut(keep, suffix) -> None:
    content = encoded(suffix, picture((9, 11, 3)))
    for kept in range(1, len(content)):
        refused(keep(f"a{suffix}", content[:kept]))


def test_a_damaged_png_is_refused_although_it_has_an_end(keep) -> None:
    content = bytearray(encoded(".png", picture()))
    content[len(content) // 2] ^= 1
    assert refused(keep("a.png", bytes(content))) == "a.png is not an image that can be read"


def test_more_pixels_than_any_memory_holds_are_refused(keep) -> None:
    content = bytearray(encoded(".bmp", picture((8, 8, 3))))
    content[18:26] = struct.pack("<ii", 2**20, 2**20)
    assert refused(keep("a.bmp", bytes(content))) == "a.bmp is larger than 8192 pixels a side"


@pytest.mark.parametrize(
    ("mode", "suffix", "options"),
    [
        ("1", ".png", {}),
        ("P", ".png", {}),
        ("LA", ".png", {}),
        ("CMYK", ".jpg", {}),
        ("RGB", ".jpg", {"progressive": True, "quality": 60}),
        ("RGB", ".jpg", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"}),
        ("P", ".bmp", {}),
        ("1", ".bmp", {}),
    ],
    ids=["bits", "palette", "grey and alpha", "cmyk", "progressive", "turned by exif", "palette bmp", "bits bmp"],
)
def test_the_pixels_are_those_of_opencv_whatever_the_kind_of_image(keep, mode, suffix, options) -> None:
    file = io.BytesIO()
    Image.fromarray(picture()).convert(mode).save(
        file, {".png": "PNG", ".jpg": "JPEG", ".bmp": "BMP"}[suffix], **options
    )
    decoded = cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded.ndim == 2:
        decoded = np.repeat(decoded[:, :, None], 3, 2)
    path = keep(f"a{suffix}", file.getvalue())
    assert np.array_equal(read_image(path, path.parent), decoded[:, :, 2::-1])


def test_bytes_after_the_end_of_a_jpeg_are_no_fault(keep) -> None:
    path = keep("a.jpg", encoded(".jpg", picture()) + bytes(300))
    assert read_image(path, path.parent).shape == SHAPE


def test_an_empty_file_is_no_image(keep) -> None:
    assert refused(keep("a.jpg", b"")) == "a.jpg has 0 bytes"


def test_a_file_that_is_too_large_is_not_read(keep) -> None:
    path = keep("a.jpg", b"")
    os.truncate(path, LARGEST_FILE + 1)
    assert refused(path) == f"a.jpg has {LARGEST_FILE + 1} bytes"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_image_that_would_fill_the_memory_is_not_decoded(keep, suffix) -> None:
    content = encoded(suffix, np.zeros((8, 8193), np.uint8))
    assert "8193x8" in refused(keep(f"a{suffix}", content))


def test_sixteen_bits_are_refused_rather_than_squeezed(keep) -> None:
    path = keep("a.png", encoded(".png", picture().astype(np.uint16) * 257))
    assert refused(path) == "a.png has 16 bits a channel; 8 were expected"


@pytest.mark.parametrize("content", [b"not an image", b"GIF89a" + bytes(100), b"\xff\xd8no jpeg at all", b"BM"])
def test_what_is_no_image_is_refused(keep, content) -> None:
    assert refused(keep("a.jpg", content)).startswith("a.jpg is ")


def test_a_link_out_of_the_release_is_not_followed(keep, tmp_path) -> None:
    outside = keep("outside.png", encoded(".png", picture()))
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "a.png").symlink_to(outside)
    assert refused(tmp_path / "release" / "a.png") == "a.png is a link that leads out of the release"
    (tmp_path / "release" / "b.png").write_bytes(outside.read_bytes())
    (tmp_path / "release" / "c.png").symlink_to("b.png")
    assert read_image(tmp_path / "release" / "c.png", tmp_path / "release").shape == SHAPE


def test_a_file_that_is_missing_or_a_folder_is_told_by_its_name(tmp_path) -> None:
    assert refused(tmp_path / "a.png") == "a.png: No such file or directory"
    (tmp_path / "b.png").mkdir()
    assert refused(tmp_path / "b.png") == "b.png is not a file"


def test_images_are_in_the_order_of_their_numbers(clip) -> None:
    frames = clip()
    assert len(frames) == 5
    assert [image[0, 0, 0] for image in frames] == [10, 12, 14, 16, 18]
    assert [image[0, 0, 0] for image in frames[1:-1]] == [12, 14, 16]
    assert frames[-1][0, 0, 0] == 18
    with pytest.raises(IndexError):
        frames[5]


def test_a_missing_number_stands_for_its_nearest_neighbour_the_earlier_of_two(clip) -> None:
    frames = clip()
    assert [frames.index(number) for number in (0, 10, 13, 14, 15, 99)] == [0, 0, 1, 2, 2, 4]


def test_a_clip_without_frames_is_refused(tmp_path) -> None:
    with pytest.raises(ReleaseError, match="no frames"):
        Frames({}, root=tmp_path, onset=0, offset=1)


def test_changes_are_made_in_turn_as_an_image_is_read(clip) -> None:
    frames = clip(fps=200.0, cropped=True)
    changed = frames.mapped(lambda image: image + 1).mapped(lambda image: image * 2)
    assert [image[0, 0, 0] for image in changed] == [22, 26, 30, 34, 38]
    assert frames[0][0, 0, 0] == 10
    assert (changed.onset, changed.apex, changed.offset, changed.fps, changed.cropped) == (10, 14, 18, 200.0, True)
    assert changed.signature() == frames.signature()


def test_a_signature_tells_files_and_annotations_apart(clip, tmp_path) -> None:
    same = {clip(apex=apex).signature() for apex in (14, None, 14)}
    assert len(same) == 2
    first = clip()
    before = first.signature()
    assert first.signature() == before
    os.utime(tmp_path / "img14.png", ns=(1, 1))
    assert first.signature() != before
    (tmp_path / "img14.png").unlink()
    with pytest.raises(ReleaseError, match=r"img14\.png: No such file"):
        first.signature()


def test_a_clip_can_be_sent_to_another_process(clip) -> None:
    frames = clip()
    assert pickle.loads(pickle.dumps(frames)).signature() == frames.signature()
