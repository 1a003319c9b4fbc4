import contextlib
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from merbench.data import locations
from merbench.errors import ConfigError, OutputError


@pytest.fixture
def release(tmp_path):
    folder = tmp_path / "somewhere" / "clone"
    folder.mkdir(parents=True)
    return folder


def test_nothing_is_known_at_first():
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
    assert (locations.locate("one"), locations.locate("two")) == (tmp_path, release)
    assert {path.name for path in locations.config_path().parent.iterdir()} == {"data.json", "data.json.lock"}


def test_of_two_releases_that_are_added_at_once_neither_is_lost(release, monkeypatch):
    both_have_read, read = threading.Barrier(2), locations._recorded

    def read_and_wait():
        found = read()
        with contextlib.suppress(threading.BrokenBarrierError):
            both_have_read.wait(timeout=1)  # without a lock both would get here
        return found

    with monkeypatch.context() as patched:
        patched.setattr(locations, "_recorded", read_and_wait)
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda name: locations.add(name, release), ("one", "two")))
    assert (locations.locate("one"), locations.locate("two")) == (release, release)


def test_the_variable_comes_before_what_was_added(release, tmp_path, monkeypatch):
    shelf = tmp_path / "shelf"
    (shelf / "one").mkdir(parents=True)
    locations.add("one", release)
    locations.add("two", release)
    monkeypatch.setenv("MERBENCH_DATA", str(shelf))
    assert locations.locate("one") == shelf / "one"
    assert locations.locate("two") == release


def test_a_variable_that_names_no_folder_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("MERBENCH_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match=r"MERBENCH_DATA names .*nowhere, which is not a folder"):
        locations.locate("one")


DEEP = "[" * 100_000
UNREADABLE = ["{", "[]", "{}", '{"sources": 3}', '{"sources": {"one": 1}}', b"\xff\xfe", DEEP]


@pytest.mark.parametrize("content", UNREADABLE, ids=lambda content: str(content)[:20])
def test_a_file_that_cannot_be_read_is_named_and_left_alone(content, release):
    path = locations.config_path()
    path.parent.mkdir(parents=True)
    written = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(written)
    for action in (lambda: locations.locate("one"), lambda: locations.add("one", release)):
        with pytest.raises(ConfigError) as caught:
            action()
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert path.read_bytes() == written


@pytest.mark.parametrize("folder", ["x" * 3000, "a\0b"])
def test_a_recorded_folder_that_cannot_be_looked_at_is_one_short_line(folder):
    path = locations.config_path()
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"sources": {"one": folder}}))
    with pytest.raises(
        ConfigError, match=r"the folder of one, .* cannot be accessed .*merbench data add one"
    ) as caught:
        locations.locate("one")
    assert len(str(caught.value)) < 500


def test_a_recorded_folder_that_has_gone_is_located_all_the_same(release):
    locations.add("one", release)
    release.rmdir()
    assert locations.locate("one") == release


def test_a_place_that_cannot_be_written_is_an_error_and_leaves_nothing(release, tmp_path):
    folder = locations.config_path().parent
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(tmp_path / "nowhere")  # not even root can make a folder there
    with pytest.raises(OutputError) as caught:
        locations.add("one", release)
    assert str(folder / "data.json") in str(caught.value)
    assert list(tmp_path.iterdir()) == [release.parent]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of a file")
def test_a_write_that_fails_leaves_the_old_file_and_no_partial_one(release):
    import resource

    locations.add("one", release)
    path = locations.config_path()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # as a full disk: no byte more can be written
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            locations.add("two", release)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert json.loads(path.read_text()) == {"sources": {"one": str(release)}}
    assert {one.name for one in path.parent.iterdir()} == {"data.json", "data.json.lock"}
