"""Protocols: the folds of a small table by hand, the rules every splitter is held to, and properties of any table."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from merbench_databases.canonical import composite

from merbench.data.clips import clip_table
from merbench.errors import MerbenchError
from merbench.protocols import (
    FiveFold,
    Fold,
    LeaveOneDatabaseOut,
    LeaveOneSubjectOut,
    PerDatabase,
    ProtocolError,
    Splitter,
    folds_digest,
    inner_split,
    make_folds,
    merbench_protocols,
    shared_subjects,
)

FEWER = settings(max_examples=25)


def clips_of(subjects, labels=None):
    """A clip table with one clip per name in `subjects`, each `database/subject`."""
    rows = {
        "clip": [f"{subject}/clip{number}" for number, subject in enumerate(subjects)],
        "database": [subject.split("/")[0] for subject in subjects],
        "subject": subjects,
        "label": [number % 3 for number in range(len(subjects))] if labels is None else labels,
    }
    return clip_table(rows)


# Neither databases nor subjects stand in alphabetical order, and subject b of `two` is interrupted by a.
SMALL = ("two/b", "two/a", "two/b", "one/b", "one/c", "one/c")


def as_lists(folds):
    return [(fold.name, fold.train.tolist(), fold.test.tolist()) for fold in folds]


def test_composite_leaves_each_subject_out_of_all_databases_in_order_of_appearance():
    assert as_lists(LeaveOneSubjectOut().folds(clips_of(SMALL))) == [
        ("two/b", [1, 3, 4, 5], [0, 2]),
        ("two/a", [0, 2, 3, 4, 5], [1]),
        ("one/b", [0, 1, 2, 4, 5], [3]),
        ("one/c", [0, 1, 2, 3], [4, 5]),
    ]


def test_loso_per_database_trains_on_the_same_database_alone():
    assert as_lists(PerDatabase().folds(clips_of(SMALL))) == [
        ("two/b", [1], [0, 2]),
        ("two/a", [0, 2], [1]),
        ("one/b", [4, 5], [3]),
        ("one/c", [3], [4, 5]),
    ]


def test_lodo_leaves_each_database_out():
    assert as_lists(LeaveOneDatabaseOut().folds(clips_of(SMALL))) == [
        ("two", [3, 4, 5], [0, 1, 2]),
        ("one", [0, 1, 2], [3, 4, 5]),
    ]


def test_five_subjects_alike_are_a_fold_each():
    subjects = [f"db/{number}" for number in range(5) for _ in range(3)]
    folds = FiveFold().folds(clips_of(subjects))
    assert [fold.name for fold in folds] == ["1of5", "2of5", "3of5", "4of5", "5of5"]
    assert sorted(subjects[fold.test[0]] for fold in folds) == [f"db/{number}" for number in range(5)]
    assert all(len(fold.test) == 3 for fold in folds)


def test_five_folds_spread_the_classes():
    # Ten subjects of two clips, each of one class only: four of class 0, three of 1, three of 2. No fold can hold three
    # classes, and none need hold two subjects of one class.
    labels = np.repeat([0, 0, 0, 0, 1, 1, 1, 2, 2, 2], 2)
    clips = clips_of(np.repeat([f"db/{number}" for number in range(10)], 2).tolist(), labels)
    for fold in FiveFold().folds(clips):
        assert len(set(labels[fold.test])) == 2


def test_five_folds_do_not_mind_a_rare_class():
    labels = [0] * 11 + [1]
    assert len(FiveFold().folds(clips_of([f"db/{number % 6}" for number in range(12)], labels))) == 5


@pytest.mark.parametrize(
    ("splitter", "subjects", "message"),
    [
        (LeaveOneSubjectOut, ["db/a", "db/a"], "to leave one subject out takes at least two, and db has 1"),
        (LeaveOneSubjectOut, [], "takes at least two, and an empty clip table has 0"),
        (PerDatabase, ["one/a", "one/b", "two/c"], "to leave one subject out takes at least two, and two has 1"),
        (PerDatabase, [], "PerDatabase made no folds of 0 clips"),
        (LeaveOneDatabaseOut, ["db/a", "db/b"], "to leave one database out takes at least two, and db has 1"),
        (FiveFold, ["db/a", "db/b", "db/c", "db/d"] * 5, r"need 5 subjects .* there are 4 subject\(s\)"),
        (FiveFold, [f"db/{n}" for n in range(6)], r"no class has more than 2 clip\(s\)"),
    ],
)
def test_clips_that_a_protocol_cannot_split_are_refused_in_one_line(splitter, subjects, message):
    with pytest.raises(ProtocolError, match=message) as raised:
        splitter().folds(clips_of(subjects))
    assert isinstance(raised.value, MerbenchError)
    assert "\n" not in str(raised.value)


# --- what the base class holds every splitter to


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


# --- digest, inner split


def test_the_digest_tells_folds_apart_and_knows_equal_ones():
    clips = clips_of(SMALL)
    folds = LeaveOneSubjectOut().folds(clips)
    assert folds_digest(clips, folds) == folds_digest(clips, LeaveOneSubjectOut().folds(clips))
    first = folds[0]
    others = [
        folds[::-1],
        folds[1:],
        [Fold("renamed", first.train, first.test), *folds[1:]],
        [Fold(first.name, first.train[1:], first.test), *folds[1:]],
        [Fold(first.name, first.test, first.train), *folds[1:]],
        PerDatabase().folds(clips),
    ]
    assert len({folds_digest(clips, folds), *(folds_digest(clips, other) for other in others)}) == 7
    assert folds_digest(clips_of(("two/b", "two/a", "two/b", "one/b", "one/c", "one/d")), folds) != folds_digest(
        clips, folds
    )


def test_the_digest_of_a_known_table_never_changes():
    # sha256 of the four lines {"fold": ..., "test": [...], "train": [...]}; a record is compared by it across machines.
    clips = clips_of(["db/a", "db/b"])
    lines = (
        b'{"fold": "db/a", "test": ["db/a/clip0"], "train": ["db/b/clip1"]}\n'
        b'{"fold": "db/b", "test": ["db/b/clip1"], "train": ["db/a/clip0"]}\n'
    )
    assert folds_digest(clips, LeaveOneSubjectOut().folds(clips)) == hashlib.sha256(lines).hexdigest()


def test_the_inner_split_holds_out_every_class_where_some_split_can():
    # Five subjects of one class each and one, f, who has all three: only the split that holds f out has every class.
    subjects = ["db/a", "db/b", "db/c", "db/d", "db/e"] * 2 + ["db/f"] * 3 + ["db/test"] * 4
    labels = np.array([0, 1, 2, 0, 1] * 2 + [0, 1, 2] + [0] * 4)
    clips, train = clips_of(subjects, labels), np.arange(13)
    for seed in range(20):
        _, held_out = inner_split(clips, train, labels, seed)
        assert set(labels[held_out]) == {0, 1, 2}


def test_the_inner_split_depends_on_its_seed():
    subjects = [f"db/{number}" for number in range(12) for _ in range(3)]
    clips, train = clips_of(subjects), np.arange(36)
    labels = clips["label"].to_numpy()
    splits = [tuple(inner_split(clips, train, labels, seed)[1]) for seed in range(10)]
    assert len(set(splits)) > 1
    assert splits == [tuple(inner_split(clips, train, labels, seed)[1]) for seed in range(10)]


def test_the_inner_split_takes_seeds_of_any_size():
    clips = clips_of(SMALL * 2, [0] * 12)
    inner_train, _ = inner_split(clips, np.arange(12), np.zeros(12, dtype=int), 2**64 + 1)
    assert len(inner_train)


@pytest.mark.parametrize(
    ("subjects", "labels", "message"),
    [
        (["db/a", "db/a", "db/test"], [0, 0, 0], r"two training subjects .* there are 1 subject\(s\)"),
        (["db/a", "db/b", "db/test"], [0, 1, 0], r"no class has more than 1 clip\(s\)"),
    ],
)
def test_a_training_side_too_small_for_an_inner_split_is_refused_in_one_line(subjects, labels, message):
    with pytest.raises(ProtocolError, match=message) as raised:
        inner_split(clips_of(subjects, labels), np.array([0, 1]), np.array(labels), 0)
    assert "\n" not in str(raised.value)


def test_labels_of_the_training_side_alone_are_not_mistaken_for_the_table():
    with pytest.raises(ValueError, match="2 labels for a table of 6 clips"):
        inner_split(clips_of(SMALL), np.array([0, 1]), np.array([0, 1]), 0)


# --- what holds for any clip table


@st.composite
def clip_tables(draw):
    """Up to 40 clips of up to 4 databases, in any order, with any three-class labels."""
    subject = st.sampled_from([f"{database}/{number}" for database in "pqrs" for number in range(4)])
    subjects = draw(st.lists(subject, min_size=2, max_size=40))
    labels = draw(st.lists(st.integers(0, 2), min_size=len(subjects), max_size=len(subjects)))
    return clips_of(subjects, labels)


@st.composite
def splittable_tables(draw):
    """Clip tables that every protocol can split: two databases or more, of three subjects or more, in any order."""
    sizes = draw(st.lists(st.integers(3, 5), min_size=2, max_size=4))
    every = [f"{database}/{number}" for database, size in zip("pqrs", sizes, strict=False) for number in range(size)]
    subjects = draw(st.permutations(every + draw(st.lists(st.sampled_from(every), max_size=30))))
    rest = len(subjects) - 5
    labels = draw(st.permutations([0] * 5 + draw(st.lists(st.integers(0, 2), min_size=rest, max_size=rest))))
    return clips_of(list(subjects), list(labels))


@pytest.mark.parametrize("splitter", [LeaveOneSubjectOut(), PerDatabase(), LeaveOneDatabaseOut(), FiveFold()])
@FEWER
@given(clips=splittable_tables())
def test_the_folds_of_each_protocol_partition_the_clips(splitter, clips):
    folds = splitter.folds(clips)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(clips)))
    subjects, databases = clips["subject"].to_numpy(object), clips["database"].to_numpy(object)
    for fold in folds:
        assert not set(subjects[fold.train]) & set(subjects[fold.test])
        both = np.concatenate([fold.train, fold.test])
        if isinstance(splitter, PerDatabase):
            assert len(set(databases[both])) == 1
            assert len(both) == np.count_nonzero(databases == databases[both[0]])
        else:
            assert sorted(both) == list(range(len(clips)))


@given(clip_tables())
def test_any_table_is_split_by_subject_or_refused(clips):
    for splitter in (LeaveOneSubjectOut(), PerDatabase(), LeaveOneDatabaseOut(), FiveFold()):
        try:
            folds = splitter.folds(clips)
        except ProtocolError:
            continue
        assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(clips)))


@given(clip_tables(), st.integers(0, 2**32))
def test_the_inner_split_divides_the_training_side_by_subject(clips, seed):
    subjects, labels = clips["subject"].to_numpy(object), clips["label"].to_numpy()
    train = np.flatnonzero(subjects != subjects[0])
    # Labels of the test side that no scheme has: reading them would show.
    hidden = np.where(subjects == subjects[0], -99, labels)
    try:
        inner_train, held_out = inner_split(clips, train, hidden, seed)
    except ProtocolError:
        counts = np.bincount(labels[train], minlength=3)
        assert len(set(subjects[train])) < 2 or counts.max() < 2
        return
    assert sorted([*inner_train, *held_out]) == train.tolist()
    assert len(inner_train)
    assert len(held_out)
    assert not set(subjects[inner_train]) & set(subjects[held_out])
    assert (np.diff(inner_train) > 0).all()
    assert (np.diff(held_out) > 0).all()


def test_every_registered_protocol_names_a_splitter_that_is_there():
    import merbench.protocols

    specs = {spec.name: spec.splitter.split(":")[1] for spec in merbench_protocols()}
    assert list(specs) == ["loso", "loso-per-database", "lodo", "subjects-5"]
    assert all(issubclass(getattr(merbench.protocols, name), Splitter) for name in specs.values())


# --- the composite: 442 clips of 68 subjects, as the challenge published them


@pytest.fixture(scope="module")
def composite_clips():
    return clip_table(composite())


def classes_on(clips, positions):
    return set(clips["label"].to_numpy()[positions])


def test_most_folds_of_the_composite_lack_a_class_on_the_test_side_and_none_on_the_other(composite_clips):
    folds = LeaveOneSubjectOut().folds(composite_clips)
    assert len(folds) == 68
    counts = [len(classes_on(composite_clips, fold.test)) for fold in folds]
    assert [counts.count(classes) for classes in (1, 2, 3)] == [23, 29, 16]
    assert all(len(classes_on(composite_clips, fold.train)) == 3 for fold in folds)


def test_every_database_of_the_composite_is_left_out_once(composite_clips):
    folds = LeaveOneDatabaseOut().folds(composite_clips)
    assert {fold.name: len(fold.test) for fold in folds} == {"smic": 164, "casme2": 145, "samm": 133}


def test_the_five_folds_of_the_composite_are_near_a_fifth_of_every_class(composite_clips):
    # 250, 109 and 83 clips: a fifth is 50, 21.8 and 16.6; the largest subject has 39 clips of its own.
    truth = composite_clips["label"].to_numpy()
    counts = np.array([np.bincount(truth[fold.test]) for fold in FiveFold().folds(composite_clips)])
    assert (np.abs(counts - [50, 21.8, 16.6]) <= 2).all()


def test_the_inner_split_of_every_composite_fold_holds_out_every_class(composite_clips):
    labels = composite_clips["label"].to_numpy()
    for seed, fold in enumerate(LeaveOneSubjectOut().folds(composite_clips)):
        inner_train, held_out = inner_split(composite_clips, fold.train, labels, seed)
        assert classes_on(composite_clips, inner_train) == classes_on(composite_clips, held_out) == {0, 1, 2}


# --- what a splitter does to its table


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
