"""The digest inside a file tells whether the rest was changed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merbench.runs.seal import is_sealed, sealed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_whatever_is_sealed_is_sealed_still_after_it_was_written_and_read(content):
    assert is_sealed(json.loads(json.dumps(sealed(content), indent=2)))


def test_a_seal_does_not_look_at_the_order_of_names():
    content = sealed({"a": 1, "b": [{"x": 0.1, "y": None}]})
    assert is_sealed(dict(reversed(content.items())))


def test_sealing_again_gives_the_same():
    once = sealed({"a": (1, 2)})
    assert sealed(once) == once == {"a": [1, 2], "digest": once["digest"]}


@pytest.mark.parametrize(
    "change", [{"a": 2}, {"a": 1.5}, {"a": True}, {"b": 1}, {"digest": "0" * 64}, {"digest": None}]
)
def test_any_change_breaks_the_seal(change):
    assert not is_sealed({**sealed({"a": 1}), **change})


def test_no_single_bit_can_be_flipped_without_notice():
    written = json.dumps(sealed({"id": "smic/s01", "scores": [0.25, 1e-7], "loss": [], "n": 0})).encode()
    original = json.loads(written)
    for place in range(8 * len(written)):
        flipped = bytearray(written)
        flipped[place // 8] ^= 1 << place % 8
        try:
            content = json.loads(flipped.decode("utf-8"))
        except ValueError:
            continue
        # A flip within the blank between two values changes nothing that is read.
        assert content == original or not (isinstance(content, dict) and is_sealed(content))
