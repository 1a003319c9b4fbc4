import cv2
import numpy as np
import pytest

import merbench
from merbench.data.images import Look


@pytest.fixture
def write(tmp_path):
    """Writes the frames of a clip; each gets its own grey, or the one that is asked for."""

    def write(clip, numbers, greys=(), onset=None, apex=None, offset=None, size=(6, 4)):
        numbers = list(numbers)
        folder = tmp_path / clip
        folder.mkdir(parents=True)
        files = {}
        for at, number in enumerate(numbers):
            grey = greys[at] if greys else 3 * at
            files[number] = folder / f"{number}.png"
            image = np.full((size[1], size[0], 3), grey, np.uint8)
            cv2.imwrite(str(files[number]), image)
        return merbench.Frames(
            files, root=tmp_path, onset=onset or numbers[0], apex=apex, offset=offset or numbers[-1], fps=100.0
        )

    return write


def test_onset_apex_and_offset_are_read_and_of_the_others_that_they_are_there(write):
    look = Look()
    frames = write("db/s1/a", range(1, 10), apex=5)
    look.at("db/s1/a", frames)
    assert (look.images["db"], look.read["db"]) == (9, 3)
    assert look.sizes["db"] == {"6x4": 1}
    assert (look.missing, look.duplicates) == ({}, [])
    look = Look(all_frames=True)
    look.at("db/s1/a", frames)
    assert look.read["db"] == 9


def test_an_image_that_is_empty_or_gone_is_named_though_it_is_not_read(write):
    frames = write("db/s1/a", range(1, 10))
    frames.files[4].write_bytes(b"")
    with pytest.raises(merbench.ReleaseError, match=r"4\.png has 0 bytes"):
        Look().at("db/s1/a", frames)
    frames.files[4].unlink()
    with pytest.raises(merbench.ReleaseError, match=r"4\.png: No such file"):
        Look().at("db/s1/a", frames)


def test_a_damaged_image_between_them_is_found_where_all_are_read(write):
    frames = write("db/s1/a", range(1, 10))
    frames.files[4].write_bytes(b"no image")
    Look().at("db/s1/a", frames)
    with pytest.raises(merbench.ReleaseError, match=r"4\.png is not a"):
        Look(all_frames=True).at("db/s1/a", frames)


def test_missing_frames_are_counted_and_those_that_are_annotated_named(write):
    look = Look()
    look.at("db/s1/a", write("db/s1/a", (2, 3, 5, 6), onset=1, apex=4, offset=6))
    look.at("db/s1/b", write("db/s1/b", (1, 2, 4)))
    assert look.missing == {"db/s1/a": "2 of 6, among them the onset and the apex", "db/s1/b": "1 of 4"}


def test_the_same_image_in_two_clips_is_told_once_for_both(write):
    look = Look()
    look.at("db/s1/a", write("db/s1/a", (1, 2), greys=(7, 8)))
    look.at("db/s1/b", write("db/s1/b", (4, 5), greys=(8, 7)))
    look.at("db/s1/c", write("db/s1/c", (1, 2), greys=(9, 9)))
    assert look.duplicates == ["db/s1/a and db/s1/b: 2.png and 4.png are the same image"]


def test_clips_that_overlap_in_one_video_are_no_duplicates(write, tmp_path):
    video = write("db/s1/a", range(1, 6)).files
    look = Look()
    for clip, onset in (("db/s1/a_1", 1), ("db/s1/a_3", 3)):
        files = {number: path for number, path in video.items() if onset <= number <= onset + 2}
        look.at(clip, merbench.Frames(files, root=tmp_path, onset=onset, offset=onset + 2))
    assert look.duplicates == []


def test_images_that_lie_on_no_disk_are_nothing_to_look_at(write):
    class Drawn(merbench.Frames):
        files = {}  # noqa: RUF012

    frames = write("db/s1/a", (1, 2))
    frames.__class__ = Drawn
    look = Look(all_frames=True)
    look.at("db/s1/a", frames)
    assert (look.images["db"], look.missing) == (0, {})
