"""The standings of a board's rows, and what builds keep of them."""

from __future__ import annotations

import numpy as np
import pytest

from merbench.leaderboard import standings as module
from merbench.leaderboard.cache import Cache
from merbench.leaderboard.separation import Known, separation
from merbench.leaderboard.standings import known_bytes, read_known, standings
from merbench.leaderboard.statistics import stand

SUBJECTS = 12


def rows(count: int) -> list[np.ndarray]:
    """Models that answer at random, all on the same clips."""
    rng = np.random.default_rng(3)
    return [rng.multinomial(4, (1 / 3, 1 / 3, 1 / 3), (1, SUBJECTS, 3)) for _ in range(count)]


def in_parts(rows: list[np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Of each row, its counts on all subjects and on half of them."""
    return [{"full": one, "half": one[:, :6]} for one in rows]


@pytest.fixture
def cache(tmp_path) -> Cache:
    return Cache(tmp_path, "code")


def test_a_board_that_grows_has_the_standings_of_one_that_was_built_at_once(cache) -> None:
    found = rows(9)
    for count in (8, 9):
        grown = standings(in_parts(found[:count]), ("composite", "loso"), cache)
    assert grown == standings(in_parts(found), ("composite", "loso"), None)
    assert [one["half"] for one in grown] == stand([one[:, :6] for one in found])


def test_a_board_that_did_not_change_is_not_computed_again(cache, monkeypatch: pytest.MonkeyPatch) -> None:
    first = standings(in_parts(rows(4)), ("composite", "loso"), cache)
    monkeypatch.setattr(module, "stand", None)
    assert standings(in_parts(rows(4)), ("composite", "loso"), cache) == first


def test_what_is_known_is_read_as_it_was_written() -> None:
    known = Known()
    separation(rows(5), known=known)
    read = read_known(known_bytes(known))
    assert read.observed == known.observed
    assert read.blocks.keys() == known.blocks.keys()
    for ends, block in known.blocks.items():
        for name, found in block.items():
            np.testing.assert_array_equal(read.blocks[ends][name], found)
    assert read_known(known_bytes(Known())) == Known()


@pytest.mark.parametrize("damaged", [b"", b"\x93NUMPY", b"text", slice(40, None), slice(0, 700), slice(0, -1)])
def test_of_a_damaged_file_nothing_is_known(damaged) -> None:
    known = Known()
    separation(rows(5), known=known)
    whole = known_bytes(known)
    assert read_known(whole[damaged] if isinstance(damaged, slice) else damaged) == Known()
