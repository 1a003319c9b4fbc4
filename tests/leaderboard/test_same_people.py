"""A board of clips in which two databases show the same people: a person counts once, in every part."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from merbench.data.clips import clip_table
from merbench.data.people import by_person
from merbench.leaderboard.board_charts import subject_matrix
from merbench.leaderboard.boards import Board, make_site
from merbench.leaderboard.difficulty import subjects_of
from merbench.leaderboard.entries import make_entry
from merbench.runs.export import without_clips
from merbench.runs.schema import Record
from merbench.scores import PairedTest, compare_confusions, confusion_per_subject, score

CAMERAS = (("front", "side"),)
# Of each camera the people that it shows; `side` was added later, and a third database has names of theirs.
SHOWN = {"side": "cdef", "front": "abcdef", "other": "abc"}


@pytest.fixture(scope="module")
def clips() -> pd.DataFrame:
    """Six clips of each person in each database, two of each class."""
    names = [(database, f"{database}/{who}") for database, people in SHOWN.items() for who in people for _ in range(6)]
    return by_person(
        clip_table(
            {
                "clip": [f"{subject}/{place}" for place, (_, subject) in enumerate(names)],
                "database": [database for database, _ in names],
                "subject": [subject for _, subject in names],
                "label": [place % 3 for place in range(len(names))],
            }
        ),
        CAMERAS,
    )


@pytest.fixture(scope="module")
def records(clips, make_record) -> list[Record]:
    """Of a model with two seeds, and of a worse one."""
    drawn = (("good", 0.8, 1, 0), ("good", 0.8, 3, 1), ("bad", 0.6, 5, 0))
    return [
        make_record(name, dataset="cameras", table=clips, accuracy=share, draw=draw, seed=seed, same_people=CAMERAS)
        for name, share, draw, seed in drawn
    ]


@pytest.fixture(scope="module", params=["clips", "counts"])
def board(request, records, registry) -> Board:
    """The board of the records, with their clips and without them."""
    given = records if request.param == "clips" else [without_clips(one) for one in records]
    (only,) = make_site([make_entry(one, registry) for one in given], (), registry).boards
    return only


def of_people(records: Sequence[Record], database: str) -> np.ndarray:
    """`[seeds, people, classes, classes]`, counted here by the names of the people."""
    found = []
    for record in records:
        rows = [one for one in record.predictions if database in ("full", one.clip.split("/")[0])]
        people = [one.clip.split("/")[1] + one.clip[0].replace("s", "f") for one in rows]  # f for front and side
        answers = [one.policies["last"].predicted for one in rows]
        found.append(confusion_per_subject([one.truth for one in rows], answers, people, 3)[1])
    return np.stack(found)


def test_the_subjects_of_a_board_are_people(board) -> None:
    assert board.subjects_total == 6 + 3
    assert board.parts == ("full", "front", "other", "side")
    assert {one.subject for one in subjects_of(board.ranked)} == {f"front/{one}" for one in "abcdef"} | {
        f"other/{one}" for one in "abc"
    }


@pytest.mark.parametrize(("part", "people"), [("full", 9), ("front", 6), ("side", 4), ("other", 3)])
def test_tests_and_intervals_of_each_part_are_over_its_people(part, people, board, records) -> None:
    good, bad = board.ranked_by(part)
    a, b = of_people(records[:2], part), of_people(records[2:], part)
    assert a.shape[1] == people
    wanted: PairedTest = compare_confusions(a, b)
    found = bad.standings[part].against_best
    assert (found.difference, found.interval) == (wanted.difference, wanted.interval)
    rows = [one for one in records[2].predictions if part in ("full", one.clip.split("/")[0])]
    names = [one.clip.split("/")[1] + one.clip[0].replace("s", "f") for one in rows]
    alone = score([one.truth for one in rows], [one.policies["last"].predicted for one in rows], names, 3)
    assert bad.figures[part]["uf1"].interval == alone.uf1_interval
    assert good.figures[part]["uf1"].value == pytest.approx(np.mean([_uf1(one) for one in a]))


def _uf1(confusions: np.ndarray) -> float:
    pooled = confusions.sum(axis=0)
    return float(np.mean(2 * np.diag(pooled) / (pooled.sum(axis=0) + pooled.sum(axis=1))))


@pytest.mark.parametrize("narrow", [False, True])
def test_the_picture_of_the_subjects_has_each_person_once(narrow, board) -> None:
    whole = subject_matrix(board, narrow=narrow)
    assert re.findall(r"(\w+), (\d) subjects", whole) == [("front", "6"), ("other", "3")]
    for part, people in (("front", "6"), ("side", "4"), ("other", "3")):
        shown = subject_matrix(board, part, narrow=narrow)
        assert re.findall(r"(\w+), (\d) subjects", shown) == [(part, people)]
