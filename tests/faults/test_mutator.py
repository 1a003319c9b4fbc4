"""The mutator changes files, the same way for the same seed, and where asked so that the rest of the file fits."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.mutator import FORMS, MOST, mutated

TABLE = b"clip,prediction\ncasme2/sub01/EP02_01f,1\nsmic/s01/s01_ne_01,0\n"


def example(form: str) -> bytes:
    if form == "json":
        return json.dumps({"sources": {"one": "/a", "two": [1, 2.5, None]}}).encode()
    if form == "png":
        return cv2.imencode(".png", np.arange(300, dtype=np.uint8).reshape(10, 10, 3))[1].tobytes()
    if form == "zip":
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as file:
            file.writestr("a.xml", "<a>1</a>")
            file.writestr("b.xml", "<b>2</b>")
        return made.getvalue()
    return TABLE


@pytest.mark.parametrize("form", FORMS)
def test_a_seed_gives_the_same_file_again_and_most_seeds_another(form):
    content = example(form)
    made = [mutated(content, [content], form, random.Random(seed)) for seed in range(200)]
    assert made == [mutated(content, [content], form, random.Random(seed)) for seed in range(200)]
    assert len(set(made)) > 100
    assert sum(one == content for one in made) < 40


@given(st.binary(max_size=200), st.integers(0, 2**32))
def test_any_file_can_be_mutated_and_stays_bounded(content, seed):
    assert len(mutated(content, [content, TABLE], "plain", random.Random(seed))) <= MOST


def whole(form: str, content: bytes) -> bool:
    """Whether every checksum of a file fits."""
    if form == "json":
        json.loads(content)
        return True
    if form == "zip":
        return zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    place = 8
    while place < len(content):
        (size,) = struct.unpack_from(">I", content, place)
        body, (checksum,) = content[place + 4 : place + 8 + size], struct.unpack_from(">I", content, place + 8 + size)
        if zlib.crc32(body) != checksum:
            return False
        place += 12 + size
    return True


@pytest.mark.parametrize("form", [form for form, within in FORMS.items() if within])
def test_a_change_within_leaves_the_rest_whole(form):
    within, content = FORMS[form], example(form)
    assert within
    made = [within(content, [content], random.Random(seed)) for seed in range(200)]
    assert all(whole(form, one) for one in made)
    assert len(set(made)) > 30
