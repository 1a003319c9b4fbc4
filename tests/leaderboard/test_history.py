"""What git knows of earlier records."""

from __future__ import annotations

import pytest

from merbench.errors import RecordError
from merbench.leaderboard.history import committed_records
from merbench.runs.schema import Record


def test_the_records_of_a_revision_are_read_whatever_became_of_them(repository, commit, save, make_record):
    path = save(make_record(), "one")
    commit()
    path.unlink()
    (found,) = committed_records([path.parent], "HEAD").items()
    assert found == (str(path), make_record())


def test_the_folders_of_runs_are_read_as_folders_of_records_are(repository, commit, save, make_record):
    path = save(make_record(), "one")
    (path.parent / "run").mkdir()
    path.rename(path.parent / "run" / "record.json")
    (path.parent / "run" / "plan.json").write_text("{}")
    commit()
    assert list(committed_records([path.parent], "HEAD")) == [str(path.parent / "run" / "record.json")]


def test_a_revision_without_the_folder_had_no_records(repository, commit, save, make_record):
    commit()
    path = save(make_record(), "one")
    assert committed_records([path.parent], "HEAD") == {}


def test_a_record_that_cannot_be_read_comes_with_the_reason(repository, commit):
    (repository / "records").mkdir()
    (repository / "records" / "old.json").write_text('{"schema": 0}')
    commit()
    (reason,) = committed_records([repository / "records"], "HEAD").values()
    assert reason == "it is a record of schema 0; this merbench reads schemas 1, 2 and 3"


def test_of_a_record_that_is_too_large_only_that_is_told(repository, commit, monkeypatch):
    monkeypatch.setattr("merbench.leaderboard.history.MOST_BYTES", 10)
    (repository / "records").mkdir()
    (repository / "records" / "huge.json").write_text("[" * 11)
    commit()
    (reason,) = committed_records([repository / "records"], "HEAD").values()
    assert reason == "it is larger than 64 MiB, or not a file"


def test_names_that_git_would_quote_are_read(repository, commit, save, make_record):
    path = save(make_record(), 'a "b" ü')
    commit()
    assert isinstance(committed_records([path.parent], "HEAD")[str(path)], Record)


@pytest.mark.parametrize("revision", ["nowhere", "HEAD:records", "--help", "-h"])
def test_what_is_no_commit_is_one_line(repository, commit, save, make_record, revision):
    path = save(make_record(), "one")
    commit()
    with pytest.raises(RecordError, match="is no commit; give --since a commit of the repository") as error:
        committed_records([path.parent], revision)
    assert revision in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_outside_any_repository_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(RecordError, match=r"not a git repository.*; give --since a commit") as error:
        committed_records([tmp_path], "HEAD")
    assert "\n" not in str(error.value)


def test_without_git_the_line_says_what_it_is_needed_for(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RecordError, match=r"cannot run git: .*; it is needed to compare with a revision"):
        committed_records([tmp_path], "HEAD")
