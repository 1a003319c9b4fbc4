"""A stored feature that was damaged is found, computed again, and said so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from merbench.features.compute import arrays_digest
from merbench.features.store import _read
from tests.features.extraction import Lay, Notes, Told, files, found

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "flipped in the first line": lambda content: flipped(content, 3),
    "flipped in the padding": lambda content: flipped(content, content.index(b"\n") - 1),
    "flipped in the values": lambda content: flipped(content, -20),
    "flipped in the checksum": lambda content: flipped(content, -1),
    "empty": lambda content: b"",
    "cut in the first line": lambda content: content[:50],
    "cut in the values": lambda content: content[:-9],
    "longer": lambda content: content + b"0",
    "zeros": lambda content: bytes(len(content)),
}


def flipped(content: bytes, at: int, bit: int = 1) -> bytes:
    """The content with one bit changed."""
    changed = bytearray(content)
    changed[at] ^= bit
    return bytes(changed)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_result_of_a_clip_is_computed_again_and_said_so(toys: Lay, computed: Told, damage) -> None:
    toys()
    before = arrays_digest(found("toy-sum"))
    computed()
    lights = [path for path in files("clip") if "toy-light" in str(path)]
    lights[2].write_bytes(damage(lights[2].read_bytes()))
    for path in (*files("clip"), *files("dataset")):
        if "toy-sum" in str(path):
            path.unlink()
    progress = Notes()
    assert arrays_digest(found("toy-sum", progress=progress)) == before
    assert len(computed()) == 1
    (note,) = progress.notes
    assert "stored feature toy-light of toy/s" in note
    assert "damaged" in note


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_of_a_dataset_is_written_again_and_said_so(toys: Lay, computed: Told, damage) -> None:
    toys()
    before = arrays_digest(found("toy-video"))
    computed()
    (whole,) = files("dataset")
    whole.write_bytes(damage(whole.read_bytes()))
    progress = Notes()
    assert arrays_digest(found("toy-video", progress=progress)) == before
    (note,) = progress.notes
    assert "toy-video was damaged" in note
    assert arrays_digest(found("toy-video", progress=progress)) == before
    assert computed() == []
    assert len(progress.notes) == 1


def test_no_bit_of_a_file_can_be_flipped_without_notice(toys: Lay) -> None:
    toys()
    found("toy-video")
    (whole,) = files("dataset")
    content = whole.read_bytes()
    first = 8 * content.index(b"\n")
    for place in [*range(0, first, 7), *range(first, 8 * len(content), 611)]:
        whole.write_bytes(flipped(content, place // 8, 1 << place % 8))
        with pytest.raises((ValueError, KeyError, TypeError)):
            _read(whole)
    whole.write_bytes(content)
    assert _read(whole).shape == (6, 3, 3, 8, 8)


def test_every_damaged_result_is_computed_again_however_many_there_are(toys: Lay, computed: Told) -> None:
    toys(12)
    before = arrays_digest(found("toy-light"))
    computed()
    for path in (*files("clip"), *files("dataset")):
        path.write_bytes(path.read_bytes()[:-1])
    progress = Notes()
    assert arrays_digest(found("toy-light", progress=progress)) == before
    assert len(computed()) == 12
    (note,) = progress.notes
    assert "and 11 more was damaged" in note


def test_a_clips_file_under_another_clips_key_is_computed_again(toys: Lay, computed: Told) -> None:
    toys()
    wanted = arrays_digest(found("toy-sum"))
    one, other, *_ = (path for path in files("clip") if "toy-light" in str(path))
    other.write_bytes(one.read_bytes())
    for path in (*files("clip"), *files("dataset")):
        if "toy-sum" in str(path):
            path.unlink()
    computed()
    progress = Notes()
    assert arrays_digest(found("toy-sum", progress=progress)) == wanted
    assert len(computed()) == 1
    assert any("stored feature toy-light of toy/s" in note for note in progress.notes)
