"""What holds for every release of videos, on a small one laid out as CASME II is."""

import numpy as np
import pytest
from merbench_databases.casme2 import CASME2

import merbench
from tests.refusals import refusal_of

CLIPS = {
    "EP02_01f": (1, 46, 50, 56, "happiness"),
    "EP19_05": (1, 5, 7, 9, "disgust"),
    "EP03_02": (17, 1, "/", 6, "fear"),
}


def rows(clips):
    return [
        (f"{subject:02}", name, "", onset, apex, offset, "", "12", emotion)
        for name, (subject, onset, apex, offset, emotion) in clips.items()
    ]


@pytest.fixture
def lay(tmp_path, write_table, write_frames):
    """Lays out a release: the table, and every frame of every clip."""

    def lay(clips=CLIPS, tree="CASME2_RAW_selected", name="img{}.jpg", subject="sub{:02}"):
        root = tmp_path / "CASME2"
        write_table(root / "CASME2-coding-20190701.xlsx", rows(clips))
        for tint, (clip, (number, onset, _, offset, _)) in enumerate(clips.items()):
            write_frames(root / tree / subject.format(number) / clip, range(onset, offset + 1), name, tint=tint)
        return root

    return lay


def refusal(root, clip=""):
    return refusal_of(CASME2(root).read, "frames", clip) if clip else refusal_of(CASME2(root).clips)


def test_the_clips_are_those_of_the_table_with_their_frames(lay):
    reader = CASME2(lay())
    clips = reader.clips()
    assert list(clips["clip"]) == ["casme2/sub01/EP02_01f", "casme2/sub01/EP19_05", "casme2/sub17/EP03_02"]
    assert clips["apex"].isna().tolist() == [False, False, True]
    assert clips.loc[0, ["onset", "apex", "offset", "fps", "emotion", "action_units"]].tolist() == [
        46,
        50,
        56,
        200.0,
        "happiness",
        "12",
    ]
    frames = reader.read("frames", "casme2/sub01/EP02_01f")
    assert isinstance(frames, merbench.Frames)
    assert frames.numbers == tuple(range(46, 57))
    assert (frames.onset, frames.apex, frames.offset, frames.fps, frames.cropped) == (46, 50, 56, 200.0, False)
    assert frames[0].shape == (8, 8, 3)
    assert reader.notes() == {}


@pytest.mark.parametrize(
    ("tree", "name", "subject", "cropped"),
    [
        ("CASME2_RAW_selected", "img{}.jpg", "sub{:02}", False),
        ("CASME2_RAW_selected/CASME2_RAW_selected", "img{}.JPG", "sub{}", False),
        ("", "img{:05}.png", "sub{:02}", False),
        ("Cropped", "reg_img{}.jpg", "sub{:02}", True),
        ("Cropped-updated/Cropped", "reg_img{}.bmp", "{:02}", True),
        ("faces", "reg_img{}.jpg", "{}", True),
        ("casme2_crop_224", "img{}.jpg", "Sub{:02}", True),
    ],
)
def test_every_variant_of_the_layout_is_read(lay, tree, name, subject, cropped):
    reader = CASME2(lay(tree=tree, name=name, subject=subject))
    for clip in reader.clips()["clip"]:
        assert reader.read("frames", clip).cropped is cropped
    assert len(reader.read("frames", "casme2/sub17/EP03_02")) == 6


def test_raw_frames_are_read_where_there_are_both_and_the_record_will_say_so(lay):
    root = lay(tree="Cropped", name="reg_img{}.jpg")
    lay()
    reader = CASME2(root)
    assert not reader.read("frames", "casme2/sub01/EP19_05").cropped
    assert reader.notes()["frames"] == "CASME II: read from CASME2_RAW_selected, and not from Cropped"


def test_the_latest_of_several_tables_is_read_and_the_record_will_say_so(lay, write_table):
    root = lay()
    write_table(root / "CASME2-coding-20140508.xlsx", rows({"EP01_1": (1, 1, 2, 3, "fear")}))
    (root / "~$CASME2-coding-20190701.xlsx").write_bytes(b"lock")
    reader = CASME2(root)
    assert len(reader.clips()) == 3
    assert "the table is CASME2-coding-20190701.xlsx, and not CASME2-coding-20140508.xlsx" in reader.notes()["frames"]


def test_another_databases_release_beside_it_is_not_taken_for_it(lay, tmp_path, write_table, write_frames):
    lay()
    write_table(tmp_path / "CASME" / "CASME.xlsx", [])
    write_frames(tmp_path / "CASME" / "Raw" / "sub01" / "EP02_01f", (1, 2), "EP02_01f-{}.jpg")
    reader = CASME2(tmp_path)
    assert reader.tree.folder == tmp_path / "CASME2" / "CASME2_RAW_selected"


def test_the_nearest_frame_stands_for_a_missing_one_and_that_is_said(lay):
    root = lay()
    folder = root / "CASME2_RAW_selected" / "sub01" / "EP02_01f"
    (folder / "img46.jpg").unlink()
    (folder / "img53.jpg").unlink()
    frames = CASME2(root).read("frames", "casme2/sub01/EP02_01f")
    assert frames.numbers[frames.index(46)] == 47
    assert "1 clip(s) have no onset, apex or offset frame" in CASME2(root).notes()["frames"]


def test_frames_before_the_onset_and_after_the_offset_are_not_of_the_clip(lay, write_frames):
    root = lay()
    write_frames(root / "CASME2_RAW_selected" / "sub01" / "EP02_01f", (1, 45, 57, 400), "img{}.jpg")
    assert CASME2(root).read("frames", "casme2/sub01/EP02_01f").numbers == tuple(range(46, 57))


def test_a_clip_without_two_frames_is_broken(lay):
    root = lay()
    folder = root / "CASME2_RAW_selected" / "sub01" / "EP19_05"
    for number in (6, 7, 8, 9):
        (folder / f"img{number}.jpg").unlink()
    assert "it has 1 of its frames" in refusal(root, "casme2/sub01/EP19_05")
    (folder / "img5.jpg").unlink()
    assert "its folder has no image" in refusal(root, "casme2/sub01/EP19_05")
    folder.rmdir()
    assert refusal(root, "casme2/sub01/EP19_05") == "its folder is missing: sub01/EP19_05"


@pytest.mark.parametrize(
    ("clip", "fault"),
    [
        ((1, 9, 5, 20, "fear"), "the apex is before the onset"),
        ((1, 9, 30, 20, "fear"), "the apex is after the offset"),
        ((1, 30, 35, 20, "fear"), "the offset is before the onset"),
        ((1, "x", 5, 20, "fear"), "the table names no onset frame"),
        ((1, 5, 7, None, "fear"), "the table names no offset frame"),
        ((1, 5, "7?", 9, "fear"), "its apex in the table is not a frame number"),
        ((1, 5, -7, 9, "fear"), "its apex in the table is not a frame number"),
    ],
)
def test_impossible_frames_are_a_broken_clip_and_not_a_broken_release(lay, write_table, clip, fault):
    root = lay()
    write_table(root / "CASME2-coding-20190701.xlsx", rows({**CLIPS, "EP07_01": clip}))
    assert len(CASME2(root).clips()) == 4
    assert refusal(root, "casme2/sub01/EP07_01") == fault


def test_a_table_that_was_saved_again_with_fractions_has_the_same_frames(lay):
    root = lay()
    cells = [[f"{cell}.0" if isinstance(cell, int) else cell for cell in row] for row in rows(CLIPS)]
    before = CASME2(root).clips()
    (root / "CASME2-coding-20190701.xlsx").unlink()
    header = "Subject,Filename,,OnsetFrame,ApexFrame,OffsetFrame,,Action Units,Estimated Emotion"
    (root / "CASME2-coding-20190701.csv").write_text("\n".join([header, *map(",".join, cells)]))
    assert CASME2(root).clips().equals(before)


@pytest.mark.parametrize("tree", ["CASME2_uncropped", "not cropped", "no_crop", "cropped and raw/RAW", "drawn/raw"])
def test_a_folder_that_says_that_it_is_not_cropped_is_not(lay, tree):
    reader = CASME2(lay(tree=tree))
    assert not reader.read("frames", "casme2/sub01/EP19_05").cropped


def test_the_releases_own_folder_says_so_too_where_none_in_it_does(lay, tmp_path):
    cropped = tmp_path / "CASME2_cropped"
    lay(tree="sub-folder").rename(cropped)
    assert CASME2(cropped).read("frames", "casme2/sub01/EP19_05").cropped
    (cropped / "sub-folder").rename(cropped / "RAW")
    assert not CASME2(cropped).read("frames", "casme2/sub01/EP19_05").cropped


def test_onset_as_apex_is_read_as_it_stands(lay):
    reader = CASME2(lay({"EP09_05f": (5, 69, 69, 75, "disgust")}))
    frames = reader.read("frames", "casme2/sub05/EP09_05f")
    assert frames.onset == frames.apex == 69


@pytest.mark.parametrize("name", ["EP02 01", "EP02,01", "../EP02", "EP02/01"])
def test_a_name_that_cannot_be_a_clips_is_refused_by_name(lay, write_table, name):
    root = lay()
    write_table(root / "CASME2-coding-20190701.xlsx", rows({**CLIPS, name: (1, 1, 2, 3, "fear")}))
    assert repr(f"casme2/sub01/{name}") in refusal(root)


def test_a_name_that_is_not_ascii_is_read(lay):
    reader = CASME2(lay({**CLIPS, "EP07_表": (1, 1, 2, 3, "fear")}))
    assert len(reader.read("frames", "casme2/sub01/EP07_表")) == 3


def test_a_clip_that_stands_twice_and_a_subject_without_a_number_are_refused(lay, write_table):
    root = lay()
    write_table(root / "CASME2-coding-20190701.xlsx", rows(CLIPS) + rows(CLIPS)[:1])
    assert "casme2/sub01/EP02_01f is listed twice in the table" in refusal(root)
    write_table(root / "CASME2-coding-20190701.xlsx", [("??", *rows(CLIPS)[0][1:])])
    assert ", line 2: '??' is not a subject" in refusal(root)


def test_a_release_without_table_or_frames_says_what_it_lacks(lay):
    root = lay()
    (root / "CASME2_RAW_selected").rename(root.parent / "elsewhere")
    assert "is not a release of CASME II: it contains no frames of it; name the folder that holds" in refusal(root)
    (root / "CASME2_RAW_selected.zip").touch()
    assert "it contains no frames of it, and CASME2_RAW_selected.zip is not unpacked; name" in refusal(root)
    (root / "CASME2_RAW_selected").symlink_to(root.parent / "elsewhere")
    assert "CASME2_RAW_selected is a link that leads out of it" in refusal(root)
    (root / "CASME2-coding-20190701.xlsx").unlink()
    assert "the table (CASME2-coding-20190701.xlsx) is missing" in refusal(root)


def test_a_frame_that_is_a_link_out_of_the_release_is_not_read(lay, tmp_path, write_frames):
    root = lay()
    write_frames(tmp_path / "outside", (46,))
    path = root / "CASME2_RAW_selected" / "sub01" / "EP02_01f" / "img46.jpg"
    path.unlink()
    path.symlink_to(tmp_path / "outside" / "img46.jpg")
    frames = CASME2(root).read("frames", "casme2/sub01/EP02_01f")
    with pytest.raises(merbench.ReleaseError, match=r"img46\.jpg is a link that leads out"):
        frames[0]


def test_a_release_that_changes_while_it_is_read_is_told_of_by_the_file(lay):
    root = lay()
    frames = CASME2(root).read("frames", "casme2/sub01/EP02_01f")
    before = frames.signature()
    (root / "CASME2_RAW_selected" / "sub01" / "EP02_01f" / "img50.jpg").unlink()
    with pytest.raises(merbench.ReleaseError, match=r"img50\.jpg"):
        frames[4]
    assert CASME2(root).read("frames", "casme2/sub01/EP02_01f").signature() != before


def test_what_is_not_there_is_refused(lay):
    reader = CASME2(lay())
    with pytest.raises(merbench.ReleaseError, match="has no clip casme2/sub01/EP99"):
        reader.read("frames", "casme2/sub01/EP99")
    with pytest.raises(merbench.ReleaseError, match="has no feature 'flow-28'"):
        reader.read("flow-28", "casme2/sub01/EP19_05")
    with pytest.raises(merbench.ReleaseError, match="needs a folder"):
        CASME2(None).clips()


def test_nothing_is_decoded_until_a_frame_is_asked_for(lay):
    root = lay()
    for path in root.rglob("*.jpg"):
        path.write_bytes(b"no image")
    reader = CASME2(root)
    assert [len(reader.read("frames", clip)) for clip in reader.clips()["clip"]] == [11, 5, 6]


def test_grey_frames_have_three_equal_channels(lay):
    import cv2

    root = lay()
    path = root / "CASME2_RAW_selected" / "sub01" / "EP19_05" / "img5.jpg"
    cv2.imwrite(str(path), np.full((8, 8), 90, np.uint8))
    image = CASME2(root).read("frames", "casme2/sub01/EP19_05")[0]
    assert image.shape == (8, 8, 3)
    assert (image == image[..., :1]).all()
