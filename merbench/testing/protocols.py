"""The checks of a protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from merbench.data.people import by_person
from merbench.plugin.calls import Author
from merbench.plugin.registry import load_target
from merbench.plugin.specs import Protocol
from merbench.plugin.validation import fault
from merbench.protocols import Fold, ProtocolError, Splitter, SplitterFault, folds_digest, shared_subjects, split_by
from merbench.testing.findings import Check, CheckFailed, Undecided, require
from merbench.testing.toys import toy_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PROTOCOL_CHECKS", "ProtocolToys"]

SUBJECTS, CLIPS = 6, 3  # of each database, and of each subject


class ProtocolToys:
    """A protocol with toy clips of three databases, 6 subjects in each and 3 clips of each.

    Args:
        spec: the protocol. If it trains on a database of one name, one of the three has that name.
        clips: other clips, as `merbench.clip_table` makes them, with labels.
    """

    def __init__(self, spec: Protocol, clips: pd.DataFrame | None = None) -> None:
        self.spec = spec
        self.author = Author.of(f"protocol {spec.name}", "", spec.splitter)
        self.databases = (spec.trains_on or "toy-1", "toy-2", "toy-3")
        self.clips = toy_table(self.databases, SUBJECTS, CLIPS) if clips is None else clips

    def folds(self, clips: pd.DataFrame) -> list[Fold]:
        """The folds of some clips.

        Raises:
            CheckFailed: the folds break a rule.
            ProtocolError: the clips cannot be split in this way.
        """
        try:
            return split_by(self.spec.splitter, self.author, clips)
        except ProtocolError as error:
            if isinstance(error.__cause__, SplitterFault):
                raise CheckFailed(str(error)) from error
            raise

    def usual(self) -> list[Fold]:
        """The folds of its clips; raises `Undecided` if the protocol cannot split them."""
        try:
            return self.folds(self.clips)
        except ProtocolError as error:
            raise Undecided(f"it cannot split the toy clips: {error}; give other clips in a test") from error


def spec_resolves(toys: ProtocolToys) -> str:
    """The spec has valid fields, and names a subclass of `merbench.Splitter`."""
    require(not (wrong := fault(toys.spec, "protocols")), wrong)
    load_target(toys.spec.splitter, owner=toys.author.spec, base=Splitter)
    return toys.spec.splitter


def makes_valid_folds(toys: ProtocolToys) -> str:
    """Sides are ascending positions and not empty, no clip is tested twice, and the clip table stays as it is."""
    folds = toys.usual()
    return f"{len(folds)} folds, {sum(len(fold.test) for fold in folds)} of {len(toys.clips)} clips tested"


def keeps_subjects_apart(toys: ProtocolToys) -> str:
    """No subject is on both sides of a fold, so a score says something about people who were never seen."""
    splitter: type[Splitter] = load_target(toys.spec.splitter, owner=toys.author.spec, base=Splitter)
    require(not splitter.shares_subjects, f"{splitter.__name__} has shares_subjects = True")
    folds = toys.usual()
    return f"{sum(shared_subjects(toys.clips, folds))} shared subjects in {len(folds)} folds"


def keeps_people_together(toys: ProtocolToys) -> str:
    """If two databases show the same people, no person is on both sides, or the clips are refused with a
    `ProtocolError`."""
    databases = sorted(toys.clips["database"].unique())[:2]
    if len(databases) < 2:
        raise Undecided("its clips are of one database")
    return _split_or_refused(toys, by_person(toys.clips, (tuple(databases),)))


def makes_the_same_folds_again(toys: ProtocolToys) -> str:
    """The same clips give the same folds, in the same order."""
    first, again = (folds_digest(toys.clips, folds) for folds in (toys.usual(), toys.usual()))
    require(first == again, "the folds differ the second time")
    return f"folds {first[:12]}"


def says_why_it_cannot_split(toys: ProtocolToys) -> str:
    """A single subject, or a single clip, is split by the rules or refused with a `ProtocolError`."""
    few = [toys.clips[toys.clips["subject"] == toys.clips["subject"][0]], toys.clips[:1]]
    return "; ".join(f"{len(one)} clip(s): {_split_or_refused(toys, one)}" for one in few)


def _split_or_refused(toys: ProtocolToys, clips: pd.DataFrame) -> str:
    try:
        return f"{len(toys.folds(clips.reset_index(drop=True)))} folds"
    except ProtocolError:
        return "refused"


PROTOCOL_CHECKS: tuple[Check[ProtocolToys], ...] = (
    spec_resolves,
    makes_valid_folds,
    keeps_subjects_apart,
    keeps_people_together,
    makes_the_same_folds_again,
    says_why_it_cannot_split,
)
