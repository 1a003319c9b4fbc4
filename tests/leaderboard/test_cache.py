"""What builds keep: found by everything that decides it, whole or not at all, and removed when nobody uses it."""

from __future__ import annotations

import os
import time

import pytest

from merbench.leaderboard import cache as module
from merbench.leaderboard.cache import UNUSED, Cache, open_cache
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry


@pytest.fixture
def cache(tmp_path) -> Cache:
    return Cache(tmp_path / "cache", "code")


def test_a_result_is_found_by_its_key(cache):
    key = cache.key("page", "a")
    assert cache.read(key) is None
    cache.write(key, b"text")
    assert cache.read(key) == b"text"


def test_a_key_depends_on_every_input_and_on_the_code(cache):
    keys = [
        cache.key("page", "ab", "c"),
        cache.key("page", "a", "bc"),
        cache.key("page", "abc"),
        cache.key("row", "abc"),
    ]
    keys.append(Cache(cache.folder, "other").key("page", "abc"))
    assert len(set(keys)) == len(keys)


def test_the_file_of_another_result_is_not_taken_for_a_result(cache):
    one, other = cache.key("page", "one"), cache.key("page", "other")
    cache.write(one, b"text")
    cache.write(other, b"other text")
    os.replace(cache.folder / other[:2] / other, cache.folder / one[:2] / one)
    assert cache.read(one) is None


def test_a_text_is_computed_once(cache):
    asked = []
    for _ in range(2):
        assert cache.text("0" * 64, lambda: asked.append(1) or "text") == "text"
    assert asked == [1]


def test_results_that_no_build_used_for_long_are_removed(cache):
    old, new = cache.key("old"), cache.key("new")
    for key in (old, new):
        cache.write(key, b"text")
    long_ago = time.time() - 2 * UNUSED
    os.utime(cache.folder / old[:2] / old, (long_ago, long_ago))
    cache.prune()
    assert (cache.read(old), cache.read(new)) == (None, b"text")


def test_a_use_keeps_a_result(cache):
    key = cache.key("old")
    cache.write(key, b"text")
    long_ago = time.time() - 2 * UNUSED
    os.utime(cache.folder / key[:2] / key, (long_ago, long_ago))
    cache.read(key)
    cache.prune()
    assert cache.read(key) == b"text"


def test_the_oldest_results_above_the_limit_are_removed(cache, monkeypatch):
    keys = [cache.key(str(number)) for number in range(4)]
    for age, key in enumerate(keys):
        cache.write(key, b"x" * 100)
        then = time.time() - 100 * age
        os.utime(cache.folder / key[:2] / key, (then, then))
    monkeypatch.setattr(module, "MOST_BYTES", 300)
    cache.prune()
    assert [cache.read(key) is None for key in keys] == [False, False, True, True]


def test_a_cache_without_a_folder_is_empty_and_pruned_without_error(cache):
    cache.prune()
    assert cache.read("0" * 64) is None


def test_a_plugin_that_changes_empties_the_cache(tmp_path):
    plugin = tmp_path / "some_plugin.py"
    text = "import merbench\n\n@merbench.hookimpl\ndef merbench_models():\n    return []\n"
    found = []
    for addition in ("", "# changed\n"):
        plugin.write_text(text + addition)
        found.append(open_cache(Registry(load(files=[plugin]))))
    assert None not in found
    assert found[0].code != found[1].code


def test_a_cache_that_is_no_folder_is_not_used(tmp_path, monkeypatch, registry):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MERBENCH_CACHE", str(tmp_path / "file"))
    assert open_cache(registry) is None
