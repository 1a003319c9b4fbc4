"""Imports of own clips, as the command line makes them: good ones, and every kind of bad input."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

from merbench.cli import main
from merbench.data.datasets import open_dataset
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from tests.made.own import COLUMNS, drawn, write_images, write_table, write_video

CLIPS = ("a/one", "a/two", "b/one", "b/two")


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """A table of four clips of two subjects with ten images each, and the folder to work in."""
    monkeypatch.chdir(tmp_path)
    for seed, clip in enumerate(CLIPS):
        write_images(tmp_path / "frames" / clip, drawn(10, seed))
    return [
        {"clip": clip, "subject": clip[0], "onset": 2, "apex": 5, "offset": 9, "emotion": ("disgust", "joy")[place % 2]}
        for place, clip in enumerate(CLIPS)
    ]


def write(rows, columns=COLUMNS):
    write_table(Path("mine.csv"), rows, columns)


def imported(capsys, *more):
    assert main(["data", "import", "mine.csv", "--frames", "frames", *more]) == 0
    return capsys.readouterr().out


def refused(capsys, *more):
    capsys.readouterr()
    assert main(["data", "import", "mine.csv", "--frames", "frames", *more]) == 2
    out, said = capsys.readouterr()
    assert out == ""
    assert said.count("\n") == 1
    return said


def opened(name="mine"):
    return open_dataset(Registry(load(allow=())), name)


def test_an_import_is_a_dataset_with_the_emotions_as_classes(rows, capsys):
    write(rows)
    out = imported(capsys)
    assert "4 clips of 2 subjects, classes disgust, joy" in out
    clips = opened().clips
    assert list(clips["clip"]) == ["mine/a/a_one", "mine/a/a_two", "mine/b/b_one", "mine/b/b_two"]
    assert list(clips["label"]) == [0, 1, 0, 1]
    assert list(clips["onset"]) == [2, 2, 2, 2]


def test_the_images_from_onset_to_offset_are_read(rows, capsys):
    write(rows)
    imported(capsys)
    frames = opened().read("frames", "mine/b/b_one")
    assert (frames.numbers, frames.onset, frames.apex, frames.offset) == (tuple(range(2, 10)), 2, 5, 9)
    assert frames[0][0, 0, 0] == 5 * 2 + 20 * 1  # the second image of the third clip


def test_labels_map_emotions_to_classes_in_the_order_of_the_file(rows, capsys):
    write(rows)
    Path("map.toml").write_text('joy = "good"\nDisgust = "bad"\n', "utf-8")
    assert "classes good, bad" in imported(capsys, "--labels", "map.toml", "--name", "lab")
    assert list(opened("lab").clips["label"]) == [1, 0, 1, 0]


def test_the_labels_of_an_import_are_not_public(rows, capsys):
    write(rows)
    imported(capsys)
    assert opened().spec.public_labels is False


def test_apex_and_offset_may_be_missing(rows, capsys):
    write(rows, ("clip", "subject", "onset", "emotion"))
    imported(capsys)
    frames = opened().read("frames", "mine/a/a_one")
    assert (frames.apex, frames.offset) == (None, 10)


def test_an_import_passes_the_check_and_is_listed(rows, capsys):
    write(rows)
    imported(capsys)
    assert main(["data", "check", "mine", "--all-frames"]) == 0
    assert "every file was read; nothing differs" in capsys.readouterr().out
    main(["data", "list", "--json"])
    listed = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert listed["mine"]["available"] is True


def test_an_import_changes_no_file_of_the_user(rows, capsys, tmp_path):
    write(rows)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    imported(capsys)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_removed_import_is_gone_and_the_files_stay(rows, capsys):
    write(rows)
    imported(capsys)
    assert main(["data", "remove", "mine"]) == 0
    assert "mine" not in Registry(load(allow=())).datasets.names()
    assert Path("frames/a/one/img1.png").is_file()
    imported(capsys)


def test_only_an_import_can_be_removed(capsys):
    assert main(["data", "remove", "composite"]) == 2
    assert "no import is called 'composite'" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_frames_of_a_video_are_counted_from_1(rows, capsys, suffix):
    for seed, row in enumerate(rows):
        row["clip"] += suffix
        write_video(Path("frames") / row["clip"], drawn(10, seed), fps=50)
    write(rows)
    imported(capsys)
    frames = opened().read("frames", "mine/b/b_two")
    assert (frames.numbers, frames.fps) == (tuple(range(2, 10)), 50)
    forward = [int(image.mean()) for image in frames]
    backward = [int(frames[place].mean()) for place in reversed(range(len(frames)))]
    assert backward[::-1] == forward
    # A video is coded with loss: twenty levels lie between two frames.
    assert [round((value - 15) / 20) for value in forward] == list(range(1, 9))


def test_a_video_is_found_without_its_suffix(rows, capsys):
    write_video(Path("frames/b/three.avi"), drawn(10, 7))
    write([*rows, rows[0] | {"clip": "b/three", "subject": "b"}])
    assert "5 clips" in imported(capsys)


BAD = {
    "a file with an unknown column": ({"mood": "x"}, "mine.csv, row 1: unknown column mood"),
    "a subject in another case": ({"subject": "A"}, "row 3, column subject: 'A' is 'a' of row 2 in another spelling"),
    "a missing folder": ({"clip": "a/none"}, "row 3, column clip: 'a/none' is neither a folder nor a video"),
    "an empty folder": ({"clip": "a/empty"}, "row 3, column clip: 'a/empty': the folder has no image"),
    "an offset beyond the end": (
        {"offset": 11},
        "row 3, column offset: 11 is outside of 'a/two', which has the frames",
    ),
    "an onset before the start": ({"onset": 0}, "row 3, column onset: 0 is outside of 'a/two'"),
    "an apex after the offset": ({"apex": 10}, "row 3, column apex: 10 is outside 2..9"),
    "an apex before the onset": ({"apex": 1}, "row 3, column apex: 1 is outside 2..9"),
    "an offset at the onset": ({"offset": 2, "apex": 2}, "row 3, column offset: 2 is not after the onset, 2"),
    "a word for a number": ({"onset": "two"}, "row 3, column onset: 'two' is not a frame number"),
    "no emotion": ({"emotion": ""}, "row 3, column emotion: it is empty"),
    "a duplicate clip": ({"clip": "a/one"}, "row 3, column clip: 'a/one' is the clip of row 2 too"),
    "a clip above the folder": ({"clip": "../a"}, "row 3, column clip: '../a' leaves the folder of --frames"),
    "an absolute path": ({"clip": "/etc"}, "row 3, column clip: '/etc' leaves the folder of --frames"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_faulty_row_is_refused_with_its_row_and_column(rows, capsys, case):
    change, said = BAD[case]
    Path("frames/a/empty").mkdir()
    rows[1] |= change
    write(rows, [*COLUMNS, *(name for name in change if name not in COLUMNS)])
    assert said in refused(capsys)
    assert "mine" not in Registry(load(allow=())).datasets.names()


def test_a_subject_with_another_blank_is_one_subject(rows, capsys):
    rows[0]["subject"], rows[1]["subject"] = "Ann Lee", "Ann  Lee"
    write(rows)
    assert "row 3, column subject: 'Ann  Lee' is 'Ann Lee' of row 2" in refused(capsys)


def test_a_missing_column_is_named(rows, capsys):
    write(rows, ("clip", "onset", "emotion"))
    assert "mine.csv, row 1: no column subject; the columns are clip, subject" in refused(capsys)


def test_several_faults_are_named_at_once(rows, capsys):
    rows[0]["offset"], rows[2]["offset"] = 11, 12
    write(rows)
    said = refused(capsys)
    assert "row 2, column offset: 11" in said
    assert "row 4, column offset: 12" in said


def test_a_video_that_ends_early_is_refused(rows, capsys):
    write_video(Path("frames/a/short.mp4"), drawn(6, 9))
    rows[0]["clip"] = "a/short.mp4"
    write(rows)
    said = "row 2, column offset: 9 is outside of 'a/short.mp4', which has the frames 1..6"
    assert said in refused(capsys)


def test_a_file_that_is_no_video_is_refused(rows, capsys):
    Path("frames/a/text.avi").write_text("not a video", "utf-8")
    rows[0]["clip"] = "a/text.avi"
    write(rows)
    assert "row 2, column clip: 'a/text.avi': text.avi is not a video that can be read" in refused(capsys)


def test_a_variable_frame_rate_is_refused(rows, capsys):
    path = Path("frames/a/jumps.mp4")
    write_video(path, drawn(10, 9))
    path.write_bytes(with_a_pause(path.read_bytes()))
    rows[0]["clip"] = "a/jumps.mp4"
    write(rows)
    assert "row 2, column clip: 'a/jumps.mp4': jumps.mp4 has a variable frame rate" in refused(capsys)


def with_a_pause(video: bytes) -> bytes:
    """The same MP4 file, whose first two frames are shown six times as long as the others.

    The box of durations, `stts`, gets a second entry; the whole duration stays, because another box states it too.
    """
    place = video.index(b"stts")
    entries, count, step = (int.from_bytes(video[place + at : place + at + 4]) for at in (8, 12, 16))
    assert (entries, count) == (1, 10)
    numbers = (0, 2, 2, 3 * step, 8, step // 2)
    video = video[: place + 4] + b"".join(one.to_bytes(4) for one in numbers) + video[place + 20 :]
    for box in (b"stts", b"stbl", b"minf", b"mdia", b"trak", b"moov"):  # each contains the one before
        start = video.rindex(box, 0, place + 4) - 4
        size = int.from_bytes(video[start : start + 4]) + 8
        video = video[:start] + size.to_bytes(4) + video[start + 4 :]
    return video


def test_an_image_with_an_exif_rotation_is_turned_upright(rows, capsys):
    image = np.zeros((32, 48, 3), np.uint8)
    image[:16] = 200  # bright above
    for orientation in range(1, 9):
        stored = PIL.Image.fromarray(image)
        exif = PIL.Image.Exif()
        exif[0x0112] = orientation
        stored.save(f"frames/a/one/img{orientation}.jpg", exif=exif)
        Path(f"frames/a/one/img{orientation}.png").unlink()
    rows[0] |= {"onset": 1, "offset": 8}
    write(rows)
    imported(capsys)
    frames = opened().read("frames", "mine/a/a_one")
    for number, path in frames.files.items():
        with PIL.Image.open(path) as stored:
            wanted = np.asarray(PIL.ImageOps.exif_transpose(stored))
        assert np.array_equal(frames[frames.index(number)] > 100, wanted > 100)


def test_images_of_16_bits_are_refused(rows, capsys):
    write_images(Path("frames/a/deep"), [image.astype(np.uint16) * 200 for image in drawn(10, 9)])
    rows[0]["clip"] = "a/deep"
    write(rows)
    assert "row 2, column clip: 'a/deep': img2.png has 16 bits a channel; 8 were expected" in refused(capsys)


def test_grey_images_have_three_equal_channels(rows, capsys):
    write_images(Path("frames/a/grey"), [image[:, :, 0] for image in drawn(10, 9)])
    rows[0]["clip"] = "a/grey"
    write(rows)
    imported(capsys)
    assert opened().read("frames", "mine/a/a_grey")[0].shape == (32, 48, 3)


def test_an_emotion_without_class_is_refused(rows, capsys):
    write(rows)
    Path("map.toml").write_text('disgust = "bad"\n', "utf-8")
    assert "mine.csv, row 3, column emotion: 'joy' has no class in map.toml" in refused(capsys, "--labels", "map.toml")


def test_a_class_without_clip_is_refused(rows, capsys):
    write(rows)
    Path("map.toml").write_text('disgust = "bad"\njoy = "good"\nfear = "other"\n', "utf-8")
    assert "map.toml: class 'other' has no clip in mine.csv" in refused(capsys, "--labels", "map.toml")


def test_labels_that_are_not_toml_are_refused(rows, capsys):
    write(rows)
    Path("map.toml").write_text("joy: good\n", "utf-8")
    assert "map.toml is not TOML" in refused(capsys, "--labels", "map.toml")


def test_a_table_that_is_not_utf_8_is_refused(rows, capsys):
    rows[1]["subject"] = "José"
    write(rows)
    Path("mine.csv").write_bytes(Path("mine.csv").read_text("utf-8").encode("latin-1"))
    assert "mine.csv, row 3: the file is not UTF-8" in refused(capsys)


def test_a_byte_order_mark_and_semicolons_are_accepted(rows, capsys):
    write(rows)
    text = Path("mine.csv").read_text("utf-8").replace(",", ";")
    Path("mine.csv").write_text(text, "utf-8-sig")
    assert "4 clips" in imported(capsys)


def test_a_link_that_leads_out_is_refused(rows, capsys, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    write_images(outside, drawn(10, 9))
    os.symlink(outside, "frames/a/link")
    rows[0]["clip"] = "a/link"
    write(rows)
    assert "row 2, column clip: 'a/link' is a link that leads out of the folder of --frames" in refused(capsys)


def test_an_image_that_is_a_link_to_the_outside_is_refused(rows, capsys, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    write_images(outside, drawn(10, 9))
    Path("frames/a/one/img5.png").unlink()
    os.symlink(outside / "img5.png", "frames/a/one/img5.png")
    write(rows)
    assert "row 2, column clip: 'a/one': img5.png is a link that leads out" in refused(capsys)


@pytest.mark.parametrize("name", ["demo", "composite", "samm"])
def test_a_name_that_is_taken_is_refused(rows, capsys, name):
    write(rows)
    assert f"{name} is the name of another dataset, source or database" in refused(capsys, "--name", name)


def test_importing_twice_is_refused(rows, capsys):
    write(rows)
    imported(capsys)
    assert "mine is imported already" in refused(capsys)


def test_a_name_that_cannot_be_in_an_id_is_refused(rows, capsys):
    write(rows)
    assert "'../x' cannot be a name" in refused(capsys, "--name", "../x")


def test_a_missing_folder_of_frames_is_refused(rows, capsys):
    write(rows)
    Path("frames").rename("other")
    assert "frames is not a folder" in refused(capsys)


def test_the_same_clip_in_two_folders_is_refused(rows, capsys):
    write_images(Path("frames/a/copy"), drawn(10, 0))
    rows[1]["clip"] = "a/copy"
    write(rows)
    assert "mine/a/a_one and mine/a/a_copy: img2.png and img2.png are the same image" in refused(capsys)


def test_a_table_that_was_changed_after_the_import_is_checked_again(rows, capsys):
    write(rows)
    imported(capsys)
    write([*rows[:3], rows[3] | {"emotion": "fear"}])
    assert main(["data", "check", "mine"]) == 2
    assert "mine.csv, row 5, column emotion: 'fear' had no class when" in capsys.readouterr().err


def test_a_damaged_description_does_not_stop_other_commands(rows, capsys):
    from merbench.data.locations import imports_path

    write(rows)
    imported(capsys)
    (imports_path() / "mine" / "import.json").write_text("{", "utf-8")
    assert main(["list", "datasets"]) == 0
    out, said = capsys.readouterr()
    assert "composite" in out
    assert "import.json cannot be read" in said
