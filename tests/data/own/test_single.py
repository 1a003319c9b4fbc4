"""One clip that belongs to no dataset: what is read of it, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from merbench.data.own.single import single_clip
from tests.data.own.test_import import with_a_pause
from tests.made.own import drawn, write_images, write_video
from tests.refusals import refusal_of


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """Ten frames."""
    write_video(tmp_path / "smile.mp4", drawn(10), fps=50)
    return tmp_path / "smile.mp4"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ten images, img1.png to img10.png."""
    write_images(tmp_path / "smile", drawn(10))
    return tmp_path / "smile"


def test_a_video_is_read_from_its_first_frame_to_its_last(video) -> None:
    frames = single_clip(video)
    assert (frames.numbers, frames.onset, frames.apex, frames.offset) == (tuple(range(1, 11)), 1, None, 10)
    assert frames.fps == 50


def test_images_are_read_from_the_onset(folder) -> None:
    frames = single_clip(folder, onset=3, apex=5)
    assert (frames.numbers, frames.onset, frames.apex, frames.offset) == (tuple(range(3, 11)), 3, 5, 10)
    assert frames[0][0, 0, 0] == 40


def test_a_folder_may_be_named_from_within(folder, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    assert len(single_clip(Path())) == 10


@pytest.mark.parametrize("kind", ["video", "folder"])
def test_a_clip_that_ends_before_its_apex_is_refused(kind, request) -> None:
    said = refusal_of(single_clip, request.getfixturevalue(kind), 1, 40)
    assert said.endswith("there is no frame 40 for the apex; the frames are 1 to 10")


def test_frames_that_show_no_motion_are_refused(video, tmp_path) -> None:
    assert "the apex, 3, is not after the onset, 5" in refusal_of(single_clip, video, 5, 3)
    assert "the apex, 5, is not after the onset, 5" in refusal_of(single_clip, video, 5, 5)
    assert "the onset, 10, is the last frame; two frames are needed" in refusal_of(single_clip, video, 10)
    write_images(tmp_path / "one", drawn(1))
    assert "a single frame, which shows no motion" in refusal_of(single_clip, tmp_path / "one")


def test_a_still_image_is_refused(folder, tmp_path) -> None:
    PIL.Image.new("RGB", (8, 8)).save(tmp_path / "portrait.jpg")
    for image in (folder / "img1.png", tmp_path / "portrait.jpg"):
        assert "a still image shows no motion; give a video" in refusal_of(single_clip, image)


def test_what_is_neither_a_video_nor_a_folder_of_images_is_refused(tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("no clip")
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    for name, said in (
        ("notes.txt", "it is neither a video (mp4, avi) nor a folder of images"),
        ("nowhere", "it is neither a video (mp4, avi) nor a folder of images"),
        ("empty", "the folder has no image (jpg, png, bmp) with a number in its name"),
        ("broken.mp4", "broken.mp4 is not a video that can be read"),
    ):
        assert refusal_of(single_clip, tmp_path / name) == f"{tmp_path / name}: {said}"


def test_a_variable_frame_rate_is_refused(video) -> None:
    video.write_bytes(with_a_pause(video.read_bytes()))
    assert "smile.mp4 has a variable frame rate; convert it to a constant one" in refusal_of(single_clip, video)


def test_an_image_with_an_exif_rotation_is_turned_upright(folder) -> None:
    image = np.zeros((32, 48, 3), np.uint8)
    image[:16] = 200  # bright above
    exif = PIL.Image.Exif()
    exif[0x0112] = 8  # the camera was turned to the right
    PIL.Image.fromarray(np.rot90(image, 3)).save(folder / "img1.jpg", exif=exif)
    (folder / "img1.png").unlink()
    assert np.array_equal(single_clip(folder)[0] > 100, image > 100)


def test_grey_images_are_read_and_images_of_16_bits_are_refused(tmp_path) -> None:
    write_images(tmp_path / "grey", [image[..., 0] for image in drawn(3)])
    assert single_clip(tmp_path / "grey")[1].shape == (32, 48, 3)
    write_images(tmp_path / "deep", [image.astype(np.uint16) * 200 for image in drawn(3)])
    frames = single_clip(tmp_path / "deep")
    assert refusal_of(frames.__getitem__, 0) == "img1.png has 16 bits a channel; 8 were expected"


def test_a_link_out_of_the_folder_is_not_followed(folder, tmp_path) -> None:
    write_images(tmp_path / "elsewhere", drawn(1))
    (folder / "img2.png").unlink()
    (folder / "img2.png").symlink_to(tmp_path / "elsewhere" / "img1.png")
    assert "img2.png is a link that leads out" in refusal_of(single_clip(folder).__getitem__, 1)
