"""A fast seeded mutator: what a stranger, a bad copy or a slip of the keyboard makes of a file."""

from __future__ import annotations

import copy
import io
import json
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["FORMS", "mutated"]

MOST = 256 * 1024  # bytes that a file grows to
ROUNDS = (1, 1, 1, 2, 3, 6)  # changes to one file
WITHIN = 0.5  # of the files of a form that has parts: how often one part is changed and the rest fits it
TOKEN = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?|[A-Za-z_]+")
ODD = [
    *(b"", b"\0", b"-1", b"0", b"NaN", b"1e999", b"-0", b"1e-400", b"99999999999999999999999", b"9" * 5000, b"null"),
    *(
        b"[" * 3000,
        b'{"a":' * 500,
        b"\\ud800",
        b'"',
        b"'",
        b",",
        b"\r",
        b"\n\n",
        b"\t",
        b"/",
        b"..",
        b"../../etc",
        b"%s%n",
    ),
    *(
        "\u202e".encode(),
        "\u0661\u0662".encode(),
        "\ufeff".encode(),
        "é\u0301ß\u0130".encode(),
        b"\xff\xfe",
        b"\xf0\x9f\x92\xa9",
    ),
    *(b"<script>", b"=1+1", b"true", b"2026-01-01", b" ", b"\x1b[31m", b"\x85", "\u2028".encode(), b"1_000", b"0x1F"),
]
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 2**63, 10**400, -1e308, "", "a/b/c", "\ud800", "\0", "x" * 3000, "\u202e", "é\n"),
    *([], {}, [[]], {"": None}, [0] * 50, {"a": {"b": [1]}}, "0" * 64, "last", "full"),
]
Draw = random.Random


def mutated(content: bytes, others: Sequence[bytes], form: str, draw: Draw) -> bytes:
    """A file with a few changes: flips, cuts, insertions, repetitions, pieces of `others`, odd words and numbers."""
    within = FORMS[form]
    if within and draw.random() < WITHIN:
        return within(content, others, draw)
    return _changed(content, others, draw)


def _changed(content: bytes, others: Sequence[bytes], draw: Draw) -> bytes:
    for _ in range(draw.choice(ROUNDS)):
        content = draw.choice(CHANGES)(content, others, draw)[:MOST]
    return content


def _piece(content: bytes, draw: Draw, most: int = 64) -> tuple[int, int]:
    start = draw.randrange(len(content) + 1)
    return start, min(len(content), start + draw.choice((1, 2, 4, 8, most)))


def _flip(content: bytes, others: Sequence[bytes], draw: Draw) -> bytes:
    if not content:
        return b"\0"
    at = draw.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :]


def _byte(content: bytes, others: Sequence[bytes], draw: Draw) -> bytes:
    at = draw.randrange(len(content) + 1)
    return content[:at] + bytes([draw.choice((0, 255, 127, 128, draw.randrange(256)))]) + content[at + 1 :]


def _cut(content: bytes, others: Sequence[bytes], draw: Draw) -> bytes:
    return content[: draw.randrange(len(content) + 1)]


def _remove(content: bytes, others: Sequence[bytes], draw: Draw) -> bytes:
    start, stop = _piece(content, draw)
    return content[:start] + content[stop:]


def _insert(content: bytes, others: Sequence[bytes], draw: Draw) -> bytes:
    at = draw.randrange(len(content) + 1)
    return content[:at] + draw.randbytes(draw.choice((1, 2, 4, 16))) + content[at:]


def _repeat(content: bytes, others: Sequence[bytes], draw: Draw) -> bytes:
    start, stop = _piece(content, draw, 512)
    return content[:stop] + content[start:stop] * draw.choice((1, 1, 2, 50)) + content[stop:]


def _splice(content: bytes, others: Sequence[bytes], draw: Draw) -> bytes:
    other = draw.choice(others)
    return content[: draw.randrange(len(content) + 1)] + other[draw.randrange(len(other) + 1) :]


def _odd(content: bytes, others: Sequence[bytes], draw: Draw) -> bytes:
    """An odd word in the place of one that is near some place, or between two."""
    start = draw.randrange(len(content) + 1)
    found = TOKEN.search(content, start, start + 400)
    first, last = found.span() if found and draw.random() < 0.8 else (start, start)
    return content[:first] + draw.choice(ODD) + content[last:]


def _swap(content: bytes, others: Sequence[bytes], draw: Draw) -> bytes:
    """Two words change places."""
    places = [draw.randrange(len(content) + 1) for _ in range(2)]
    found = sorted(one.span() for at in places if (one := TOKEN.search(content, at, at + 400)))
    if len(found) < 2 or found[0][1] > found[1][0]:
        return content
    (a, b), (c, d) = found
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


def _lines(content: bytes, others: Sequence[bytes], draw: Draw) -> bytes:
    """A line is lost, doubled or moved."""
    lines = content.split(b"\n")
    line = lines.pop(draw.randrange(len(lines)))
    for _ in range(draw.randrange(3)):
        lines.insert(draw.randrange(len(lines) + 1), line)
    return b"\n".join(lines)


CHANGES = (_flip, _flip, _byte, _cut, _remove, _insert, _repeat, _splice, _odd, _odd, _swap, _lines)


def _within_json(content: bytes, others: Sequence[bytes], draw: Draw) -> bytes:
    """A value somewhere gets another value, another key, or goes."""
    root = json.loads(content)
    for _ in range(draw.choice(ROUNDS)):
        node = root
        while True:
            keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
            if not keys:
                break
            parent, key = node, draw.choice(keys)
            node = node[key]
            if draw.random() < 0.3 or not isinstance(node, dict | list) or not node:
                _replace(parent, key, draw)
                break
    return json.dumps(root).encode()


def _replace(parent: Any, key: Any, draw: Draw) -> None:
    how = draw.randrange(4)
    if how == 0:
        del parent[key]
    elif how == 1 and isinstance(parent[key], int | float) and abs(parent[key]) < 1e300:
        parent[key] += draw.choice((1, -1, 0.5, 1e-6, 10**9))
    elif how == 2 and isinstance(parent, dict):
        parent[str(draw.choice(VALUES))[:50]] = parent.pop(key)
    else:
        parent[key] = copy.deepcopy(draw.choice(VALUES))


def _within_zip(content: bytes, others: Sequence[bytes], draw: Draw) -> bytes:
    """One member is changed, and zipped again with the others, so that all checksums fit."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(made, "w") as target:
        members = source.namelist()
        chosen, pieces = draw.choice(members), [source.read(one) for one in members]
        for name, piece in zip(members, pieces, strict=True):
            target.writestr(name, _changed(piece, pieces, draw) if name == chosen else piece)
    return made.getvalue()


def _within_png(content: bytes, others: Sequence[bytes], draw: Draw) -> bytes:
    """One chunk is changed, the compressed pixels at times before they are compressed, and its checksum fits."""
    place, chunks = 8, []
    while place + 12 <= len(content):
        (size,) = struct.unpack_from(">I", content, place)
        chunks.append((content[place + 4 : place + 8], content[place + 8 : place + 8 + size]))
        place += 12 + size
    chosen = draw.randrange(len(chunks))
    kind, body = chunks[chosen]
    if kind == b"IDAT" and draw.random() < 0.5:
        body = zlib.compress(_changed(zlib.decompress(body), others, draw), 1)
    else:
        body = _changed(body, others, draw)
    chunks[chosen] = kind, body
    if draw.random() < 0.1:
        chunks.insert(draw.randrange(len(chunks)), draw.choice(chunks))
    return content[:8] + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


# How a change within a file of each form is made so that the rest still fits; None where there is no such way.
FORMS: dict[str, Callable[[bytes, Sequence[bytes], Draw], bytes] | None] = {
    "json": _within_json,
    "png": _within_png,
    "plain": None,
    "zip": _within_zip,
}
