import csv

import pytest
from merbench_databases.annotations import ENCRYPTED, OLE, frame_number, is_empty, read_lines
from merbench_databases.tables import TableError

COLUMNS = ("Subject", "Filename", "", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion")
ROW = ("01", "EP02_01f", None, 46, 59.0, 86, "4+L10", " Happiness ")


def refusal(path, root, sheet=""):
    with pytest.raises(TableError) as caught:
        read_lines(path, root, sheet)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_row_is_read_as_it_stands_whole_numbers_without_a_point(tmp_path, write_table):
    (line,) = read_lines(write_table(tmp_path / "t.xlsx", [ROW], COLUMNS), tmp_path)
    assert line == (2, "01", "EP02_01f", "46", "59", "86", "Happiness", "4+L10")


def test_the_header_is_found_below_a_preamble_in_any_order_and_sheet(tmp_path, write_table):
    moved = ("Notes", "Estimated Emotion", "Offset Frame", "Apex Frame", "onset_frame", "File name", "SUBJECT")
    path = write_table(
        tmp_path / "t.xlsx", [[], ["Key:", "/ = or"], moved, ["", "fear", 3, 2, 1, "a", 6]], header=["A title"]
    )
    (line,) = read_lines(path, tmp_path, sheet="nowhere")
    assert (line.number, line.subject, line.clip, line.onset, line.offset) == (5, "6", "a", "1", "3")


def test_of_several_sheets_the_named_one_is_read_and_no_other(tmp_path, write_table):
    from openpyxl import load_workbook

    path = write_table(tmp_path / "t.xlsx", [ROW], COLUMNS, sheet="MACRO")
    book = load_workbook(path)
    for row in (COLUMNS, ("02", *ROW[1:])):
        (book["MICRO"] if "MICRO" in book.sheetnames else book.create_sheet("MICRO")).append(row)
    book.save(path)
    assert [line.subject for line in read_lines(path, tmp_path, "MICRO")] == ["02"]
    assert [line.subject for line in read_lines(path, tmp_path)] == ["01"]
    book["MICRO"].delete_cols(5)
    book.save(path)
    assert "has no column for the apex" in refusal(path, tmp_path, "MICRO")


def test_a_csv_file_is_read_as_well(tmp_path):
    path = tmp_path / "t.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file).writerows([COLUMNS, ROW, [], ["a note"]])
    assert [line.clip for line in read_lines(path, tmp_path)] == ["EP02_01f"]


def test_a_table_of_another_version_says_what_it_lacks_and_what_it_has(tmp_path, write_table):
    path = write_table(tmp_path / "t.xlsx", [], [name for name in COLUMNS if name != "ApexFrame"])
    assert "has no column for the apex; its columns are Subject, Filename, OnsetFrame" in refusal(path, tmp_path)
    path = write_table(tmp_path / "t.xlsx", [ROW], (*COLUMNS, "Onset"))
    assert "has two columns for the onset" in refusal(path, tmp_path)


def test_what_is_no_table_is_told_by_what_it_is(tmp_path):
    path = tmp_path / "t.xlsx"
    path.write_bytes(OLE + b"\0" * 600 + ENCRYPTED)
    assert "is protected by a password" in refusal(path, tmp_path)
    path.write_bytes(OLE + b"\0" * 600)
    assert "before 2007" in refusal(path, tmp_path)
    path.write_bytes(b"PK\x03\x04 cut short")
    assert "cannot be read as a spreadsheet" in refusal(path, tmp_path)
    path.write_bytes(b"\xff\xfe\x00")
    assert "is neither a spreadsheet nor a csv table" in refusal(path, tmp_path)
    path.write_bytes(b"")
    assert "has 0 bytes" in refusal(path, tmp_path)


def test_a_row_with_frames_but_no_clip_is_refused_and_a_note_passed_over(tmp_path, write_table):
    path = write_table(tmp_path / "t.xlsx", [ROW, ("note: the last",)], COLUMNS)
    assert len(read_lines(path, tmp_path)) == 1
    path = write_table(tmp_path / "t.xlsx", [ROW, ("02", None, None, 1, 2, 3, "", "fear")], COLUMNS)
    assert ", line 3: there are frames, but no clip" in refusal(path, tmp_path)


def test_a_link_out_of_the_release_is_not_read(tmp_path, write_table):
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "t.xlsx").symlink_to(write_table(tmp_path / "t.xlsx", [ROW], COLUMNS))
    assert "leads out of the release" in refusal(tmp_path / "release" / "t.xlsx", tmp_path / "release")


@pytest.mark.parametrize(
    ("cell", "number"),
    [("46", 46), ("0046", 46), ("46.0", 46), ("/", None), ("", None), ("-3", None), ("4.5", None), ("\u0664", None)],
)
def test_what_names_no_frame_counts_as_not_annotated(cell, number):
    assert frame_number(cell) == number


def test_what_says_that_nothing_is_annotated_is_told_from_what_cannot_be_understood():
    assert all(map(is_empty, ("", "/", "-", "NaN", "None")))
    assert not any(map(is_empty, ("46?", "-3", "4.5", "about 50")))
