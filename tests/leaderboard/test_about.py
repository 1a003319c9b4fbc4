"""What the pages say of the board itself, and the file that sets it."""

from __future__ import annotations

import re

import pytest

from merbench.errors import ConfigError
from merbench.leaderboard.about import Settings, about_board, day, read_settings
from merbench.leaderboard.boards import make_site
from merbench.leaderboard.pages import render

SETTINGS = """
title = "Ours"
authors = "A & B"
licence = "CC-BY-4.0"
repository = "https://github.com/lab/board/"
site = "https://lab.github.io/board"
"""


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "board.toml"
    path.write_text(SETTINGS)
    return read_settings(path)


@pytest.fixture
def committed(save, commit, make_record, repository):
    """A folder of records in a repository."""
    save(make_record(), "one")
    commit()
    return repository / "records"


def test_every_page_names_version_commit_date_licence_and_repository(settings, registry, committed):
    about = about_board(settings, committed, "2026-11-30")
    assert re.fullmatch("[0-9a-f]{40}", about.commit)
    pages = {name: text for name, text in render(make_site([], (), registry, about=about)) if name.endswith(".html")}
    assert len(pages) >= 5
    for name, text in pages.items():
        footer = " ".join(text.partition("<footer")[2].split())
        for words in ("built 2026-11-30", f"merbench {about.version}", about.commit[:12], "licence CC-BY-4.0"):
            assert words in footer, name
        for link in ("https://github.com/lab/board", "about.html#cite", "about.html#submit", "about.html#contest"):
            assert f'href="{link}"' in footer, name


def test_without_settings_the_package_gives_version_and_licence_and_no_date_is_made_up(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    about = about_board(read_settings(None), tmp_path)
    assert about.version
    assert (about.licence, about.date, about.commit, about.site) == ("MIT", "", "", "")


def test_addresses_are_ready_for_a_path_behind_them(settings, tmp_path):
    about = about_board(settings, tmp_path)
    assert (about.repository, about.site) == ("https://github.com/lab/board", "https://lab.github.io/board/")
    assert about.objection == "https://github.com/lab/board/issues/new?title=Contest+row"


def test_an_objection_has_no_address_where_issues_cannot_be_made(tmp_path):
    assert about_board(Settings(repository="https://example.org/x"), tmp_path).objection == ""


@pytest.mark.parametrize("text", ["2026-13-01", "2026-02-29", "20261130", "30.11.2026", "", "2026-11-30 ", "yesterday"])
def test_what_is_not_a_date_is_refused(text):
    with pytest.raises(ValueError, match=r"not a date; write YYYY-MM-DD"):
        day(text)


def test_a_date_is_kept_as_it_is():
    assert day("2024-02-29") == "2024-02-29"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("title", "is not TOML"),
        ("colour = 1", "no such setting; the settings are title, authors, repository, site, licence"),
        ('repository = "javascript:alert(1)"', "'repository': String should match"),
        ('title = "a\\nb"', "'title': String should match"),
        ('title = ""', "'title': String should have at least 1 character"),
        ('"a\\nb" = 1', "no such setting"),
    ],
)
def test_settings_that_are_not_valid_are_one_line(tmp_path, content, reason):
    path = tmp_path / "board.toml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=re.escape(reason)) as error:
        read_settings(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_or_no_text_is_one_line(tmp_path):
    (tmp_path / "board.toml").write_bytes(b"\xff")
    for name, reason in (("nowhere.toml", "cannot be read: No such file"), ("board.toml", "is not TOML")):
        with pytest.raises(ConfigError, match=reason):
            read_settings(tmp_path / name)
