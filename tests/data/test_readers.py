"""What a reader or a clip list does wrong is one line with the plugin, the function and its place."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import indent

import numpy as np
import pytest

from merbench.cli import main
from merbench.data.datasets import open_dataset
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry

PLUGIN = """\
import merbench
import numpy
import pandas

CLIPS = [(f"mine/s{n}/c", "mine", f"mine/s{n}", "disgust") for n in (1, 2)]
COLUMNS = ["clip", "database", "subject", "emotion"]


class Reader(merbench.SourceReader):
    def clips(self):
        return merbench.clip_table(pandas.DataFrame(CLIPS, columns=COLUMNS))

    def read(self, feature, clip):
        return numpy.zeros((3, 28, 28), numpy.float32)

    # here


def listed():
    return pandas.DataFrame(CLIPS, columns=COLUMNS).assign(label=0)


@merbench.hookimpl
def merbench_sources():
    yield merbench.Source(
        name="mine", reader="faulty_reader:Reader", provides=("flow-28",), databases=("mine",), embedded=True
    )


@merbench.hookimpl
def merbench_datasets():
    yield merbench.Dataset(name="mine", sources=("mine",), databases=("mine",), scheme=merbench.THREE_CLASS)
    yield merbench.Dataset(
        name="listed",
        sources=("mine",),
        databases=("mine",),
        scheme=merbench.THREE_CLASS,
        clip_list="faulty_reader:listed",
    )
"""

Lay = Callable[..., Path]


@pytest.fixture
def lay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lay]:
    """Lays down the plugin, with more in its reader (`# here`), or with a part replaced."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)

    def write(more: str = "", **replaced: str) -> Path:
        code = PLUGIN.replace("    # here\n", indent(more, "    ") + "\n")
        for old, new in replaced.items():
            code = code.replace(old, new)
        path = tmp_path / "faulty_reader.py"
        path.write_text(code)
        return path

    yield write
    sys.modules.pop("faulty_reader", None)


def line_of(path: Path, code: str) -> int:
    (found,) = [number for number, line in enumerate(path.read_text().splitlines(), 1) if line.strip() == code]
    return found


def check(path: Path, capsys: pytest.CaptureFixture[str], dataset: str = "mine") -> str:
    """The one line that a check of the dataset ends with."""
    assert main(["data", "check", dataset, "--plugin", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = [one for one in err.splitlines() if not one.startswith(("[", "0 of"))]
    return line


WHO = "merbench: error: source mine (plugin faulty_reader): "
WHOLE = " (whole traceback: --traceback)"


@pytest.mark.parametrize(
    ("method", "called"),
    [
        ("def __init__(self, root):", "Reader"),
        ("def clips(self):", "clips"),
        ("def read(self, feature, clip):", "read of flow-28 of mine/s1/c"),
        ("def notes(self):", "notes"),
        ("def published(self):", "published"),
    ],
)
def test_a_method_that_raises_is_named_with_its_line(
    lay: Lay, capsys: pytest.CaptureFixture[str], method: str, called: str
) -> None:
    path = lay(f"{method}\n    return {{}}['gone']")
    name = method.split("(")[0].removeprefix("def ")
    number = line_of(path, "return {}['gone']")
    place = f"faulty_reader.py:{number} in {name}"
    assert check(path, capsys) == f"{WHO}{called} failed at {place}: KeyError: 'gone'{WHOLE}"


CLIPS = "a table of clips, as merbench.clip_table makes it"


@pytest.mark.parametrize(
    ("method", "given", "said"),
    [
        ("clips(self)", "None", f"clips AT gives None; it must give {CLIPS}"),
        ("clips(self)", "CLIPS", f"clips AT gives a list; it must give {CLIPS}"),
        ("clips(self)", "(c for c in CLIPS)", f"clips AT gives a generator; it must give {CLIPS}"),
        (
            "clips(self)",
            "pandas.DataFrame(CLIPS)",
            "clips AT gives a wrong table (clip table: missing columns ['clip', 'database', 'subject'], "
            f"unknown columns [0, 1, 2, 3]); it must give {CLIPS}",
        ),
        (
            "read(self, feature, clip)",
            "None",
            "read of flow-28 of mine/s1/c AT gives None; it must give an array of numbers or a merbench.Frames",
        ),
        (
            "read(self, feature, clip)",
            "(numpy.zeros(3), 1)",
            "read of flow-28 of mine/s1/c AT gives a tuple; it must give an array of numbers or a merbench.Frames",
        ),
        (
            "read(self, feature, clip)",
            "numpy.array(['word'])",
            "read of flow-28 of mine/s1/c AT gives an array of <U4; "
            "it must give an array of numbers or a merbench.Frames",
        ),
        ("notes(self)", "None", "notes AT gives None; it must give a dictionary from a feature's name to a sentence"),
        ("published(self)", "None", "published AT gives None; it must give a merbench.Published"),
    ],
)
def test_a_method_that_gives_something_else_is_named_with_what_it_must_give(
    lay: Lay, capsys: pytest.CaptureFixture[str], method: str, given: str, said: str
) -> None:
    path = lay(f"def {method}:\n    return {given}  # wrong")
    at = line_of(path, f"return {given}  # wrong") - 1
    assert check(path, capsys) == WHO + said.replace("AT", f"at faulty_reader.py:{at}")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "return {}['gone']",
            "clip_list failed at faulty_reader.py:LINE in listed: KeyError: 'gone'; it must give TABLE" + WHOLE,
        ),
        ("return None", "clip_list at faulty_reader.py:DEF gives None; it must give TABLE"),
        ("return CLIPS", "clip_list at faulty_reader.py:DEF gives a list; it must give TABLE"),
        (
            "return pandas.DataFrame(CLIPS, columns=COLUMNS)",
            "clip_list at faulty_reader.py:DEF gives a table without label; it must give TABLE",
        ),
    ],
)
def test_a_clip_list_that_is_none_is_named_with_its_place(
    lay: Lay, capsys: pytest.CaptureFixture[str], body: str, said: str
) -> None:
    path = lay(**{"return pandas.DataFrame(CLIPS, columns=COLUMNS).assign(label=0)": body})
    number = line_of(path, "def listed():")
    said = said.replace("LINE", str(number + 1)).replace("DEF", str(number))
    said = said.replace("TABLE", "a table with clip, database, subject, label")
    assert check(path, capsys, "listed") == f"merbench: error: dataset listed (plugin faulty_reader): {said}"


def test_a_release_that_is_not_right_is_told_as_its_reader_says_it(
    lay: Lay, capsys: pytest.CaptureFixture[str]
) -> None:
    path = lay("def clips(self):\n    raise merbench.ReleaseError('clips.csv is not there')")
    assert check(path, capsys) == "merbench: error: clips.csv is not there"


def test_what_a_reader_prints_does_not_mix_with_json(lay: Lay, capsys: pytest.CaptureFixture[str]) -> None:
    path = lay("def notes(self):\n    print('looking')\n    return {}")
    main(["data", "check", "mine", "--json", "--plugin", str(path)])
    out, err = capsys.readouterr()
    assert out.startswith("{")
    assert "[faulty_reader] looking\n" in err


def test_a_reader_that_is_right_gives_what_the_plugin_gives(lay: Lay) -> None:
    dataset = open_dataset(Registry(load(files=[lay()])), "mine")
    assert list(dataset.clips["clip"]) == ["mine/s1/c", "mine/s2/c"]
    assert np.array_equal(dataset.read("flow-28", "mine/s2/c"), np.zeros((3, 28, 28)))


def test_a_folder_is_no_release_of_a_reader_that_fails_at_it(
    lay: Lay, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = lay("@classmethod\ndef recognises(cls, folder):\n    return {}['gone']", **{", embedded=True": ""})
    (tmp_path / "empty").mkdir()
    assert main(["data", "add", "smic-hs", "empty", "--plugin", str(path)]) == 2
    assert re.search(r"error: \S*empty\b", capsys.readouterr().err)
