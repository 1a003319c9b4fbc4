"""Splitters: how the clip table becomes folds. The built-in protocols register here as any plugin's would.

Every splitter rests on one of scikit-learn's; what is added is the field's meaning of a group (a subject, a database),
the names of the folds, and the check that no subject stands on both sides.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from merbench.errors import MerbenchError
from merbench.plugin.authors import Author, written
from merbench.plugin.calls import calling
from merbench.plugin.hooks import hookimpl
from merbench.plugin.registry import Registry, load_target
from merbench.plugin.specs import Protocol

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = [
    "FiveFold",
    "Fold",
    "LeaveOneDatabaseOut",
    "LeaveOneSubjectOut",
    "PerDatabase",
    "ProtocolError",
    "Splitter",
    "SplitterFault",
    "folds_digest",
    "inner_split",
    "make_folds",
    "protocol_folds",
    "shared_subjects",
    "shares_subjects",
    "split_by",
]

FOLDS = 5  # of `subjects-5`, and of the inner split


class ProtocolError(MerbenchError):
    """Clips that a protocol cannot split, or folds that break a rule."""


class SplitterFault(ProtocolError):
    """What a splitter did wrong, whatever the clips are."""


@dataclass(frozen=True)
class Fold:
    """One train/test split.

    Attributes:
        name: of what is held out.
        train, test: positions in the clip table, `[n]` int64, ascending.
        seed: decides all that is random in the fold. A run sets it; a splitter leaves it alone.
    """

    name: str
    train: np.ndarray
    test: np.ndarray
    seed: int = 0


class Splitter(ABC):
    """Splits a clip table into folds. A plugin's splitter defines `split`; the checks of `make_folds` hold for all.

    Attributes:
        shares_subjects: whether a subject may stand on both sides of a fold. Only for folds that somebody published so
            and that are to be shown for what they are: a score on them says nothing about people who were never seen,
            and every record on them warns of it.
    """

    shares_subjects: bool = False

    @abstractmethod
    def split(self, clips: pd.DataFrame) -> Iterator[Fold]:
        """The folds of `clips` (a table as `merbench.clip_table` makes it), in a fixed order.

        The table is a copy. A splitter must leave it as it is.

        Raises:
            ProtocolError: the clips cannot be split this way.
        """

    def folds(self, clips: pd.DataFrame) -> list[Fold]:
        """The folds of `clips`, checked; see `make_folds`."""
        return make_folds(self, clips)


def make_folds(splitter: Splitter, clips: pd.DataFrame) -> list[Fold]:
    """The folds that a splitter makes of `clips`, checked against a table that the splitter never held.

    Raises:
        ProtocolError: as `split` raises it.
        SplitterFault: `split` changed its table or gave anything but folds; there is no fold; two folds have one name;
            a side is empty or is not ascending positions of the table; the sides share a clip, or (without
            `shares_subjects`) a subject; a clip is tested twice.
    """
    nouns = ("clip",) if type(splitter).shares_subjects else ("clip", "subject")  # the class's word, as boards ask it
    given = clips.copy(deep=True)
    folds = _fold_list(splitter, given)
    if changed := _changed(given, clips):
        raise SplitterFault(
            f"{type(splitter).__name__}.split changes {changed} of the clip table; it must leave its table as it is"
        )
    if not folds:
        raise SplitterFault(
            f"{type(splitter).__name__} made no folds of {len(clips)} clips; it must yield at least one"
        )
    for fold in folds:
        _check_positions(fold, len(clips))
        _check_apart(fold, clips, nouns)
    _check_together(folds, clips)
    return folds


def protocol_folds(registry: Registry, name: str, clips: pd.DataFrame) -> list[Fold]:
    """The folds of `clips` (a table as `merbench.clip_table` makes it), checked, in the protocol's order.

    Raises:
        UnknownName: no protocol is called so.
        PluginError: the splitter cannot be loaded, or fails; the line names the plugin and the line of its code.
        ProtocolError: the clips cannot be split so, or the folds break a rule.
    """
    spec = registry.protocols.get(name)
    return split_by(spec.splitter, registry.protocols.author(name, spec.splitter), clips)


def split_by(target: str, author: Author, clips: pd.DataFrame) -> list[Fold]:
    """The same, by the splitter's target and its author; raises PluginError and ProtocolError as `protocol_folds`."""
    splitter = load_target(target, owner=author.spec, base=Splitter)
    try:
        with calling(author, f"{splitter.__name__}.split", "yield merbench.Fold(name, train, test)"):
            return make_folds(splitter(), clips)
    except SplitterFault as fault:
        raise ProtocolError(f"{author}{written(splitter.split, author)}: {fault}") from fault


def shares_subjects(registry: Registry, name: str) -> bool:
    """Whether the protocol's splitter says that subjects may stand on both sides of a fold.

    Raises:
        UnknownName: no protocol is called so.
        PluginError: the splitter cannot be loaded.
    """
    splitter: type[Splitter] = load_target(
        registry.protocols.get(name).splitter, owner=f"protocol {name}", base=Splitter
    )
    return bool(splitter.shares_subjects)


class LeaveOneSubjectOut(Splitter):
    """Each subject once on the test side, all others of all databases on the training side (MEGC2019 CDE).

    A fold is named after its subject; folds stand in the order in which the subjects appear in the clip table.
    """

    def split(self, clips: pd.DataFrame) -> Iterator[Fold]:
        """One fold per subject; `ProtocolError` where there is only one."""
        import numpy as np

        return _leave_one_out("subject", clips, np.arange(len(clips)))


class PerDatabase(Splitter):
    """Each subject once on the test side, the others of the same database on the training side.

    Named and ordered as `LeaveOneSubjectOut`'s folds, database by database.
    """

    def split(self, clips: pd.DataFrame) -> Iterator[Fold]:
        """One fold per subject; `ProtocolError` where a database has only one."""
        import numpy as np

        for database in clips["database"].unique():
            yield from _leave_one_out("subject", clips, np.flatnonzero(clips["database"] == database))


class LeaveOneDatabaseOut(Splitter):
    """Each database once on the test side, all others on the training side; a fold is named after its database."""

    def split(self, clips: pd.DataFrame) -> Iterator[Fold]:
        """One fold per database; `ProtocolError` where there is only one."""
        import numpy as np

        return _leave_one_out("database", clips, np.arange(len(clips)))


class FiveFold(Splitter):
    """The subjects in five groups, each once on the test side; folds `1of5` to `5of5`.

    scikit-learn's StratifiedGroupKFold, without shuffling: it spreads the classes over the folds as evenly as whole
    subjects allow, which matters where a third of the subjects have clips of one class only. GroupKFold is not used:
    it sorts the subjects by size with an unstable sort, so two machines may disagree about subjects of one size.
    """

    def split(self, clips: pd.DataFrame) -> Iterator[Fold]:
        """Five folds; `ProtocolError` where there are fewer than five subjects, or no class has five clips."""
        subjects, labels = clips["subject"].factorize()[0], clips["label"].to_numpy()
        count, most = len(set(subjects)), clips["label"].value_counts().max()
        if count < FOLDS or most < FOLDS:
            raise ProtocolError(
                f"{FOLDS} folds by subject need {FOLDS} subjects and a class with {FOLDS} clips; here are {count} "
                f"subject(s), and no class has more than {most} clip(s); take a protocol that leaves one subject out"
            )
        for number, (train, test) in enumerate(_stratified(subjects, labels, FOLDS), start=1):
            yield Fold(f"{number}of{FOLDS}", train, test)


def folds_digest(clips: pd.DataFrame, folds: Sequence[Fold]) -> str:
    """sha256 (hex) of the folds in their order: of each, its name and the clip ids of both sides."""
    ids = clips["clip"].to_numpy(object)
    digest = hashlib.sha256()
    for fold in folds:
        sides = {"fold": fold.name, "train": ids[fold.train].tolist(), "test": ids[fold.test].tolist()}
        digest.update(json.dumps(sides, sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def inner_split(clips: pd.DataFrame, train: np.ndarray, labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A fold's training side, split once more by subject: on what the epoch policy `inner` chooses its epoch.

    scikit-learn's StratifiedGroupKFold with shuffling, of five folds or as many as there are subjects; of its splits
    the first that holds out every class of `train`, else the first.

    Args:
        clips: the clip table.
        train: `[n]` positions of the training side, ascending; nothing is read of any other clip.
        labels: `[clips]` int64 class indices, as long as the table.
        seed: at least 0, of any size.

    Returns:
        Positions to train on and positions held out, both ascending, together `train`.

    Raises:
        ProtocolError: the training side has only one subject, or no class with two clips.
        ValueError: `labels` is not as long as the table.
    """
    import numpy as np

    if len(labels) != len(clips):
        raise ValueError(f"{len(labels)} labels for a table of {len(clips)} clips")
    subjects, truth = clips["subject"].iloc[train].factorize()[0], np.asarray(labels)[train]
    classes, counts = np.unique(truth, return_counts=True)
    count, most = len(set(subjects)), max(counts, default=0)
    if count < 2 or most < 2:
        raise ProtocolError(
            f"the inner split needs two training subjects and a class with two clips; here are {count} "
            f"subject(s), and no class has more than {most} clip(s); take --epoch-policy last"
        )
    random = np.random.RandomState(np.random.MT19937(seed))
    splits = _stratified(subjects, truth, min(FOLDS, count, int(most)), random)
    complete = (split for split in splits if len(np.unique(truth[split[1]])) == len(classes))
    inner_train, held_out = next(complete, splits[0])
    return train[inner_train], train[held_out]


def shared_subjects(clips: pd.DataFrame, folds: Sequence[Fold]) -> list[int]:
    """How many subjects stand on both sides, fold by fold."""
    names = clips["subject"].to_numpy(object)
    return [len(set(names[fold.train]) & set(names[fold.test])) for fold in folds]


def _leave_one_out(column: str, clips: pd.DataFrame, positions: np.ndarray) -> Iterator[Fold]:
    """A fold for each value of `column` among the clips at `positions`, in order of appearance."""
    from sklearn.model_selection import LeaveOneGroupOut

    codes, names = clips[column].iloc[positions].factorize()  # LeaveOneGroupOut sorts its groups: number them ourselves
    if len(names) < 2:
        where = ", ".join(clips["database"].iloc[positions].unique())
        raise ProtocolError(
            f"to leave one {column} out takes at least two, and {where or 'an empty clip table'} has {len(names)}; "
            "take another protocol, or a dataset with more"
        )
    for train, test in LeaveOneGroupOut().split(positions, groups=codes):
        yield Fold(str(names[codes[test[0]]]), positions[train], positions[test])


def _stratified(
    groups: np.ndarray, labels: np.ndarray, folds: int, random: np.random.RandomState | None = None
) -> list[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(folds, shuffle=random is not None, random_state=random)
    with warnings.catch_warnings():
        # A class with fewer clips than folds cannot be in each: the run reports it, fold by fold, where it matters.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return list(splitter.split(labels, labels, groups))


def _fold_list(splitter: Splitter, clips: pd.DataFrame) -> list[Fold]:
    """What `split` gives, once all of it is seen to be folds."""
    found: object = splitter.split(clips)
    where = f"{type(splitter).__name__}.split"
    if not isinstance(found, Iterable):
        raise SplitterFault(f"{where} returns {type(found).__name__}; it must yield merbench.Fold(name, train, test)")
    folds = list(found)
    for fold in folds:
        if not isinstance(fold, Fold) or not isinstance(fold.name, str):
            what = "a Fold whose name is no text" if isinstance(fold, Fold) else type(fold).__name__
            raise SplitterFault(f"{where} yields {what}; it must yield merbench.Fold(name, train, test)")
    return folds


def _changed(given: pd.DataFrame, clips: pd.DataFrame) -> str:
    """What a splitter changed in the table that it was given; empty if nothing."""
    if list(given.columns) != list(clips.columns):
        return "the columns"
    if len(given) != len(clips) or not given.index.equals(clips.index):
        return "the rows"
    return next((f"column {name!r}" for name in clips if not given[name].equals(clips[name])), "")


def _check_positions(fold: Fold, clips: int) -> None:
    import numpy as np

    for side, positions in (("train", fold.train), ("test", fold.test)):
        if not isinstance(positions, np.ndarray) or positions.ndim != 1 or positions.dtype.kind not in "iu":
            raise SplitterFault(f"fold {fold.name!r}: {side} must be one row of integers, a numpy array")
        if not len(positions):
            raise SplitterFault(f"fold {fold.name!r}: the {side} side is empty; each side needs at least one clip")
        if positions[0] < 0 or positions[-1] >= clips or (np.diff(positions.astype(np.int64)) <= 0).any():
            raise SplitterFault(f"fold {fold.name!r}: {side} must be ascending positions in 0..{clips - 1}, each once")


def _check_apart(fold: Fold, clips: pd.DataFrame, nouns: Sequence[str]) -> None:
    for noun in nouns:
        names = clips[noun].to_numpy(object)
        both = sorted(set(names[fold.train]) & set(names[fold.test]))
        if both:
            raise SplitterFault(
                f"fold {fold.name!r}: {noun} {both[0]} stands on both sides{_more(both)}; keep each on one"
            )


def _check_together(folds: Sequence[Fold], clips: pd.DataFrame) -> None:
    names: set[str] = set()
    tested: dict[str, str] = {}
    for fold in folds:
        if fold.name in names:
            raise SplitterFault(f"two folds are called {fold.name!r}; give each a name of its own")
        names.add(fold.name)
        for clip in clips["clip"].iloc[fold.test]:
            if clip in tested:
                raise SplitterFault(
                    f"clip {clip} is tested in fold {tested[clip]!r} and in fold {fold.name!r}; once only"
                )
            tested[clip] = fold.name


def _more(names: Sequence[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""


@hookimpl
def merbench_protocols() -> Iterable[Protocol]:
    """The protocols of the field."""
    yield Protocol(
        name="loso",
        splitter="merbench.protocols:LeaveOneSubjectOut",
        formerly=("composite",),
        about="leave one subject out over all databases together (MEGC2019 CDE)",
    )
    yield Protocol(
        name="loso-per-database",
        splitter="merbench.protocols:PerDatabase",
        formerly=("per-database",),
        about="leave one subject out within each database alone",
    )
    yield Protocol(
        name="lodo",
        splitter="merbench.protocols:LeaveOneDatabaseOut",
        formerly=("cross-database",),
        about="leave one database out",
    )
    yield Protocol(
        name="subjects-5",
        splitter="merbench.protocols:FiveFold",
        about="five folds by subject, classes spread evenly",
    )
