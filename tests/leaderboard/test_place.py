"""A site's folder: replaced as a whole or not at all, and never at the cost of what somebody else put there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from merbench.errors import OutputError
from merbench.leaderboard.place import MANIFEST, recover, require_built, whole_folder


def put(out: Path, text: str = "old", then: Callable[[Path], None] = lambda folder: None) -> None:
    """A site of one page and one file in a folder; `then` is given the new folder, when both are written."""
    with whole_folder(out) as folder:
        (folder / "boards").mkdir()
        (folder / "index.html").write_text(text)
        (folder / "boards" / "a.html").write_text(text)
        then(folder)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "site"


@pytest.fixture
def nobody() -> int:
    """The number of a process that has ended."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_an_empty_folder_is_taken(out):
    out.mkdir()
    put(out)
    assert (out / "index.html").is_file()


@pytest.mark.parametrize("name", ["CNAME", ".git/config", "boards/mine.html", ".nojekyll"])
def test_a_folder_with_a_file_that_no_build_made_is_refused_and_keeps_it(out, name):
    put(out)
    (out / name).parent.mkdir(exist_ok=True)
    (out / name).write_text("mine")
    with pytest.raises(OutputError, match=f"site contains {name}, which no build made; move your files away"):
        require_built(out)
    assert (out / name).read_text() == "mine"


def test_a_folder_of_somebody_else_is_refused_and_few_of_its_files_are_named(out):
    out.mkdir()
    for number in range(9):
        (out / f"thesis{number}.tex").write_text("mine")
    with pytest.raises(OutputError, match=r"contains thesis0.tex, thesis1.tex, thesis2.tex and more, which"):
        require_built(out)


def test_a_link_that_somebody_put_there_is_a_file_of_theirs(out, tmp_path):
    put(out)
    (tmp_path / "elsewhere").mkdir()
    (out / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError, match="contains link,"):
        require_built(out)


def test_a_file_that_appears_while_the_pages_are_made_is_kept_too(out):
    put(out)
    with pytest.raises(OutputError, match="contains CNAME"):
        put(out, "new", lambda folder: (out / "CNAME").write_text("mine"))
    assert (out / "index.html").read_text() == "old"
    assert (out / "CNAME").read_text() == "mine"
    assert names(out.parent) == ["site"]


def test_a_list_of_files_that_is_no_text_vouches_for_nothing(out):
    out.mkdir()
    (out / MANIFEST).write_bytes(b"\xff\xfe\x00")
    (out / "mine").write_text("mine")
    with pytest.raises(OutputError, match="contains mine"):
        require_built(out)


def test_a_file_in_the_place_of_the_folder_is_refused(out):
    out.write_text("mine")
    with pytest.raises(OutputError, match="site is a file; choose another folder: --out"):
        require_built(out)
    assert out.read_text() == "mine"


def test_a_name_that_is_too_long_is_one_line(tmp_path):
    with pytest.raises(OutputError, match="File name too long"):
        require_built(tmp_path / ("x" * 300))


def test_an_exchange_that_fails_half_way_puts_the_old_site_back(out, monkeypatch):
    put(out)
    rename = os.rename
    failed = []

    def refuse_once(source: Path, target: Path) -> None:
        if Path(target) == out and not failed:
            failed.append(source)
            raise PermissionError(1, "Operation not permitted")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse_once)
    with pytest.raises(OutputError, match="Operation not permitted; it is unchanged"):
        put(out, "new")
    assert failed
    assert (out / "index.html").read_text() == "old"
    assert names(out.parent) == ["site"]


def test_the_remains_of_a_build_that_still_runs_stay(out):
    running = out.parent / f".site-{os.getppid()}-0123abcd.new"
    running.mkdir()
    recover(out)
    assert running.is_dir()


def test_remains_that_bear_this_process_s_own_number_are_another_s(out):
    left = out.parent / f".site-{os.getpid()}-0123abcd.new"
    left.mkdir()
    recover(out)
    assert not left.exists()


@pytest.mark.parametrize("name", [".site-2-{}-0123abcd.new", ".sites-{}-0123abcd.new", ".site-{}.new", "site-{}.old"])
def test_what_only_looks_like_remains_stays(out, nobody, name):
    other = out.parent / name.format(nobody)
    other.mkdir()
    recover(out)
    assert other.is_dir()


@pytest.mark.parametrize("name", ["[ab]", "a*", "a b", "ü"])
def test_a_folder_of_any_name_is_recovered(tmp_path, nobody, name):
    left = tmp_path / f".{name}-{nobody}-0123abcd.old"
    left.mkdir()
    (left / "index.html").write_text("old")
    recover(tmp_path / name)
    assert (tmp_path / name / "index.html").read_text() == "old"
