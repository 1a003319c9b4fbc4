"""Databases that show the same people: subjects of the same name are then one person, and one subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from merbench.plugin.registry import Registry

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SamePeople", "by_person", "named", "person", "same_people", "subject_of", "unmatched"]

# Groups of two or more databases that show the same people, each in order; the first database names their subjects.
SamePeople: TypeAlias = tuple[tuple[str, ...], ...]


def same_people(registry: Registry, databases: Iterable[str]) -> SamePeople:
    """The groups among these databases that show the same people, as their sources declare it.

    It is enough that one source names the other. If a shows the people of b, and b those of c, then a and c show the
    same people, also if b is not among `databases`.
    """
    groups: list[set[str]] = []
    for source in registry.sources:
        if source.same_people:
            declared = {*source.databases, *source.same_people}
            touched = [group for group in groups if group & declared]
            groups = [group for group in groups if not group & declared] + [declared.union(*touched)]
    here = set(databases)
    return tuple(sorted(tuple(sorted(group & here)) for group in groups if len(group & here) > 1))


def subject_of(clip: str) -> str:
    """The id of a clip's subject in the clip's own database, which is the start of the clip's id."""
    return "/".join(clip.split("/", 2)[:2])


def person(subject: str, groups: SamePeople) -> str:
    """The id under which all databases know a subject (`database/name`) of one of them."""
    database, _, name = subject.partition("/")
    first = next((group[0] for group in groups if database in group), database)
    return f"{first}/{name}"


def by_person(clips: pd.DataFrame, groups: SamePeople) -> pd.DataFrame:
    """The clip table with one subject for each person; the ids of clips keep their database."""
    if not groups:
        return clips
    people = clips["subject"].map(lambda one: person(one, groups))
    return clips.assign(subject=people.astype(clips["subject"].dtype))


def unmatched(subjects: Iterable[str], groups: SamePeople) -> list[str]:
    """A sentence for every group with a database that has no subject's name in common with the others.

    Without a common name nothing would keep a person on one side. `subjects` are ids as the databases have them.
    """
    names: dict[str, set[str]] = {}
    for one in subjects:
        database, _, name = one.partition("/")
        names.setdefault(database, set()).add(name)
    found = []
    for group in groups:
        shown = [one for one in group if one in names]
        alone = [one for one in shown if names[one].isdisjoint(_names_of_others(one, shown, names))]
        if len(shown) > 1 and alone:
            found.append(
                f"{named(shown)} show the same people, but no subject of {alone[0]} has the name of one in another; "
                "their sources must give a person the same name"
            )
    return found


def _names_of_others(database: str, shown: Sequence[str], names: Mapping[str, set[str]]) -> set[str]:
    return set().union(*(names[one] for one in shown if one != database))


def named(databases: Iterable[str]) -> str:
    """`a, b and c`."""
    *others, last = databases
    return f"{', '.join(others)} and {last}" if others else last
