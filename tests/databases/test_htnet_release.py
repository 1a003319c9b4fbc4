import re
import shutil

import cv2
import numpy as np
import pytest
from merbench_databases.htnet_release import FALLBACK, IMAGES, LANDMARKS, POINTS, TABLE, HTNetRelease

from tests.refusals import refusal_of

FIRST = "casme2/sub01/EP02_01f"
FIRST_IMAGE = f"{IMAGES}/sub01_EP02_01f .png"


def table_of(root):
    return (root / TABLE).read_text(encoding="utf-8-sig")


def rewrite(root, *changes):
    text = table_of(root)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (root / TABLE).write_text(text)


def write_landmarks(root, detected="1", number="7.25"):
    clips = HTNetRelease(root).clips()["clip"]
    header = [
        "database",
        "subject",
        "clip",
        "mtcnn_detected",
        *(f"{point}_{axis}" for point in POINTS for axis in "xy"),
    ]
    rows = [",".join([*clip.split("/"), detected, number, *"123456789"]) for clip in clips]
    (root / LANDMARKS).write_text("\n".join([",".join(header), *rows]) + "\n")


def refusal(root, clip=None, feature="flow-28"):
    reader = HTNetRelease(root)
    return refusal_of(reader.clips) if clip is None else refusal_of(reader.read, feature, clip)


def test_a_plain_clone_is_read_as_it_is(release):
    clips = HTNetRelease(release).clips()
    assert len(clips) == 442
    assert clips["subject"].nunique() == 68
    assert set(clips["emotion"]) == {"negative", "positive", "surprise"}
    assert (clips["label"] == -1).all()
    assert {FIRST, "samm/006/006_1_2", "smic/s01/s01_ne_01"} <= set(clips["clip"])
    assert {"samm/006", "smic/s01", "casme2/sub01"} <= set(clips["subject"])


def test_flow_has_channels_first_in_the_order_of_opencv_and_is_not_scaled(release):
    flow = HTNetRelease(release).read("flow-28", FIRST)
    assert (flow.shape, flow.dtype) == ((3, 28, 28), np.float32)
    stored = cv2.imread(str(release / FIRST_IMAGE))
    for channel in range(3):
        np.testing.assert_array_equal(flow[channel], stored[:, :, channel])


def test_without_the_landmarks_file_all_clips_have_the_scripts_fallback_and_a_note_says_so(release):
    reader = HTNetRelease(release)
    for clip in (FIRST, "samm/006/006_1_2"):
        landmarks = reader.read("landmarks-28", clip)
        assert (landmarks.shape, landmarks.dtype) == ((5, 2), np.float32)
        np.testing.assert_array_equal(landmarks, np.float32(FALLBACK))
    assert len(reader.notes()) == 1
    assert (
        "no landmarks_mtcnn28.csv, so all its 442 clips have the fixed fallback landmarks"
        in reader.notes()["landmarks-28"]
    )


def test_landmarks_are_read_where_the_file_is_there(release):
    write_landmarks(release)
    reader = HTNetRelease(release)
    np.testing.assert_array_equal(reader.read("landmarks-28", FIRST), [[7.25, 1], [2, 3], [4, 5], [6, 7], [8, 9]])
    assert reader.notes() == {}


def test_a_note_counts_the_clips_on_which_no_face_was_found(release):
    write_landmarks(release, detected="0")
    assert "no face on 442 of the release's 442 clips" in HTNetRelease(release).notes()["landmarks-28"]


@pytest.mark.parametrize("number", ["nan", "inf", "left", "", "1e39", "-2e6"])
def test_a_landmark_that_is_not_a_number_is_refused(release, number):
    write_landmarks(release, number=number)
    assert re.search(r"line 2: .* is not a number", refusal(release, FIRST, "landmarks-28"))


@pytest.mark.parametrize("old", ["dataset", "casme2", "sub01", "EP02_01f", ",1,"])
def test_a_line_that_names_a_huge_cell_stays_short(release, old):
    path = release / TABLE
    path.write_text(path.read_text().replace(old, f",{'y' * 5000},"))
    assert len(refusal(release)) < 1000


def test_a_clip_without_landmarks_in_the_file_is_refused(release):
    write_landmarks(release)
    path = release / LANDMARKS
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if "EP02_01f" not in line))
    assert refusal(release, FIRST, "landmarks-28") == f"{LANDMARKS} has no row for the clip"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: re.sub(r"^", ",", text, flags=re.MULTILINE),
        lambda text: text.replace("\n", ",,\n"),
        lambda text: text.replace("samm,0", "samm,"),
        lambda text: text.replace("samm,00", "samm,"),
        lambda text: re.sub(r"smic,(s\d\d),s0", r"smic,\1,s", text),
        lambda text: re.sub(r"smic,s0", "smic,s", text),
        lambda text: text.replace("\ncasme2", "\n\n CASME2 "),
    ],
    ids=["bom", "crlf", "leading", "trailing", "samm by one", "samm by two", "smic clip", "smic subject", "blanks"],
)
def test_quirks_of_the_table_change_nothing(release, change):
    plain = HTNetRelease(release)
    (release / TABLE).write_bytes(change(table_of(release)).encode())
    quirky = HTNetRelease(release)
    assert quirky.clips().equals(plain.clips())
    for clip in (FIRST, "samm/006/006_1_2", "smic/s01/s01_ne_01"):
        np.testing.assert_array_equal(quirky.read("flow-28", clip), plain.read("flow-28", clip))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("filename_o", "file", "has no column 'filename_o'; its columns are dataset, sub, file"),
        ("filename_o,label", "label,label", "has no column 'filename_o'"),
        ("label,apex", "label,label", "has two columns 'label'"),
        (
            "sub01,EP02_01f,1",
            "sub01,EP02_01f,1.0",
            f"line 2: clip {FIRST} has the label '1.0', which is not an integer",
        ),
        ("sub01,EP02_01f,1", "sub01,EP02_01f,", f"line 2: clip {FIRST} has the label ''"),
        ("sub01,EP02_01f,1", "sub01,EP02_01f,3", f"line 2: clip {FIRST} has the label 3, outside the scheme"),
        ("sub01,EP02_01f,1", "sub01,EP02_01f,-1", f"line 2: clip {FIRST} has the label -1, outside the scheme"),
        ("sub01,EP19_05f", "sub01,EP02_01f", f"line 3: clip {FIRST} is listed twice"),
        ("sub01,EP02_01f", "../sub01,EP02_01f", "line 2: '../sub01' is not a subject of casme2"),
        ("sub01,EP02_01f,1", f"sub01,EP02_01f,{'9' * 5000}", f"clip {FIRST} has the label '999999999999...99999999999"),
        ("sub01,EP02_01f", "sub01,../../EP02_01f", "line 2: '../../EP02_01f' is not a clip's name"),
        ("sub01,EP02_01f", "sub01,", "line 2: '' is not a clip's name"),
        ("casme2,sub01,EP02_01f", "casme3,sub01,EP02_01f", "line 2: unknown database 'casme3'"),
        ("casme2,sub01,EP02_01f,1,,sub01_EP02_01f.jpg,", "casme2,sub01", "line 2: the row ends too early"),
        ("casme2,sub01,EP02_01f", "casme2,sub01,EP\x0002_01f", "line 2"),
    ],
)
def test_a_table_with_a_fault_is_refused_with_its_place(release, old, new, message):
    rewrite(release, (old, new))
    assert message in refusal(release)


def test_a_table_that_is_no_text_is_refused(release):
    (release / TABLE).write_bytes(b"\xff\xfe\x00dataset")
    assert "is not a csv table" in refusal(release)
    (release / TABLE).write_bytes(b"")
    assert "has 0 bytes" in refusal(release)


def test_a_folder_that_is_not_the_release_is_refused(tmp_path, release):
    assert f"{tmp_path} is not a clone of HTNet's repository: {TABLE} is missing" in refusal(tmp_path)
    shutil.rmtree(release / IMAGES)
    assert f"{IMAGES} is missing" in refusal(release)


def test_a_missing_image_is_named(release):
    (release / FIRST_IMAGE).unlink()
    assert refusal(release, FIRST) == "sub01_EP02_01f .png is missing"


def test_a_broken_image_is_named_with_its_fault(release):
    path = release / FIRST_IMAGE
    path.write_bytes(path.read_bytes()[:300])
    assert refusal(release, FIRST) == "sub01_EP02_01f .png is damaged or truncated"


def test_a_folder_in_the_place_of_an_image_is_refused(release):
    (release / FIRST_IMAGE).unlink()
    (release / FIRST_IMAGE).mkdir()
    assert refusal(release, FIRST) == "sub01_EP02_01f .png is not a file"


def test_nothing_outside_the_release_is_read_through_a_link(release, tmp_path):
    outside = tmp_path / "outside.png"
    (release / FIRST_IMAGE).rename(outside)
    (release / FIRST_IMAGE).symlink_to(outside)
    assert refusal(release, FIRST) == "sub01_EP02_01f .png is a link that leads out of the release"
    outside.unlink()
    assert refusal(release, FIRST) == "sub01_EP02_01f .png is a broken link"


def test_a_table_that_is_a_link_out_of_the_release_is_refused(release, tmp_path):
    (release / TABLE).rename(tmp_path / "outside.csv")
    (release / TABLE).symlink_to(tmp_path / "outside.csv")
    assert "is a link that leads out of the release" in refusal(release)


def test_a_link_within_the_release_is_followed(release):
    (release / FIRST_IMAGE).rename(release / "kept.png")
    (release / FIRST_IMAGE).symlink_to(release / "kept.png")
    assert HTNetRelease(release).read("flow-28", FIRST).shape == (3, 28, 28)


def test_an_unknown_clip_or_feature_is_refused(release):
    assert "has no clip casme2/sub01/EP" in refusal(release, "casme2/sub01/EP")
    assert "has no feature 'frames'" in refusal(release, FIRST, "frames")


def test_every_image_of_the_real_release_is_read_as_opencv_reads_it(real_data):
    root = real_data / "htnet-release"
    reader = HTNetRelease(root)
    clips = list(reader.clips()["clip"])
    assert len(clips) == 442
    for clip in clips:
        _, subject, name = clip.split("/")
        stored = cv2.imread(str(root / IMAGES / f"{subject}_{name} .png"))
        np.testing.assert_array_equal(reader.read("flow-28", clip), stored.transpose(2, 0, 1))


def test_the_real_landmarks_are_the_fallback_wherever_no_face_was_found(real_data):
    reader = HTNetRelease(real_data / "htnet-release")
    landmarks = np.stack([reader.read("landmarks-28", clip) for clip in reader.clips()["clip"]])
    assert landmarks.shape == (442, 5, 2)
    assert int((landmarks == np.float32(FALLBACK)).all(axis=(1, 2)).sum()) == 172
    assert "no face on 172 of the release's 442 clips" in reader.notes()["landmarks-28"]


def test_a_plain_clone_of_the_real_release_lacks_the_landmarks_file(real_data, tmp_path):
    root = tmp_path / "HTNet"
    shutil.copytree(real_data / "htnet-release", root, ignore=shutil.ignore_patterns(LANDMARKS))
    reader = HTNetRelease(root)
    np.testing.assert_array_equal(reader.read("landmarks-28", "smic/s01/s01_ne_01"), np.float32(FALLBACK))
    assert "all its 442 clips" in reader.notes()["landmarks-28"]
