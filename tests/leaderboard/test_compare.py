"""The answers of a board's entries, packed into its comparison."""

from __future__ import annotations

import json

import pytest

from merbench.leaderboard.boards import make_site
from merbench.leaderboard.compare import ALPHABET, pack, pack_answers, per_sign
from merbench.leaderboard.entries import make_entry
from merbench.runs.export import without_clips


@pytest.fixture(scope="module")
def board(make_record, registry):
    def of(*records):
        (only,) = make_site([make_entry(record, registry) for record in records], (), registry).boards
        return only

    return of


def unpacked(text: str, classes: int, clips: int) -> list[int]:
    if not per_sign(classes):
        return [int(one) for one in text.split(",")]
    numbers = [ALPHABET.index(sign) for sign in text]
    return [number // classes**place % classes for number in numbers for place in range(per_sign(classes))][:clips]


def test_the_alphabet_has_no_sign_twice_and_none_that_json_or_html_escapes():
    assert len(set(ALPHABET)) == len(ALPHABET)
    assert json.dumps(ALPHABET) == f'"{ALPHABET}"'
    assert not set("<>&'") & set(ALPHABET)


def test_four_answers_of_three_classes_are_one_sign():
    assert per_sign(3) == 4
    assert pack_answers([1, 0, 2, 1], 3) == ALPHABET[1 + 2 * 9 + 1 * 27]


@pytest.mark.parametrize("classes", [2, 3, 5, 7, 89, 90, 100])
def test_what_is_packed_can_be_unpacked(classes):
    answers = [place * 7 % classes for place in range(101)]
    assert unpacked(pack_answers(answers, classes), classes, 101) == answers


def test_every_entry_has_its_answers_in_the_order_of_the_clips(board, make_record):
    records = [make_record("a", draw=1), make_record("b", draw=2)]
    packed = pack(board(*records), 400_000)
    data = json.loads(packed.data)
    assert (packed.kind, packed.shown, packed.total) == ("clips", 2, 2)
    clips = [f"{subject}/{clip}" for subject, named in data["subjects"] for clip in named]
    truth = dict(zip(clips, unpacked(data["truth"], 3, 442), strict=True))
    assert truth == {one.clip: one.truth for one in records[0].predictions}
    by_id = {identity: unpacked(answers, 3, 442) for identity, _, answers in data["entries"]}
    for record in records:
        wanted = {one.clip: one.policies["last"].predicted for one in record.predictions}
        assert dict(zip(clips, by_id[record.id[:12]], strict=True)) == wanted


def test_records_without_clips_are_compared_by_the_counts_of_their_subjects(board, make_record):
    whole = make_record("a", draw=1)
    packed = pack(board(without_clips(whole), without_clips(make_record("b", draw=2))), 400_000)
    data = json.loads(packed.data)
    assert packed.kind == "subjects"
    assert {len(clips) for _, clips in data["subjects"]} == {0}
    sums = [sum(map(int, counts.split(","))) for _, _, counts in data["entries"]]
    assert sums == [442, 442]


def test_what_does_not_fit_is_left_out_from_the_end(board, make_record):
    many = board(*(make_record(f"model {draw}", draw=draw) for draw in range(4)))
    whole = pack(many, 400_000)
    some = pack(many, len(whole.data) - 10)
    assert (some.shown, some.total) == (3, 4)
    assert json.loads(some.data)["entries"] == json.loads(whole.data)["entries"][:3]
    assert pack(many, 100).data == ""


def test_one_entry_alone_is_not_compared(board, make_record):
    assert pack(board(make_record()), 400_000).data == ""
