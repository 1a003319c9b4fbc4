"""What `merbench predict` prints and writes. An estimator answers, because nothing is trained for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from merbench.cli import main
from tests.made.own import write_own


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The record of a run, in a folder with videos."""
    folder = tmp_path_factory.mktemp("predict")
    write_own(folder)
    arguments = ["--model", "flow-lr", "--dataset", "tiny", "--folds", "tiny/t0[12]", "--out", str(folder)]
    assert main(["run", *arguments]) == 0
    return next(folder.glob("*/record.json"))


@pytest.fixture
def video(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A video; the working folder is another one."""
    monkeypatch.chdir(tmp_path)
    return str(run.parents[1] / "videos" / "anna" / "disgust1.mp4")


def test_it_prints_scores_and_what_they_are_not_and_writes_a_page(run, video, capsys) -> None:
    capsys.readouterr()
    assert main(["predict", str(run), video, "--apex", "8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("disgust1.mp4, frames 1 to 13, apex 8: ")
    assert lines[1].split() == ["class", "mean", "score", "lowest", "highest", "models"]
    assert [line.split()[0] for line in lines[2:5]] == ["negative", "positive", "surprise"]
    assert lines[5] == "asked: flow-lr (default) trained on tiny, 2 fold(s)"
    assert lines[6].startswith("This is no diagnosis and no lie detector")
    assert lines[-1] == "what the models saw: disgust1-predicted.html"
    page = Path("disgust1-predicted.html").read_text("utf-8")
    assert page.count("<img ") >= 3
    assert 'alt="flow-28@tvl1 of disgust1.mp4"' in page
    assert "no lie detector" in page
    assert "share it only with the consent" in page


def test_json_is_one_object_and_the_same_bytes_each_time(run, video, capsys) -> None:
    printed, pages = [], []
    for _ in range(2):
        capsys.readouterr()
        assert main(["predict", str(run), video, "--json", "--page", "looks.html"]) == 0
        printed.append(capsys.readouterr().out)
        pages.append(Path("looks.html").read_bytes())
    assert printed[0] == printed[1]
    assert pages[0] == pages[1]
    found = json.loads(printed[0])
    assert (found["clip"], found["apex"], found["page"]) == ("disgust1.mp4", None, "looks.html")
    assert [one["name"] for one in found["classes"]] == ["negative", "positive", "surprise"]
    assert found["run"] == json.loads(run.read_text())["id"]


def test_a_file_of_somebody_else_is_not_replaced(run, video, capsys) -> None:
    Path("mine.html").write_text("my own page")
    assert main(["predict", str(run), video, "--page", "mine.html"]) == 2
    assert "mine.html is not a page with pictures by merbench; move it away" in capsys.readouterr().err
    assert Path("mine.html").read_text() == "my own page"


@pytest.mark.parametrize(
    ("marks", "said"),
    [
        (["--apex", "99"], "there is no frame 99 for the apex; the frames are 1 to 13"),
        (["--onset", "8", "--apex", "3"], "the apex, 3, is not after the onset, 8"),
    ],
)
def test_frames_that_do_not_fit_are_one_line(run, video, marks, said, capsys) -> None:
    capsys.readouterr()
    assert main(["predict", str(run), video, *marks]) == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert said in error


def test_a_hostile_name_of_a_clip_is_shown_as_text(run, video, capsys) -> None:
    name = "<b>\u202e&'x.mp4"
    Path(name).write_bytes(Path(video).read_bytes())
    assert main(["predict", str(run), name, "--page", "looks.html"]) == 0
    out, page = capsys.readouterr().out, Path("looks.html").read_text("utf-8")
    assert "\u202e" not in out
    assert "<b>" not in page
    assert "\u202e" not in page
