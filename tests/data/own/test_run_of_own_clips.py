"""What the record of a run on own clips says."""

from __future__ import annotations

from pathlib import Path

import pytest

from merbench.cli import main
from merbench.data.own.reader import NOTE
from tests.made.own import write_own


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """The record of `flow-lr` on drawn videos, as text, and the folder in which everything lies."""
    folder = tmp_path_factory.mktemp("own")
    write_own(folder, ".avi")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        patch.chdir(folder)
        assert main(["data", "import", "clips.csv", "--frames", "videos", "--name", "lab"]) == 0
        assert main(["run", "--model", "flow-lr", "--dataset", "lab"]) == 0
    (path,) = folder.glob("results/*/record.json")
    return path.read_text("utf-8"), folder


def test_it_says_that_the_clips_are_the_users_own(record):
    assert NOTE in record[0]


def test_it_has_no_path_of_the_machine(record):
    text, folder = record
    assert "lab/anna/anna_disgust1" in text
    assert str(folder) not in text
    assert str(Path.home()) not in text
    assert ".avi" not in text
