"""The data that a board's comparison computes from in the page: the answers of every entry, packed."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from merbench.leaderboard.rows import counting_policy
from merbench.leaderboard.wording import script_json, without_controls

if TYPE_CHECKING:
    from merbench.leaderboard.site import Answers, Board, Entry, Row

__all__ = ["ALPHABET", "Packed", "pack", "pack_answers", "per_sign"]

# Printable, and nothing that JSON or HTML would write as several characters.
ALPHABET = "".join(
    sign for sign in string.ascii_letters + string.digits + string.punctuation + " " if sign not in "\"\\<>&'"
)
NAME = 60  # letters of a name in a list to choose from


@dataclass(frozen=True)
class Packed:
    """What the page computes from.

    Attributes:
        data: as JSON; empty where there are not two entries, or not even those fit.
        kind: `clips` or `subjects`: what the answers are of.
        shown, total: how many entries are in it, of how many.
    """

    data: str = ""
    kind: str = ""
    shown: int = 0
    total: int = 0


def pack(board: Board, budget: int) -> Packed:
    """The entries of a board, those of ranked rows first, as many as fit into `budget` bytes.

    The answers to public clips go in as one letter for several of them; of other clips only each subject's counts do.
    """
    entries = [(row, entry) for row in board.rows for entry in row.entries]
    if len(entries) < 2:
        return Packed()
    answers = [entry.answers for _, entry in entries if entry.public and entry.answers]
    public = len(answers) == len(entries)
    head = _head_of_clips(board, answers[0]) if public else _head_of_subjects(board, entries[0][1])
    one_by_one = _answers(head, entries) if public else _counts(entries)
    left = budget - _size(head | {"entries": []})
    kept: list[list[Any]] = []
    for packed in one_by_one:
        left -= _size(packed) + 1
        if left < 0:
            break
        kept.append(packed)
    if len(kept) < 2:
        return Packed(total=len(entries))
    return Packed(_json(head | {"entries": kept}), "clips" if public else "subjects", len(kept), len(entries))


def per_sign(classes: int) -> int:
    """How many answers of so many classes one sign of the alphabet holds; 0 where it does not even hold one."""
    fitting = 0
    while classes ** (fitting + 1) <= len(ALPHABET):
        fitting += 1
    return fitting


def pack_answers(answers: Sequence[int], classes: int) -> str:
    """Class indices as text: so many to a sign, the first in the lowest place; or with commas where there are too many
    classes for that.
    """
    at_once = per_sign(classes)
    if not at_once:
        return ",".join(map(str, answers))
    padded = [*answers, *[0] * (-len(answers) % at_once)]
    numbers = (
        sum(answer * classes**place for place, answer in enumerate(padded[start : start + at_once]))
        for start in range(0, len(padded), at_once)
    )
    return "".join(ALPHABET[number] for number in numbers)


def _head_of_clips(board: Board, answers: Answers) -> dict[str, Any]:
    """Clips grouped by subject, so that each subject is named once: [subject, [clip, ...]]."""
    named = sorted((*_split(clip), truth) for clip, truth in zip(answers.clips, answers.truth, strict=True))
    return _head(board) | {
        "kind": "clips",
        "alphabet": ALPHABET,
        "at_once": per_sign(len(board.classes)),
        "subjects": [
            [subject, [clip for _, clip, _ in clips]] for subject, clips in groupby(named, key=lambda one: one[0])
        ],
        "truth": pack_answers([truth for _, _, truth in named], len(board.classes)),
    }


def _split(clip: str) -> tuple[str, str]:
    """The subject's id, and the clip's name within it."""
    database, subject, name = clip.split("/", 2)
    return f"{database}/{subject}", name


def _head_of_subjects(board: Board, entry: Entry) -> dict[str, Any]:
    return _head(board) | {"kind": "subjects", "subjects": [[subject, []] for subject in entry.counts.subjects]}


def _head(board: Board) -> dict[str, Any]:
    return {"classes": [without_controls(name) for name in board.classes], "parts": list(board.parts)}


def _answers(head: dict[str, Any], entries: Sequence[tuple[Row, Entry]]) -> Iterator[list[Any]]:
    order = [f"{subject}/{clip}" for subject, clips in head["subjects"] for clip in clips]
    for row, entry in entries:
        assert entry.answers
        answers = entry.answers.predicted[counting_policy(entry.record)]
        predicted = dict(zip(entry.answers.clips, answers, strict=True))
        yield [entry.id, _name(row, entry), pack_answers([predicted[clip] for clip in order], len(head["classes"]))]


def _counts(entries: Sequence[tuple[Row, Entry]]) -> Iterator[list[Any]]:
    for row, entry in entries:
        confusions = entry.counts.confusions[counting_policy(entry.record)]
        yield [entry.id, _name(row, entry), ",".join(map(str, confusions.ravel().tolist()))]


def _name(row: Row, entry: Entry) -> str:
    seed = f", seed {getattr(entry.record.plan, 'seed', 0)}" if len(row.entries) > 1 else ""
    return without_controls(f"{row.model}{f' ({row.recipe})' if row.recipe else ''}"[:NAME] + seed)


def _size(content: Any) -> int:
    return len(script_json(_json(content)).encode())


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
