import pytest
from merbench_databases import folders
from merbench_databases.folders import by_number, frame_names, named, subfolders, topmost

import merbench


def test_a_frames_number_is_the_last_integer_in_its_stem_and_frames_are_sorted_by_it(tmp_path):
    for name in ("reg_EP01_5-10.jpg", "img9.JPG", "006_05562.bmp", "image000011.png", "7.jpeg"):
        (tmp_path / name).touch()
    for name in ("._img1.jpg", "Thumbs.db", "cover.jpg", "12.txt"):
        (tmp_path / name).touch()
    assert sorted(frame_names(tmp_path)) == [7, 9, 10, 11, 5562]


def test_two_files_of_one_number_are_refused(tmp_path):
    (tmp_path / "img46.jpg").touch()
    (tmp_path / "reg_img46.png").touch()
    with pytest.raises(
        merbench.ReleaseError, match=r"two files have the frame number 46: img46\.jpg and reg_img46\.png"
    ):
        frame_names(tmp_path)


def test_folders_are_matched_by_their_integer_and_two_of_one_are_refused(tmp_path):
    for name in ("sub01", "Sub2", "17", "others"):
        (tmp_path / name).mkdir()
    found = by_number(subfolders(tmp_path, tmp_path), r"(?:sub)?0*(\d{1,2})")
    assert {number: path.name for number, path in found.items()} == {1: "sub01", 2: "Sub2", 17: "17"}
    (tmp_path / "sub17").mkdir()
    with pytest.raises(merbench.ReleaseError, match="both have the number 17; remove one"):
        by_number(subfolders(tmp_path, tmp_path), r"(?:sub)?0*(\d{1,2})")


def test_a_clip_is_matched_by_its_exact_name(tmp_path):
    for name in ("EP19_05", "EP19_05f", "j"):
        (tmp_path / name).mkdir()
    there = subfolders(tmp_path, tmp_path)
    assert named(there, "EP19_05").name == "EP19_05"
    assert named(there, "EP19_05f").name == "EP19_05f"
    assert named(there, "J").name == "j"
    assert named(there, "EP19_0") is None


def test_links_out_of_the_release_are_not_followed_and_those_within_are(tmp_path):
    root, outside = tmp_path / "release", tmp_path / "outside"
    (root / "inner" / "sub01").mkdir(parents=True)
    outside.mkdir()
    (root / "out").symlink_to(outside)
    (root / "in").symlink_to(root / "inner")
    (root / "lost").symlink_to(tmp_path / "nowhere")
    (root / "round").symlink_to(root)
    assert list(subfolders(root, root)) == ["in", "inner", "round"]
    assert [path.name for path in topmost(root, lambda path: path.name == "sub01")][:1] == ["sub01"]


def test_nothing_is_looked_for_below_what_was_found_nor_without_end(tmp_path, monkeypatch):
    for name in ("a/sub01/sub01", "b/c/d/e/sub02"):
        (tmp_path / name).mkdir(parents=True)
    assert topmost(tmp_path, lambda path: path.name.startswith("sub")) == [tmp_path / "a" / "sub01"]
    monkeypatch.setattr(folders, "MOST", 3)
    assert topmost(tmp_path, lambda path: path.name.startswith("sub")) == []
