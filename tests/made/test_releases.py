"""Releases of virtual faces lie on disk as the official ones do."""

from __future__ import annotations

import csv

import pandas as pd
import pytest
from openpyxl import load_workbook

from merbench.data.clips import clip_table
from tests.made import LAYOUTS, write_release

SMALL = {"size": (16, 16), "draw": "plain"}


def one(clip, emotion, units="12"):
    """A table of one clip."""
    subject = clip.rpartition("/")[0]
    row = {"clip": clip, "database": clip.split("/")[0], "subject": subject, "emotion": emotion, "action_units": units}
    return clip_table([{**row, "onset": 46, "apex": 50, "offset": 56}])


def names(root, pattern="*"):
    """The files below a folder, by their paths in it."""
    return sorted(path.relative_to(root).as_posix() for path in root.rglob(pattern) if path.is_file())


def images(root):
    return [name for name in names(root) if name.lower().endswith((".jpg", ".bmp", ".png"))]


def sheets(path):
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in load_workbook(path)}


@pytest.mark.parametrize(
    ("source", "layout", "clip", "emotion", "onset"),
    [
        ("smic-hs", "", "smic/s01/s01_ne_01", "x", "SMIC_all_raw/HS/s1/micro/negative/s1_ne_01/image000046.bmp"),
        (
            "smic-hs",
            "cropped",
            "smic/s01/s01_po_12",
            "positive",
            "SMIC_all_cropped/HS/s01/micro/positive/s01_po_12/reg_image000046.bmp",
        ),
        ("smic-vis", "", "smic-vis/s08/s08_ne_02", "x", "SMIC_all_raw/VIS/s8/micro/negative/s8_ne_02/image000046.bmp"),
        ("smic-nir", "", "smic-nir/s12/s12_po_02", "x", "SMIC_all_raw/NIR/s12/micro/positive/s12_po_02/00046.bmp"),
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
