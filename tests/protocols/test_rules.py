"""The rules that every splitter is held to, a plugin's too."""

import numpy as np
import pytest

from merbench.protocols import Fold, ProtocolError, Splitter, make_folds, shared_subjects
from tests.protocols.tables import SMALL, as_lists, clips_of


class Given(Splitter):
    """A splitter that yields what it was given, as a stranger's plugin might."""

    def __init__(self, *folds):
        self.given = folds

    def split(self, clips):
        for name, train, test in self.given:
            yield Fold(name, np.array(train, dtype=np.int64), np.array(test, dtype=np.int64))


def test_a_splitter_that_keeps_the_rules_need_not_test_every_clip():
    assert as_lists(Given(("b", [1], [0, 2])).folds(clips_of(SMALL))) == [("b", [1], [0, 2])]


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        ([], "Given made no folds of 6 clips"),
        ([("f", [0, 1], [2])], "fold 'f': subject two/b is on the training side and the test side; put"),
        ([("f", [0, 4], [2, 5])], r"fold 'f': subject one/c is on the training side and the test side \(and 1 more\)"),
        ([("f", [0, 1], [1, 3])], "fold 'f': clip two/a/clip1 is on the training side and the test side"),
        ([("f", [], [1])], "fold 'f': the train side is empty"),
        ([("f", [1], [])], "fold 'f': the test side is empty"),
        ([("f", [1], [6])], r"fold 'f': test must be ascending positions in 0\.\.5"),
        ([("f", [-1, 1], [3])], r"fold 'f': train must be ascending positions in 0\.\.5"),
        ([("f", [4, 1], [3])], "fold 'f': train must be ascending"),
        ([("f", [1, 1], [3])], "fold 'f': train must be ascending"),
        ([("f", [1], [0]), ("f", [1], [2])], "two folds are called 'f'"),
        ([("f", [1], [0, 2]), ("g", [3], [2])], "clip two/b/clip2 is tested in fold 'f' and in fold 'g'"),
    ],
)
def test_folds_that_break_a_rule_are_refused(folds, message):
    with pytest.raises(ProtocolError, match=message):
        Given(*folds).folds(clips_of(SMALL))


def test_a_splitter_that_says_so_may_share_subjects_but_never_clips():
    class Shared(Given):
        shares_subjects = True

    folds = Shared(("f", [0, 4], [2, 5])).folds(clips_of(SMALL))
    assert shared_subjects(clips_of(SMALL), folds) == [2]
    with pytest.raises(ProtocolError, match="clip two/a/clip1 is on the training side and the test side"):
        Shared(("f", [0, 1], [1, 3])).folds(clips_of(SMALL))


@pytest.mark.parametrize("train", [[0, 1], np.array([True, False]), np.array([[1]]), np.array([1.0])])
def test_a_side_that_is_not_an_array_of_positions_is_refused(train):
    class Masks(Splitter):
        def split(self, clips):
            yield Fold("f", train, np.array([3]))

    with pytest.raises(ProtocolError, match="fold 'f': train must be one row of integers"):
        Masks().folds(clips_of(SMALL))


class Meddling(Splitter):
    """Leaves one clip out, after it has done something to its table."""

    def __init__(self, meddle):
        self.meddle = meddle

    def split(self, clips):
        self.meddle(clips)
        for place in range(len(clips)):
            yield Fold(f"f{place}", np.delete(np.arange(len(clips)), place), np.array([place]))


def own_subjects(clips):
    clips["subject"] = clips["clip"]


def other_labels(clips):
    clips["label"] = 0


def sorts(clips):
    clips.sort_values("clip", inplace=True)


def writes_into_the_array(clips):
    labels = clips["label"].to_numpy(copy=False)
    labels.flags.writeable = True
    labels[:] = 1


@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize(
    ("meddle", "what"),
    [
        (own_subjects, "column 'subject'"),
        (other_labels, "column 'label'"),
        (sorts, "the rows"),
        (lambda clips: clips.insert(0, "person", 1), "the columns"),
        (lambda clips: clips.drop(index=0, inplace=True), "the rows"),
        (writes_into_the_array, "column 'label'"),
    ],
)
def test_a_splitter_that_changes_its_table_is_refused_and_the_table_stays_as_it_was(meddle, what):
    clips = clips_of(SMALL)
    before = clips.copy(deep=True)
    with pytest.raises(
        ProtocolError, match=f"Meddling.split changes {what} of the clip table; it must not change its table"
    ):
        Meddling(meddle).folds(clips)
    assert clips.equals(before)


def test_a_splitter_cannot_replace_the_checks():
    class Unchecked(Meddling):
        def folds(self, clips):
            return list(self.split(clips))

    with pytest.raises(ProtocolError, match="subject two/b is on the training side and the test side"):
        make_folds(Unchecked(lambda clips: None), clips_of(SMALL))


def test_a_splitter_cannot_allow_itself_to_share_subjects():
    class Own(Meddling):
        def split(self, clips):
            self.shares_subjects = True
            yield from super().split(clips)

    with pytest.raises(ProtocolError, match="subject two/b is on the training side and the test side"):
        Own(lambda clips: None).folds(clips_of(SMALL))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "returns NoneType; it must yield merbench.Fold"),
        ([("f", [0], [1])], "yields tuple; it must yield merbench.Fold"),
        ([Fold(3, np.array([0]), np.array([1]))], "yields a Fold whose name is not text; it must yield merbench.Fold"),
    ],
)
def test_what_is_no_fold_is_refused_in_one_line(given, message):
    class Other(Splitter):
        def split(self, clips):
            return given

    with pytest.raises(ProtocolError, match=f"Other.split {message}"):
        Other().folds(clips_of(SMALL))
