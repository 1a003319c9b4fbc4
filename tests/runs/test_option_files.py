"""What a plan says of an option that names a file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from merbench.runs.weights import without_path


def test_a_file_is_told_by_its_name_and_content_and_not_by_its_place(tmp_path: Path) -> None:
    texts = []
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.pth").write_bytes(b"weights")
        texts.append(without_path(str(tmp_path / folder / "a.pth")))
    assert texts == [f"a.pth sha256:{hashlib.sha256(b'weights').hexdigest()}"] * 2
    (tmp_path / "here" / "a.pth").write_bytes(b"others")
    assert without_path(str(tmp_path / "here" / "a.pth")) != texts[0]


VALUES = [
    "rbf",
    "gone/a.pth",
    3,
    0.5,
    None,
    True,
    (2, 2),
    "resnet18.a1_in1k",
    "~nobody-of-that-name/a.pth",
    "a" * 999 + ".pth",
]


@pytest.mark.parametrize("value", VALUES)
def test_anything_else_stays_as_it_is(value: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rbf").touch()
    assert without_path(value) is value


def test_files_in_lists_and_mappings_are_found_too(tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_bytes(b"weights")
    path, told = str(tmp_path / "a.pth"), without_path(str(tmp_path / "a.pth"))
    assert without_path([1, path]) == [1, told]
    assert without_path({"of": (path, "rbf")}) == {"of": (told, "rbf")}
    unchanged = {"of": (2, "rbf")}
    assert without_path(unchanged) is unchanged
