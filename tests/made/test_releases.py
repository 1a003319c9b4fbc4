"""Releases of virtual faces: they lie on disk as the official ones do, and hold what is said to be in them."""

from __future__ import annotations

import csv
import multiprocessing
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from merbench.data.clips import clip_table
from merbench.errors import MerbenchError, OutputError, ReleaseError, UnknownName
from tests.made import LAYOUTS, QUIRKS, cached_shelf, made_clips, plain_grey, rendering, write_release
from tests.made.quirks import ODD_FOLDER

CHECKOUT = Path(__file__).parents[2]
SMALL = {"size": (16, 16), "draw": "plain"}


def one(clip, emotion=None, span=(46, 50, 56), units="12"):
    """A table of one clip."""
    subject = clip.rpartition("/")[0]
    row = {"clip": clip, "database": clip.split("/")[0], "subject": subject, "emotion": emotion, "action_units": units}
    return clip_table([{**row, **dict(zip(("onset", "apex", "offset"), span, strict=True))}])


def names(root, pattern="*"):
    """The files below a folder, by their paths in it."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob(pattern) if path.is_file())


def images(root):
    return [name for name in names(root) if name.lower().endswith((".jpg", ".bmp", ".png"))]


def sheets(path):
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in load_workbook(path)}


# Layouts


@pytest.mark.parametrize(
    ("source", "layout", "clip", "emotion", "onset"),
    [
        ("smic-hs", "", "smic/s01/s01_ne_01", None, "SMIC_all_raw/HS/s1/micro/negative/s1_ne_01/image000046.bmp"),
        (
            "smic-hs",
            "cropped",
            "smic/s01/s01_po_12",
            "positive",
            "SMIC_all_cropped/HS/s01/micro/positive/s01_po_12/reg_image000046.bmp",
        ),
        ("smic-vis", "", "smic-vis/s08/s08_ne_02", None, "SMIC_all_raw/VIS/s8/micro/negative/s8_ne_02/image000046.bmp"),
        ("smic-nir", "", "smic-nir/s12/s12_po_02", None, "SMIC_all_raw/NIR/s12/micro/positive/s12_po_02/00046.bmp"),
        ("casme", "", "casme/sub01/EP01_5", "tense", "Cropped/sub01/EP01_5/reg_EP01_5-46.jpg"),
        ("casme", "raw", "casme/sub01/EP01_5", "tense", "Raw/sub01/EP01_5/EP01_5-46.jpg"),
        ("casme2", "", "casme2/sub01/EP02_01f", "fear", "CASME2_RAW_selected/sub01/EP02_01f/img46.jpg"),
        ("casme2", "cropped", "casme2/sub17/EP01_1", "fear", "Cropped/sub17/EP01_1/reg_img46.jpg"),
        ("casme2", "cropped-updated", "casme2/sub17/E", "x", "Cropped-updated/Cropped/sub17/E/reg_img46.jpg"),
        ("samm", "", "samm/006/006_1_2", "anger", "SAMM/006/006_1_2/006_0046.jpg"),
        ("casme3a", "", "casme3a/spNO.1/a_46", "happy", "part_A/spNO.1/a/color/46.jpg"),
        ("mmew", "", "mmew/S13/S13-07-001", "anger", "Micro_Expression/anger/S13-07-001/1.jpg"),
        ("mmew", "by-subject", "mmew/S03/S03-01-002", "happiness", "S03/happiness/S03-01-002/1.jpg"),
        ("4dme", "", "4dme/s01/s01_c01", "negative+surprise", "gray_micro/s01/s01_c01/1.jpg"),
    ],
)  # fmt: skip
def test_a_frame_lies_where_the_official_release_has_it(tmp_path, source, layout, clip, emotion, onset):
    told = write_release(source, tmp_path, one(clip, emotion), layout=layout, frames="onset-apex-offset", **SMALL)
    assert len(images(tmp_path)) == 3
    assert onset in images(tmp_path)
    assert list(told["clip"]) == [clip]
    assert (told["fps"].iloc[0] is pd.NA and source == "4dme") or told["fps"].iloc[0] == LAYOUTS[source].fps


@pytest.mark.parametrize(
    ("source", "clip", "file", "sheet", "line"),
    [
        (
            "casme",
            "casme/sub01/EP01_5",
            "CASME.xlsx",
            "Sheet1",
            {
                "Subject": 1, "Filename": "EP01_5", "OnsetF": 46, "ApexF1": 50, "ApexF2": 51, "OffsetF": 56, "AU": 12,
                "Emotion": "disgust",
            },
        ),
        (
            "casme2",
            "casme2/sub01/EP02_01f",
            "CASME2-coding-20190701.xlsx",
            "Sheet1",
            {
                "Subject": "01", "Filename": "EP02_01f", "OnsetFrame": 46, "ApexFrame": 50, "OffsetFrame": 56,
                "Action Units": 12, "Estimated Emotion": "disgust", "Objective Classes": 7,
            },
        ),
        (
            "casme3a",
            "casme3a/spNO.1/j_46",
            "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
            "label",
            {
                "Subject": "spNO.1", "Filename": "J", "Onset": 46, "Apex": 50, "Offset": 56, "AU": 12,
                "Objective class": "VII", "emotion": "disgust",
            },
        ),
        (
            "mmew",
            "mmew/S13/S13-07-001",
            "MMEW_Micro_Exp.xlsx",
            "Sheet1",
            {
                "Subject": 13, "Filename": "S13-07-001", "OnsetFrame": 46, "ApexFrame": 50, "OffsetFrame": 56,
                "Action Units": 12, "Estimated Emotion": "disgust", "remarks": None,
            },
        ),
        (
            "4dme",
            "4dme/s01/s01_c01",
            "4DME_Labelling_Micro_release.xlsx",
            "Sheet1",
            {
                "sub_ID": "s01", "fold_name": "s01_c01", "Onset": 46, "Apex": 50, "Offset": 56, "AUs": 12,
                "Emotion": "Disgust",
            },
        ),
    ],
    ids=["casme", "casme2", "casme3a", "mmew", "4dme"],
)  # fmt: skip
def test_a_table_is_as_its_authors_ship_it(tmp_path, source, clip, file, sheet, line):
    write_release(source, tmp_path, one(clip, "disgust"), frames="onset-apex-offset", **SMALL)
    assert names(tmp_path, "*.xlsx") == [file]
    header, row = sheets(tmp_path / file)[sheet]
    assert {name: cell for name, cell in zip(header, row, strict=True) if name} == line


def test_the_table_of_samm_stands_below_thirteen_lines(tmp_path):
    write_release("samm", tmp_path, one("samm/006/006_1_2", "anger", units="4/7"), **SMALL)
    rows = sheets(tmp_path / "SAMM_Micro_FACS_Codes_v2.xlsx")["MICRO_ONLY"]
    assert len(rows) == 15
    assert dict(zip(rows[13], rows[14], strict=True)) == {
        "Subject": "006",
        "Filename": "006_1_2",
        "Inducement Code": 1,
        "Onset Frame": 46,
        "Apex Frame": 50,
        "Offset Frame": 56,
        "Duration": "=SUM(F15-D15)+1",
        "Micro": "Micro - 1/2",
        "Action Units": "4/7",
        "Estimated Emotion": "Anger",
        "Objective Classes": 7,
        "Notes": None,
    }


@pytest.mark.parametrize(
    ("file", "source"),
    [("CASME2-coding-20190701.xlsx", "casme2"), ("SAMM_Micro_FACS_Codes_v2.xlsx", "samm")],
)
def test_sheets_and_headings_are_those_of_the_real_table(real_data, tmp_path, file, source):
    write_release(source, tmp_path, **SMALL)
    real, written = sheets(real_data / "annotations" / file), sheets(tmp_path / file)
    assert list(real) == list(written)
    first = 13 if source == "samm" else 0
    for rows in zip(next(iter(real.values()))[first:], next(iter(written.values()))[first:], strict=False):
        kinds = [[type(cell) for cell in row] for row in rows]
        assert kinds[0][:2] == kinds[1][:2]  # the subject is text
    assert next(iter(real.values()))[first] == next(iter(written.values()))[first]


def test_casme3_comes_as_csv_too(tmp_path):
    write_release("casme3a", tmp_path, one("casme3a/spNO.1/a_46", "happy"), layout="csv", **SMALL)
    with (tmp_path / "cas(me)3_part_A_ME_label_JpgIndex_v2.csv").open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file))[1] == ["spNO.1", "A", "46", "50", "56", "12", "VII", "happy"]


def test_a_video_of_casme3_holds_several_clips(tmp_path):
    told = write_release("casme3a", tmp_path, subjects=1, **SMALL)
    assert [clip.split("/")[2].split("_")[0] for clip in told["clip"]] == ["a", "a", "j"]
    assert {name.rpartition("/")[0] for name in images(tmp_path)} == {
        "part_A/spNO.1/a/color",
        "part_A/spNO.1/j/color",
    }


# What is told, and what is shown


@pytest.mark.parametrize("source", LAYOUTS)
def test_made_up_clips_have_all_emotions_and_frames_in_order(source):
    clips = made_clips(source, subjects=4)
    assert set(LAYOUTS[source].emotions) == set(clips["emotion"])
    assert clips["subject"].nunique() == 4
    assert ((clips["onset"] < clips["apex"]) & (clips["apex"] < clips["offset"])).all()
    assert clips["clip"].is_unique


@pytest.mark.parametrize("source", LAYOUTS)
def test_the_same_is_written_every_time(tmp_path, source):
    told = [write_release(source, tmp_path / name, size=(24, 32)) for name in "ab"]
    pd.testing.assert_frame_equal(*told)
    assert names(tmp_path / "a") == names(tmp_path / "b")
    for name in images(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_smic_tells_its_first_and_last_frame_and_no_apex(tmp_path):
    shown, told = made_clips("smic-hs"), write_release("smic-hs", tmp_path, **SMALL)
    assert told["apex"].isna().all()
    assert told["action_units"].isna().all()
    assert told[["onset", "offset"]].equals(shown[["onset", "offset"]])


@pytest.mark.parametrize(("source", "layout"), [("smic-hs", "raw"), ("casme2", "cropped")])
def test_the_video_behind_a_clip_is_the_one_that_lies_there(tmp_path, source, layout):
    size, row = (120, 160), made_clips(source, 1).iloc[0]
    write_release(source, tmp_path, subjects=1, layout=layout, size=size, quirks=("png",))
    span = tuple(int(row[name]) for name in ("onset", "apex", "offset"))
    video = rendering(row["clip"], row["emotion"], span, size=size, cropped=layout == "cropped")
    assert "+".join(video.units) == row["action_units"]
    assert tuple(place - video.onset + span[0] for place in (video.onset, video.apex, video.offset)) == span
    folder = {"smic-hs": "s1_ne_01", "casme2": "EP02_05"}[source]
    for number in span:
        (path,) = tmp_path.rglob(f"{folder}/*{number}.png")
        assert np.array_equal(cv2.imread(str(path))[..., ::-1], video.image(number - span[0] + video.onset))
    assert np.abs(video.flow(video.onset, video.apex)).max() > 0.1


def test_a_plain_image_tells_its_number_and_its_clip(tmp_path):
    told = write_release("smic-hs", tmp_path, subjects=1, **SMALL)
    for clip in told.itertuples(index=False):
        name = clip[0].rpartition("/")[2].replace("s01", "s1")
        for number in (clip.onset, clip.offset):
            image = cv2.imread(str(next(tmp_path.rglob(f"{name}/image{number:06}.bmp"))))
            assert (image[:8] == plain_grey(number)).all()
    lower = {cv2.imread(str(path))[8:].tobytes() for path in tmp_path.rglob("*.bmp")}
    assert len(lower) == len(told)


def test_only_the_annotated_frames_are_there_if_asked_for(tmp_path):
    write_release("casme2", tmp_path, subjects=1, frames="onset-apex-offset", **SMALL)
    assert len(images(tmp_path)) == 9


def test_clips_that_are_given_are_laid_out_with_what_is_missing_made_up(tmp_path):
    listed = pd.DataFrame(
        {
            "clip": ["casme2/sub01/EP07_表", "casme2/sub02/EP02_01f", "samm/006/006_1_2"],
            "database": ["casme2", "casme2", "samm"],
            "subject": ["casme2/sub01", "casme2/sub02", "samm/006"],
            "label": [1, 0, 2],
            "source": "a list",
        }
    )
    told = write_release("casme2", tmp_path, listed, **SMALL)
    assert list(told["clip"]) == list(listed["clip"][:2])
    assert list(told["emotion"]) == ["happiness", "disgust"]
    assert told[["onset", "apex", "offset"]].notna().all(axis=None)
    assert (tmp_path / "CASME2_RAW_selected" / "sub01" / "EP07_表" / f"img{told['apex'][0]}.jpg").is_file()


def test_an_impossible_row_stands_in_the_table_as_it_is_given(tmp_path):
    told = write_release("casme3a", tmp_path, one("casme3a/spNO.1/a_46", "happy", (46, 40, 0)), **SMALL)
    assert told.loc[0, ["onset", "apex", "offset"]].tolist() == [46, 40, 0]
    assert [name.rpartition("/")[2] for name in images(tmp_path)] == [f"{number}.jpg" for number in range(40, 47)]


# Quirks


def quirk(tmp_path, source, name, **options):
    told = write_release(source, tmp_path / "release", quirks=[name], **{**SMALL, **options})
    return told, tmp_path / "release"


def test_every_quirk_is_one_of_some_release():
    assert set().union(*(plan.quirks for plan in LAYOUTS.values())) == set(QUIRKS)


def test_gaps_lack_the_apex_or_the_onset_of_some_clips(tmp_path):
    told, root = quirk(tmp_path, "casme2", "gaps")
    there = [
        [(root / "CASME2_RAW_selected" / sub / clip / f"img{number}.jpg").is_file() for number in span]
        for (_, sub, clip), *span in zip(
            told["clip"].str.split("/"), told["onset"], told["apex"], told["offset"], strict=True
        )
    ]
    assert there[:3] == [[True, False, True], [False, True, True], [True, True, True]]


def test_every_second_clip_has_no_apex(tmp_path):
    told, root = quirk(tmp_path, "casme2", "no-apex")
    assert told["apex"].isna().tolist() == [False, True] * 4 + [False]
    rows = sheets(root / "CASME2-coding-20190701.xlsx")["Sheet1"]
    assert [row[4] for row in rows[2::2]] == ["/"] * 4


def test_wrong_rows_come_first(tmp_path):
    told, _ = quirk(tmp_path, "samm", "wrong-rows")
    assert told["apex"][0] < told["onset"][0]
    assert told["offset"][1] == 0
    assert told["apex"][2] > told["offset"][2]
    pd.testing.assert_frame_equal(told.iloc[3:], made_clips("samm").iloc[3:])


@pytest.mark.parametrize(
    ("source", "name", "there"),
    [
        ("casme2", "padded", "CASME2_RAW_selected/sub001/EP02_05/img000"),
        ("smic-hs", "padded", "SMIC_all_raw/HS/s01/micro/negative/s01_ne_01/image000"),
        ("samm", "unpadded", "SAMM/6/006_1_2/006_"),
        ("smic-hs", "unpadded", "SMIC_all_raw/HS/s1/micro/negative/s1_ne_1/image9"),
        ("casme2", "bare-folders", "CASME2_RAW_selected/01/EP02_05/img"),
        ("mmew", "repression", "Micro_Expression/repression/S02-04-001/1"),
        ("casme2", "odd-names", f"{ODD_FOLDER}/CASME2_RAW_selected/sub01/EP02_05 /img"),
    ],
)
def test_names_are_odd_as_asked(tmp_path, source, name, there):
    _, root = quirk(tmp_path, source, name)
    assert [path for path in images(root) if path.startswith(there)]


def test_numbers_within_the_recording_are_those_of_the_table(tmp_path):
    told, root = quirk(tmp_path, "mmew", "absolute")
    folder = next(root.rglob(told["clip"][0].rpartition("/")[2]))
    assert {int(path.stem) for path in folder.iterdir()} == set(range(told["onset"][0], told["offset"][0] + 1))


def test_there_are_frames_about_a_clip(tmp_path):
    told, root = quirk(tmp_path, "samm", "context")
    folder = next(root.rglob(told["clip"][0].rpartition("/")[2]))
    assert len(list(folder.iterdir())) == told["offset"][0] - told["onset"][0] + 1 + 6


def test_images_are_as_asked(tmp_path):
    _, root = quirk(tmp_path, "casme2", "mixed-case")
    assert {path.suffix for path in root.rglob("img*")} == {".jpg", ".JPG", ".Jpg"}
    _, root = quirk(tmp_path / "png", "samm", "png")
    assert {path.suffix for path in root.rglob("006*/*.*")} == {".png"}
    _, root = quirk(tmp_path / "grey", "casme2", "grey")
    image = cv2.imread(str(next(root.rglob("*.jpg"))), cv2.IMREAD_UNCHANGED)
    assert image.ndim == 2


@pytest.mark.parametrize("source", LAYOUTS)
def test_file_managers_leave_files_everywhere(tmp_path, source):
    _, root = quirk(tmp_path, source, "extra-files")
    for folder in {path.parent for path in root.rglob("*") if path.suffix == f".{LAYOUTS[source].suffix}"}:
        assert {"Thumbs.db", ".DS_Store"} <= {path.name for path in folder.iterdir()}


# Refusals


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="is not empty; name a new folder"):
        write_release("casme2", tmp_path, **SMALL)
    assert names(tmp_path) == ["thesis.txt"]


def test_a_place_that_cannot_be_a_folder_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        write_release("casme2", tmp_path / "file", **SMALL)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": "casme-2"}, r"no release is called 'casme-2' \(nearest: casme2"),
        ({"layout": "croped"}, r"no layout is called 'croped' \(nearest: cropped, cropped-updated\); casme2 has raw"),
        ({"quirks": ["gap"]}, r"no quirk is called 'gap' \(nearest: gaps"),
        ({"quirks": ["repression"]}, "no quirk is called 'repression'; casme2 can have bare-folders, context"),
    ],
)
def test_an_unknown_name_is_answered_with_those_there_are(tmp_path, options, message):
    with pytest.raises(UnknownName, match=message):
        write_release(**{"source": "casme2", "root": tmp_path / "new", **SMALL, **options})
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("source", "clip"),
    [
        ("casme2", "casme2/s1/EP01"),
        ("casme2", "casme2/sub01/.."),
        ("casme2", "casme2/../../EP01"),
        ("smic-hs", "smic/s01/s01_xx_01"),
        ("casme3a", "casme3a/spNO.1/a_47"),
        ("mmew", "mmew/S01/clip"),
        ("samm", "casme2/sub01/EP01"),
    ],
)
def test_a_clip_that_the_release_could_not_hold_is_refused_by_name(tmp_path, source, clip):
    with pytest.raises(MerbenchError) as caught:
        write_release(
            source,
            tmp_path / "new",
            one("casme2/sub01/EP01", "fear").assign(
                clip=clip, subject=clip.rpartition("/")[0], database=clip.split("/")[0]
            ),
            **SMALL,
        )
    assert isinstance(caught.value, ReleaseError)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("options", [{"subjects": 0}, {"subjects": 81}, {"size": (0, 16)}])
def test_numbers_out_of_range_are_refused(tmp_path, options):
    with pytest.raises(ValueError, match=r"cannot"):
        write_release("casme2", tmp_path / "new", **{**SMALL, **options})


def test_an_emotion_cannot_lead_out_of_the_release(tmp_path):
    clip = one("mmew/S13/S13-07-001", "../../../anger")
    write_release("mmew", tmp_path / "new", clip, **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert images(tmp_path / "new")[0].startswith("Micro_Expression/others/")


# Several at once


def test_a_shelf_is_written_once_for_the_same_request(tmp_path):
    asked = {"subjects": 1, "quirks": {"gaps", "png"}, **SMALL}
    shelf = cached_shelf(tmp_path, ("samm", "casme2"), **asked)
    assert sorted(path.name for path in shelf.iterdir()) == ["casme2", "samm"]
    (shelf / "mark").touch()
    assert (cached_shelf(tmp_path, ("samm", "casme2"), **asked) / "mark").exists()
    assert cached_shelf(tmp_path, ("samm", "casme2"), **{**asked, "subjects": 2}) != shelf
    assert len(list(tmp_path.iterdir())) == 2


def test_two_processes_may_ask_for_one_shelf(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path, str(CHECKOUT)])  # the processes import this module by its name
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        asked = [pool.apply_async(cached_shelf, (tmp_path, ("casme2",)), {"subjects": 1, **SMALL}) for _ in range(2)]
        found = {one.get(600) for one in asked}
    assert len(found) == 1
    assert list(tmp_path.iterdir()) == [*found]


def test_a_shelf_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(UnknownName):
        cached_shelf(tmp_path, ("samm", "nonesuch"), **SMALL)
    assert list(tmp_path.iterdir()) == []
