"""Split the clip table into folds. The built-in protocols are registered here, through the same hook as a plugin's.

Every splitter uses one of scikit-learn's. It adds the field's groups (subjects, databases), the names of the folds, and
a check that no subject is on both sides.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
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
    """A splitter breaks a rule, whatever the clips are."""


@dataclass(frozen=True)
class Fold:
    """One train/test split.

    Attributes:
        name: of the held-out group.
        train, test: positions in the clip table, `[n]` int64, ascending.
        seed: decides everything random in the fold. A run sets it; a splitter leaves it alone.
    """

    name: str
    train: np.ndarray
    test: np.ndarray
    seed: int = 0


class Splitter(ABC):
    """Splits a clip table into folds. A plugin's splitter defines `split`; `make_folds` checks the folds of all.

    Attributes:
        shares_subjects: whether a subject may be on both sides of a fold. Only for folds that were published so, to
            show what they do to a score. Such a score says nothing about unseen people, and every record on these
            folds warns of it.
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
    """The folds that a splitter makes of `clips`, checked against a table that the splitter has no access to.

    Raises:
        ProtocolError: as `split` raises it; or a fold trains on one database and tests another that shows the same
            people.
        SplitterFault: `split` changed its table or did not yield folds; there is no fold; two folds have the same name;
            a side is empty or is not ascending positions of the table; the sides share a clip, or (without
            `shares_subjects`) a subject; a clip is tested twice.
    """
    nouns = ("clip",) if type(splitter).shares_subjects else ("clip", "subject")  # of the class, as boards read it
    given = clips.copy(deep=True)
    folds = _fold_list(splitter, given)
    if changed := _changed(given, clips):
        raise SplitterFault(
            f"{type(splitter).__name__}.split changes {changed} of the clip table; it must not change its table"
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
        UnknownName: there is no protocol of this name.
        PluginError: the splitter cannot be loaded, or fails; the message names the plugin and the line of its code.
        ProtocolError: the clips cannot be split in this way, or the folds break a rule.
    """
    spec = registry.protocols.get(name)
    return split_by(spec.splitter, registry.protocols.author(name, spec.splitter), clips)


def split_by(target: str, author: Author, clips: pd.DataFrame) -> list[Fold]:
    """As `protocol_folds`, for the splitter's target and its author. Raises PluginError and ProtocolError."""
    splitter = load_target(target, owner=author.spec, base=Splitter)
    try:
        with calling(author, f"{splitter.__name__}.split", "yield merbench.Fold(name, train, test)"):
            return make_folds(splitter(), clips)
    except SplitterFault as fault:
        raise ProtocolError(f"{author}{written(splitter.split, author)}: {fault}") from fault


def shares_subjects(registry: Registry, name: str) -> bool:
    """Whether the protocol's splitter says that subjects may be on both sides of a fold.

    Raises:
        UnknownName: there is no protocol of this name.
        PluginError: the splitter cannot be loaded.
    """
    splitter: type[Splitter] = load_target(
        registry.protocols.get(name).splitter, owner=f"protocol {name}", base=Splitter
    )
    return bool(splitter.shares_subjects)


class LeaveOneSubjectOut(Splitter):
    """Tests each subject once and trains on all others of all databases (MEGC2019 CDE).

    A fold has the name of its subject. Folds are in the order in which the subjects appear in the clip table.
    """

    def split(self, clips: pd.DataFrame) -> Iterator[Fold]:
        """One fold per subject; `ProtocolError` if there is only one."""
        import numpy as np

        return _leave_one_out("subject", clips, np.arange(len(clips)))


class PerDatabase(Splitter):
    """Tests each subject once in each database and trains on the others of the same database.

    The folds have the names and the order of `LeaveOneSubjectOut`'s, database by database. A subject of two databases
    has a fold in each, which begins with the database's name.
    """

    def split(self, clips: pd.DataFrame) -> Iterator[Fold]:
        """One fold per subject; `ProtocolError` if a database has only one."""
        import numpy as np

        for database in clips["database"].unique():
            for fold in _leave_one_out("subject", clips, np.flatnonzero(clips["database"] == database)):
                yield replace(fold, name=f"{database}/{fold.name.partition('/')[2]}")


class LeaveOneDatabaseOut(Splitter):
    """Tests each database once and trains on all others. A fold has the name of its database."""

    def split(self, clips: pd.DataFrame) -> Iterator[Fold]:
        """One fold per database; `ProtocolError` if there is only one."""
        import numpy as np

        return _leave_one_out("database", clips, np.arange(len(clips)))


class FiveFold(Splitter):
    """Divides the subjects into five groups and tests each group once; the folds are `1of5` to `5of5`.

    Uses scikit-learn's StratifiedGroupKFold without shuffling. It spreads the classes over the folds as evenly as whole
    subjects allow, which matters because a third of the subjects have clips of one class only. GroupKFold does not fit:
    its sort by size is unstable, so two machines may order subjects of the same size differently.
    """

    def split(self, clips: pd.DataFrame) -> Iterator[Fold]:
        """Five folds; `ProtocolError` if there are fewer than five subjects, or no class has five clips."""
        subjects, labels = clips["subject"].factorize()[0], clips["label"].to_numpy()
        count, most = len(set(subjects)), clips["label"].value_counts().max()
        if count < FOLDS or most < FOLDS:
            raise ProtocolError(
                f"{FOLDS} folds by subject need {FOLDS} subjects and a class with {FOLDS} clips; there are {count} "
                f"subject(s), and no class has more than {most} clip(s); use a protocol that leaves one subject out"
            )
        for number, (train, test) in enumerate(_stratified(subjects, labels, FOLDS), start=1):
            yield Fold(f"{number}of{FOLDS}", train, test)


def folds_digest(clips: pd.DataFrame, folds: Sequence[Fold]) -> str:
    """sha256 (hex) of the folds in their order: the name of each, and the clip ids of both sides."""
    ids = clips["clip"].to_numpy(object)
    digest = hashlib.sha256()
    for fold in folds:
        sides = {"fold": fold.name, "train": ids[fold.train].tolist(), "test": ids[fold.test].tolist()}
        digest.update(json.dumps(sides, sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def inner_split(clips: pd.DataFrame, train: np.ndarray, labels: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Split a fold's training side once more by subject, for the epoch policy `inner` to choose its epoch.

    Uses scikit-learn's StratifiedGroupKFold with shuffling, with five folds or one for each subject if there are fewer.
    Of its splits, the first that holds out every class of `train` is taken, or else the first.

    Args:
        clips: the clip table.
        train: `[n]` positions of the training side, ascending; no other clip is read.
        labels: `[clips]` int64 class indices, as long as the table.
        seed: at least 0.

    Returns:
        Positions to train on and positions held out, both ascending. Together they are `train`.

    Raises:
        ProtocolError: the training side has one subject only, or no class with two clips.
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
            f"the inner split needs two training subjects and a class with two clips; there are {count} "
            f"subject(s), and no class has more than {most} clip(s); use --epoch-policy last"
        )
    random = np.random.RandomState(np.random.MT19937(seed))
    splits = _stratified(subjects, truth, min(FOLDS, count, int(most)), random)
    complete = (split for split in splits if len(np.unique(truth[split[1]])) == len(classes))
    inner_train, held_out = next(complete, splits[0])
    return train[inner_train], train[held_out]


def shared_subjects(clips: pd.DataFrame, folds: Sequence[Fold]) -> list[int]:
    """How many subjects are on both sides, fold by fold."""
    names = clips["subject"].to_numpy(object)
    return [len(set(names[fold.train]) & set(names[fold.test])) for fold in folds]


def _leave_one_out(column: str, clips: pd.DataFrame, positions: np.ndarray) -> Iterator[Fold]:
    """A fold for each value of `column` among the clips at `positions`, in order of appearance."""
    codes, names = clips[column].iloc[positions].factorize()
    if len(names) < 2:
        where = ", ".join(clips["database"].iloc[positions].unique())
        raise ProtocolError(
            f"to leave one {column} out takes at least two, and {where or 'an empty clip table'} has {len(names)}; "
            "use another protocol, or a dataset with more"
        )
    for code, name in enumerate(names):
        yield Fold(str(name), positions[codes != code], positions[codes == code])


def _stratified(
    groups: np.ndarray, labels: np.ndarray, folds: int, random: np.random.RandomState | None = None
) -> list[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(folds, shuffle=random is not None, random_state=random)
    with warnings.catch_warnings():
        # A class with fewer clips than folds cannot be in each fold; the run warns of each fold that lacks one.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        return list(splitter.split(labels, labels, groups))


def _fold_list(splitter: Splitter, clips: pd.DataFrame) -> list[Fold]:
    """The folds that `split` yields, each checked to be one."""
    found: object = splitter.split(clips)
    where = f"{type(splitter).__name__}.split"
    if not isinstance(found, Iterable):
        raise SplitterFault(f"{where} returns {type(found).__name__}; it must yield merbench.Fold(name, train, test)")
    folds = list(found)
    for fold in folds:
        if not isinstance(fold, Fold) or not isinstance(fold.name, str):
            what = "a Fold whose name is not text" if isinstance(fold, Fold) else type(fold).__name__
            raise SplitterFault(f"{where} yields {what}; it must yield merbench.Fold(name, train, test)")
    return folds


def _changed(given: pd.DataFrame, clips: pd.DataFrame) -> str:
    """The part of its table that a splitter changed; empty if it changed nothing."""
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
            _check_databases(fold, clips["database"].to_numpy(object), names, both)
            raise SplitterFault(
                f"fold {fold.name!r}: {noun} {both[0]} is on the training side and the test side{_more(both)}; "
                f"put each {noun} on one side"
            )


def _check_databases(fold: Fold, databases: np.ndarray, names: np.ndarray, both: Sequence[str]) -> None:
    """Raise `ProtocolError` if subjects are on both sides because their databases are: no fault of the splitter."""
    import numpy as np

    trained, tested = (sorted(set(databases[one[np.isin(names[one], both)]])) for one in (fold.train, fold.test))
    if not set(trained) & set(tested):
        raise ProtocolError(
            f"fold {fold.name!r} tests {', '.join(tested)} and trains on {', '.join(trained)}, which show the same "
            f"people: {both[0]}{_more(both)} would be on both sides; use loso, or a dataset with only one of them"
        )


def _check_together(folds: Sequence[Fold], clips: pd.DataFrame) -> None:
    names: set[str] = set()
    tested: dict[str, str] = {}
    for fold in folds:
        if fold.name in names:
            raise SplitterFault(f"two folds are called {fold.name!r}; give each its own name")
        names.add(fold.name)
        for clip in clips["clip"].iloc[fold.test]:
            if clip in tested:
                raise SplitterFault(
                    f"clip {clip} is tested in fold {tested[clip]!r} and in fold {fold.name!r}; test it once"
                )
            tested[clip] = fold.name


def _more(names: Sequence[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""


@hookimpl
def merbench_protocols() -> Iterable[Protocol]:
    """The field's protocols."""
    yield Protocol(
        name="loso",
        title="leave one subject out",
        splitter="merbench.protocols:LeaveOneSubjectOut",
        formerly=("composite",),
        about="leave one subject out over all databases together (MEGC2019 CDE)",
    )
    yield Protocol(
        name="loso-per-database",
        title="leave one subject out in each database",
        splitter="merbench.protocols:PerDatabase",
        formerly=("per-database",),
        about="leave one subject out within each database alone",
    )
    yield Protocol(
        name="lodo",
        title="leave one database out",
        splitter="merbench.protocols:LeaveOneDatabaseOut",
        formerly=("cross-database",),
        about="leave one database out",
    )
    yield Protocol(
        name="subjects-5",
        title="five folds by subject",
        splitter="merbench.protocols:FiveFold",
        about="five folds by subject, classes spread evenly",
    )
