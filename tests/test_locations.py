import json
import os
import sys

import pytest

from merbench import locations
from merbench.errors import ConfigError, OutputError


@pytest.fixture
def release(tmp_path):
    folder = tmp_path / "somewhere" / "clone"
    folder.mkdir(parents=True)
    return folder


def test_nothing_is_known_at_first():
    assert locations.known() == {}
    assert locations.locate("htnet-release") is None
    assert not locations.config_path().exists()


def test_an_added_release_is_located_by_its_absolute_path(release, monkeypatch):
    monkeypatch.chdir(release.parent)
    assert locations.add("htnet-release", locations.Path("clone")) == release
    assert locations.locate("htnet-release") == release


def test_adding_keeps_what_was_added_before_and_replaces_the_same_name(release, tmp_path):
    locations.add("one", release)
    locations.add("two", release)
    locations.add("one", tmp_path)
    assert locations.known() == {"one": tmp_path, "two": release}
    assert [path.name for path in locations.config_path().parent.iterdir()] == ["data.json"]


def test_the_variable_comes_before_what_was_added(release, tmp_path, monkeypatch):
    shelf = tmp_path / "shelf"
    (shelf / "one").mkdir(parents=True)
    locations.add("one", release)
    locations.add("two", release)
    monkeypatch.setenv("MERBENCH_DATA", str(shelf))
    assert locations.locate("one") == shelf / "one"
    assert locations.locate("two") == release
    assert locations.known() == {"one": shelf / "one", "two": release}


def test_a_variable_that_names_no_folder_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("MERBENCH_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="MERBENCH_DATA names .*nowhere, which is not a folder"):
        locations.locate("one")


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"sources": 3}', '{"sources": {"one": 1}}', b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named_and_left_alone(content, release):
    path = locations.config_path()
    path.parent.mkdir(parents=True)
    written = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(written)
    for action in (lambda: locations.locate("one"), locations.known, lambda: locations.add("one", release)):
        with pytest.raises(ConfigError) as caught:
            action()
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert path.read_bytes() == written


def test_a_place_that_cannot_be_written_is_an_error_and_leaves_nothing(release):
    path = locations.config_path()
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.write_text("a file where the folder should be")
    with pytest.raises((OutputError, ConfigError)) as caught:
        locations.add("one", release)
    assert str(path) in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_an_error_and_leaves_the_old_file(release):
    locations.add("one", release)
    folder = locations.config_path().parent
    folder.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            locations.add("two", release)
    finally:
        folder.chmod(0o700)
    assert json.loads(locations.config_path().read_text()) == {"sources": {"one": str(release)}}
