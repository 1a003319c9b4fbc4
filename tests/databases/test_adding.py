"""`merbench data add` and `check` on releases of videos: what they recognise, and what they say."""

import json
import re

import pytest
from merbench_databases.canonical import composite

from merbench.cli import main
from tests.made import write_release

CLIPS = [("EP02_01f", 46, 50, 56, "happiness"), ("EP03_02", 1, "/", 6, "others")]


@pytest.fixture
def casme2(tmp_path, write_table, write_frames):
    root = tmp_path / "data" / "CASME2"
    write_table(
        root / "CASME2-coding-20190701.xlsx",
        [("01", name, "", onset, apex, offset, "", "12", emotion) for name, onset, apex, offset, emotion in CLIPS],
    )
    for tint, (name, onset, _, offset, _) in enumerate(CLIPS):
        write_frames(root / "CASME2_RAW_selected" / "sub01" / name, range(onset, offset + 1), tint=tint)
    return root


@pytest.fixture
def smic(tmp_path, write_frames):
    for tint, camera in enumerate(("HS", "VIS")):
        folder = tmp_path / "SMIC_all_raw" / camera / "s1" / "micro" / "negative" / "s1_ne_01"
        write_frames(folder, range(5), "image{:06}.bmp", tint=tint)
    return tmp_path / "SMIC_all_raw"


def refused(capsys, *argv):
    assert main(["data", *map(str, argv)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err


def shown(capsys, *argv, code=0):
    assert main(["data", *map(str, argv)]) == code
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_a_release_is_recognised_by_its_source(casme2, smic, capsys):
    assert shown(capsys, "add", "casme2", casme2) == f"2 clips of casme2 in {casme2}\n"
    assert shown(capsys, "add", "smic-vis", smic) == f"1 clips of smic-vis in {smic}\n"


def test_the_release_of_another_database_is_told_by_its_name(casme2, smic, capsys):
    assert f"{casme2} is a release of casme2; add it with: merbench data add casme2 {casme2}" in refused(
        capsys, "add", "samm", casme2
    )
    err = refused(capsys, "add", "casme2", smic)
    assert f"is a release of smic-hs and smic-vis; add it with: merbench data add smic-hs {smic} or" in err


def test_a_folder_within_the_release_or_around_it_is_told_as_such(casme2, smic, capsys):
    err = refused(capsys, "add", "casme2", casme2 / "CASME2_RAW_selected")
    assert f"CASME2_RAW_selected lies in a release of casme2; add it with: merbench data add casme2 {casme2}\n" in err
    err = refused(capsys, "add", "smic-hs", smic / "VIS")
    assert f"{smic / 'VIS'} is a release of smic-vis; add it with: merbench data add smic-vis {smic / 'VIS'}\n" in err
    (casme2.parent / "empty").mkdir()
    err = refused(capsys, "add", "casme2", casme2.parent / "empty")
    assert f"lies a release of casme2; add it with: merbench data add casme2 {casme2}\n" in err
    around = casme2.parent
    (around / "more").mkdir()
    casme2.rename(around / "more" / "CASME2")
    err = refused(capsys, "add", "casme2", around)
    assert f"in {around} lies a release of casme2; add it with: merbench data add casme2 {around / 'more'}\n" in err


def test_a_folder_of_nothing_says_what_the_source_lacks_and_what_is_there(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    err = refused(capsys, "add", "casme2", tmp_path / "empty")
    assert "the table (CASME2-coding-20190701.xlsx) is missing; name the folder that" in err
    assert err.endswith(" (it is empty)\n")
    for name in "abcdef":
        (tmp_path / "empty" / name).touch()
    assert refused(capsys, "add", "smic-hs", tmp_path / "empty").endswith(" (in it lie a, b, c, d and 2 more)\n")


def test_a_folder_among_many_is_not_taken_for_a_part_of_a_release_that_may_lie_beside_it(tmp_path, capsys):
    for number in range(60):
        (tmp_path / f"folder{number:02}").mkdir()
    write_release("smic-hs", tmp_path / "smic", subjects=1, size=(16, 16), draw="plain")
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert "lies in a release" not in refused(capsys, "add", "smic-hs", tmp_path / "a" / "b")


@pytest.mark.parametrize("source", ["smic-hs", "casme", "casme2", "casme3a", "samm", "mmew", "4dme", "hsta-folds"])
def test_no_source_takes_a_folder_of_something_else(tmp_path, write_frames, source, capsys):
    write_frames(tmp_path / "photos" / "2019" / "summer", range(3), "IMG_{:04}.JPG")
    (tmp_path / "photos" / "list.csv").write_text("Subject,Filename\n1,summer\n")
    assert f"{tmp_path / 'photos'}" in refused(capsys, "add", source, tmp_path / "photos")


def test_a_check_counts_against_what_was_published_and_looks_at_every_image(casme2, capsys):
    shown(capsys, "add", "casme2", casme2)
    folder = casme2 / "CASME2_RAW_selected" / "sub01"
    (folder / "EP02_01f" / "img50.jpg").unlink()
    (folder / "EP03_02" / "img3.jpg").write_bytes(b"")
    out = shown(capsys, "check", "casme2", code=1)
    assert "casme2    1 of 26" in out
    assert "difference: casme2: 1 clips are happiness, published are 32\n" in out
    assert "difference: casme2: 2 clips, published are 255 (CASME2-coding-20190701.xlsx" in out
    assert "broken: casme2/sub01/EP03_02: img3.jpg has 0 bytes\n" in out
    assert "missing frames: casme2/sub01/EP02_01f: 1 of 11, among them the apex\n" in out
    assert "note: frames: CASME II: 1 clip(s) have no onset, apex or offset frame; the nearest frame is taken\n" in out


def test_a_check_is_there_as_an_object_and_can_read_all(casme2, capsys):
    shown(capsys, "add", "casme2", casme2)
    found = json.loads(shown(capsys, "check", "casme2", "--json", code=1))
    assert found["databases"] == [
        {
            "database": "casme2",
            "subjects": 1,
            "published": 26,
            "images": 17,
            "read": 5,
            "fps": [200.0],
            "sizes": {"8x8": 2},
            "cropped": 0,
        }
    ]
    assert (found["missing"], found["duplicates"], found["broken"]) == ({}, [], {})
    found = json.loads(shown(capsys, "check", "casme2", "--json", "--all-frames", code=1))
    assert found["databases"][0]["read"] == 17


def test_a_dataset_without_a_list_is_counted_by_class(casme2, capsys):
    shown(capsys, "add", "casme2", casme2)
    out = shown(capsys, "check", "casme2-5", code=1)
    assert "1 of 32" in out
    assert "1 of 99" in out
    assert "difference: casme2: 0 clips are disgust, published are 63\n" in out


def test_a_part_of_the_composite_is_held_to_its_list_alone(casme2, capsys):
    shown(capsys, "add", "casme2", casme2)
    out = shown(capsys, "check", "casme2-3", code=1)
    listed = composite()["clip"].str.startswith("casme2/").sum()
    assert out.count("difference: ") == listed - 1  # EP03_02 is others, and no fault: it is not in the list
    assert re.split(" {2,}", out.splitlines()[2]) == ["casme2", "0 of 88", "1 of 32", "0 of 25", "1 of 145"]


def test_an_image_that_two_clips_share_is_told_of(casme2, capsys):
    shown(capsys, "add", "casme2", casme2)
    folder = casme2 / "CASME2_RAW_selected" / "sub01"
    (folder / "EP03_02" / "img1.jpg").write_bytes((folder / "EP02_01f" / "img46.jpg").read_bytes())
    out = shown(capsys, "check", "casme2", code=1)
    assert (
        "duplicate: casme2/sub01/EP02_01f and casme2/sub01/EP03_02: img46.jpg and img1.jpg are the same image\n" in out
    )
    assert ", 1 duplicate(s)\n" in out
