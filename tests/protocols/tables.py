"""Clip tables for tests of protocols: a small one by hand, and any that hypothesis draws."""

from hypothesis import strategies as st

from merbench.data.clips import clip_table


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


def as_lists(folds):
    return [(fold.name, fold.train.tolist(), fold.test.tolist()) for fold in folds]
