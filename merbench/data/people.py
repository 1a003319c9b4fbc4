"""Databases that show the same people: subjects of the same name are then one person, and one subject."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from merbench.plugin.registry import Registry

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SamePeople", "by_person", "named", "person", "same_people", "unmatched"]

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
    """A sentence for every group in which no two databases have a subject of one name.

    Without a common name nothing would keep a person on one side. `subjects` are ids as the databases have them.
    """
    found, names = [], set(subjects)
    for group in groups:
        own = {one for one in names if one.partition("/")[0] in group}
        shown = {one.partition("/")[0] for one in own}
        if len(shown) > 1 and len({person(one, groups) for one in own}) == len(own):
            found.append(
                f"{named(sorted(shown))} show the same people, but no two of them have a subject of one name; "
                "their sources must give a person the same name"
            )
    return found


def named(databases: Iterable[str]) -> str:
    """`a, b and c`."""
    *others, last = databases
    return f"{', '.join(others)} and {last}" if others else last
