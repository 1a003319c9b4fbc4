"""The records that a board no longer has: what git and the table of disputes know of them."""

from __future__ import annotations

import subprocess

import pytest

from merbench.leaderboard.build import build
from merbench.leaderboard.entries import make_entry
from merbench.leaderboard.past import past_of


@pytest.fixture
def past(repository, registry):
    def of(*records):
        return past_of([make_entry(one, registry) for one in records], [repository / "records"], registry)

    return of


def test_a_record_that_another_seed_of_the_same_run_replaced_is_superseded(past, save, commit, make_record):
    old, new = make_record(draw=1, settings={"epochs": 1}), make_record(draw=2)
    path = save(old, "one")
    commit()
    path.unlink()
    save(new, "two")
    commit()
    (found,), missing = past(new)
    assert (found.record, found.fate, found.reason, missing) == (old.id[:12], "superseded", "records", "")
    assert found.uf1 == pytest.approx(old.scores["last"]["full"].uf1)
    assert len(found.date) == 10


def test_a_record_whose_file_was_overwritten_is_superseded_too(past, save, commit, make_record):
    old, new = make_record(settings={"epochs": 1}), make_record()
    for one in (old, new):
        save(one, "one")
        commit()
    assert [one.record for one in past(new)[0]] == [old.id[:12]]


def test_a_record_without_a_successor_is_removed(past, save, commit, make_record):
    path = save(make_record("gone"), "one")
    commit()
    path.unlink()
    kept = make_record("kept")
    save(kept, "two")
    commit()
    assert [(one.model, one.fate) for one in past(kept)[0]] == [("gone", "removed")]


def test_a_file_that_was_only_renamed_is_no_history(past, save, commit, make_record):
    record = make_record()
    path = save(record, "one")
    commit()
    path.rename(path.with_name("other.json"))
    commit()
    assert past(record) == ([], "")


def test_an_old_file_that_cannot_be_read_is_left_out(past, repository, save, commit, make_record):
    path = save(make_record(), "one")
    path.with_name("broken.json").write_text("{")
    commit()
    path.with_name("broken.json").unlink()
    commit()
    assert past(make_record()) == ([], "")


def test_a_hostile_subject_and_file_name_give_text(past, repository, save, commit, make_record):
    path = save(make_record("gone"), "a\x01 b\n c")
    commit()
    path.unlink()
    save(make_record(), "one")
    name = ["-c", "user.name=Lab", "-c", "user.email=lab@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *name, "add", "-A"], cwd=repository, check=True)
    message = "<script>alert(1)</script>\u202e\x01" + "0" * 40 + " 2026-01-01"
    subprocess.run(["git", *name, "commit", "-qm", message], cwd=repository, check=True)
    (found,), _ = past(make_record())
    assert (found.model, found.reason[:8]) == ("gone", "<script>")


def shallow(folder, place):
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{folder}", str(place)], check=True)
    return place / "records"


@pytest.fixture
def records(repository, save, commit, make_record):
    """A folder of records whose git history has one more."""
    path = save(make_record("gone"), "gone")
    commit()
    path.unlink()
    save(make_record("kept"), "kept")
    commit()
    return repository / "records"


def test_the_page_of_a_row_has_the_row_s_own_past(save, commit, make_record, repository, registry, tmp_path):
    for name in ("net", "other"):
        path = save(make_record(name, settings={"epochs": 1}), name)
        commit()
        path.unlink()
    for seed in (0, 1):
        save(make_record("net", seed=seed, draw=seed), f"seed{seed}")
    commit()
    (board,) = build([repository / "records"], None, tmp_path / "site", registry).boards
    (row,) = board.rows
    text = (tmp_path / "site" / row.page).read_text("utf-8")
    assert "<s>net quick, seed 0</s>" in text
    assert "<s>other quick" not in text


def bytes_of(site):
    return {path.relative_to(site): path.read_bytes() for path in site.rglob("*") if path.is_file()}


def test_where_git_has_no_history_the_same_pages_are_built_without_it(records, tmp_path_factory, registry, monkeypatch):
    place = tmp_path_factory.mktemp("place")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(place))
    whole = build([records], None, place / "whole", registry)
    assert [one.model for board in whole.boards for one in board.past] == ["gone"]
    assert whole.no_history == ""

    (place / "copy").mkdir()
    (place / "copy" / "kept.json").write_bytes((records / "kept.json").read_bytes())
    outside = build([place / "copy"], None, place / "outside", registry)
    assert outside.no_history.endswith("is in no git repository with commits")

    clone = build([shallow(records.parent, place / "clone")], None, place / "cloned", registry)
    assert clone.no_history.endswith("is in a shallow clone; get the other commits: git fetch --unshallow")

    monkeypatch.setenv("PATH", str(place))
    without = build([records], None, place / "without", registry)
    assert without.no_history == "git is not installed"
    assert bytes_of(place / "outside") == bytes_of(place / "cloned") == bytes_of(place / "without")
    assert "Withdrawn and replaced" not in (place / "outside" / "boards" / "composite-loso.html").read_text("utf-8")
    assert "<s>gone quick" in (place / "whole" / "boards" / "composite-loso.html").read_text("utf-8")
