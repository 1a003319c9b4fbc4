"""What every source says of a release that somebody damaged, moved about or took for another."""

from __future__ import annotations

import os
import struct
import zlib

import cv2
import numpy as np
import pandas as pd
import pytest
from openpyxl import Workbook, load_workbook

from merbench.data.datasets import release_reader
from merbench.errors import ReleaseError
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from tests.made import LAYOUTS, write_release

SMALL = {"size": (16, 16), "draw": "plain", "subjects": 1}
TREES = {"HS", "VIS", "NIR", "Cropped", "CASME2_RAW_selected", "SAMM", "part_A", "gray_micro"}
TABLED = [source for source in LAYOUTS if not source.startswith("smic")]


@pytest.fixture(scope="module")
def registry():
    return Registry(load(allow=()))


@pytest.fixture(params=LAYOUTS)
def release(request, registry, tmp_path):
    return Written(request.param, registry, tmp_path)


@pytest.fixture(params=TABLED)
def tabled(request, registry, tmp_path):
    return Written(request.param, registry, tmp_path)


class Written:
    """A small release, and its reader as of now."""

    def __init__(self, source, registry, tmp_path):
        self.spec, self.root, self.outside = registry.sources.get(source), tmp_path / "release", tmp_path / "outside"
        self.told = write_release(source, self.root, **SMALL)
        self.clip = self.told["clip"][0]
        self.folder = next(iter(self.reader.read("frames", self.clip).files.values())).parent

    @property
    def reader(self):
        return release_reader(self.spec, self.root)

    @property
    def table(self):
        (path,) = self.root.glob("*.xlsx")
        return path

    @property
    def frames(self):
        return self.reader.read("frames", self.clip)

    def refusal(self, act):
        with pytest.raises(ReleaseError) as caught:
            act()
        assert "\n" not in str(caught.value)
        return str(caught.value)

    def change_table(self, change):
        """Rewrite each sheet's rows."""
        book, changed = load_workbook(self.table), Workbook()
        changed.remove(changed.active)
        for sheet in book:
            page = changed.create_sheet(sheet.title)
            for row in sheet.iter_rows(values_only=True):
                page.append(change(list(row)))
        changed.save(self.table)


# The folder


def test_an_empty_folder_is_no_release(registry, tmp_path):
    for source in LAYOUTS:
        with pytest.raises(ReleaseError, match="is not a release of"):
            release_reader(registry.sources.get(source), tmp_path).clips()


def test_a_release_without_its_frames_is_refused(release):
    for path in release.root.iterdir():
        if path.is_dir():
            path.rename(release.outside)
    assert "is not a release of" in release.refusal(release.reader.clips)


def test_a_release_that_is_a_link_to_elsewhere_within_it_is_refused(release):
    (tree,) = (path for path in release.root.iterdir() if path.is_dir())
    tree.rename(release.outside)
    tree.symlink_to(release.outside)
    assert "link that leads out of it" in release.refusal(release.reader.clips)


def test_a_clip_whose_folder_has_gone_is_broken_and_the_others_are_read(tabled):
    last = tabled.told["clip"].iloc[-1]
    folder = next(iter(tabled.reader.read("frames", last).files.values())).parent
    folder.rename(tabled.outside)
    reader = tabled.reader
    assert len(reader.clips()) == len(tabled.told)
    assert tabled.refusal(lambda: reader.read("frames", last))
    assert len(reader.read("frames", tabled.clip)) > 2


# MMEW's clips are found by their own names, in whatever subject's folder they lie.
@pytest.mark.parametrize("release", [source for source in LAYOUTS if source != "mmew"], indirect=True)
def test_two_folders_of_one_subject_are_both_named(release):
    subject = next(path for path in release.folder.parents if path.parent.name in TREES)
    number = "".join(one for one in subject.name if one.isdigit())
    twin = subject.with_name(f"{subject.name.removesuffix(number)}{int(number):04}")
    twin.mkdir()
    message = release.refusal(release.reader.clips)
    assert f"{subject.parent}" in message
    assert twin.name in message
    assert f"both have the number {int(number)}; remove one" in message


# The table


def test_without_its_table_a_release_is_refused(tabled):
    tabled.table.rename(tabled.outside)
    assert "is missing; name the folder" in tabled.refusal(tabled.reader.clips)


def test_a_table_with_moved_columns_is_read(tabled):
    tabled.change_table(lambda row: row[::-1])
    pd.testing.assert_frame_equal(tabled.reader.clips(), tabled.told)


@pytest.mark.parametrize("column", ["Onset", "Emotion"])
def test_a_table_without_a_column_is_that_of_another_version(tabled, column):
    lost = column.lower()
    tabled.change_table(lambda row: ["?" if isinstance(cell, str) and lost in cell.lower() else cell for cell in row])
    assert f"has no column for the {lost}" in tabled.refusal(tabled.reader.clips)


def test_a_table_with_a_password_is_told(tabled):
    tabled.table.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"))
    assert "is protected by a password" in tabled.refusal(tabled.reader.clips)


@pytest.mark.parametrize("content", [b"", b"PK\3\4 cut short", b"\xff\xfe\0 no text"])
def test_a_table_that_is_none_is_told(tabled, content):
    tabled.table.write_bytes(content)
    assert tabled.table.name in tabled.refusal(tabled.reader.clips)


def test_a_table_outside_the_release_is_not_read(tabled):
    name = tabled.table
    name.rename(tabled.outside)
    name.symlink_to(tabled.outside)
    assert "link that leads out of the release" in tabled.refusal(tabled.reader.clips)


# The frames


def test_a_clip_with_one_frame_is_broken(release):
    for path in sorted(release.folder.iterdir())[1:]:
        path.unlink()
    assert "it has " in release.refusal(lambda: release.frames)


def header_of_a_huge_image():
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "has 0 bytes"),
        (b"no image at all", "is not a JPEG, PNG or BMP image"),
        (header_of_a_huge_image(), "is larger than 8192 pixels a side"),
        (cv2.imencode(".png", np.zeros((9, 9), np.uint16))[1].tobytes(), "has 16 bits a channel"),
        (cv2.imencode(".jpg", np.zeros((99, 99, 3), np.uint8))[1].tobytes()[:400], "is truncated"),
        (cv2.imencode(".bmp", np.zeros((99, 99, 3), np.uint8))[1].tobytes()[:400], "is truncated"),
    ],
    ids=["empty", "text", "huge", "16-bit", "jpeg", "bmp"],
)
def test_a_frame_that_cannot_be_used_is_named_with_the_reason(release, content, reason):
    path = release.frames.files[release.frames.numbers[1]]
    path.write_bytes(content)
    message = release.refusal(lambda: release.frames[1])
    assert message.startswith(path.name)
    assert reason in message
    assert release.frames[0].shape == (16, 16, 3)


def test_a_frame_outside_the_release_is_not_read(release):
    path = release.frames.files[release.frames.numbers[1]]
    path.rename(release.outside)
    path.symlink_to(release.outside)
    assert release.refusal(lambda: release.frames[1]) == f"{path.name} is a link that leads out of the release"


def test_a_frame_that_is_there_twice_breaks_its_clip(release):
    path = release.frames.files[release.frames.numbers[1]]
    path.with_suffix(".png").write_bytes(path.read_bytes())
    assert "two files have the frame number" in release.refusal(lambda: release.frames)


def test_a_release_that_changes_while_it_is_read_has_another_signature(release):
    frames = release.frames
    before, path = frames.signature(), frames.files[frames.numbers[1]]
    os.utime(path, ns=(1, 1))
    assert frames.signature() != before
    path.unlink()
    assert path.name in release.refusal(frames.signature)
    assert path.name in release.refusal(lambda: frames[1])
