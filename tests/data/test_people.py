"""Who are the same people: groups of databases, and one subject for a person."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merbench.data.check import check
from merbench.data.clips import COLUMNS, clip_table
from merbench.data.datasets import open_dataset
from merbench.data.people import by_person, person, same_people, unmatched
from merbench.errors import ReleaseError
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.plugin.specs import Source
from merbench.plugin.validation import fault

# Databases of one source each: name, names of its subjects, and what the source declares.
CAMERAS = """
    import merbench

    CAMERAS = {cameras!r}


    class Camera(merbench.SourceReader):
        def clips(self):
            rows = [(name, who) for name, who in PEOPLE[self.name] for _ in "ab"]
            names = [f"{{name}}/{{who}}/{{place}}" for place, (name, who) in enumerate(rows)]
            return merbench.clip_table(
                {{
                    "clip": names,
                    "database": [name for name, _ in rows],
                    "subject": [f"{{name}}/{{who}}" for name, who in rows],
                    "emotion": ["happiness", "fear"] * (len(rows) // 2),
                }}
            )

        def read(self, feature, clip):
            raise merbench.ReleaseError("nothing to see")


    PEOPLE = {{name: [(name, who) for who in people] for name, (people, _) in CAMERAS.items()}}
    for name in CAMERAS:
        globals()[name.title()] = type(name.title(), (Camera,), {{"name": name}})


    @merbench.hookimpl
    def merbench_sources():
        for name, (_, same) in CAMERAS.items():
            yield merbench.Source(
                name=name, reader=f"cameras:{{name.title()}}", provides=("frames",), databases=(name,),
                same_people=same, embedded=True,
            )


    @merbench.hookimpl
    def merbench_datasets():
        scheme = merbench.LabelScheme(
            name="two", classes=("up", "down"), emotions={{"happiness": "up", "fear": "down"}}, source="an example"
        )
        yield merbench.Dataset(name="all", sources=tuple(CAMERAS), databases=tuple(CAMERAS), scheme=scheme)
"""


@pytest.fixture
def cameras(tmp_path: Path):
    """A registry with cameras: name to the names of their subjects, and what their sources declare."""

    def registry(**cameras: tuple[str, tuple[str, ...]]) -> Registry:
        path = tmp_path / "cameras.py"
        path.write_text(textwrap.dedent(CAMERAS.format(cameras=cameras)))
        return Registry(load(files=[path], allow=()))

    return registry


def test_the_cameras_of_smic_show_the_same_people_and_other_databases_do_not() -> None:
    registry = Registry(load(allow=()))
    every = [name for source in registry.sources for name in source.databases]
    assert same_people(registry, every) == (("smic", "smic-nir", "smic-vis"),)
    assert same_people(registry, ("smic-vis", "casme2", "smic-nir")) == (("smic-nir", "smic-vis"),)
    assert same_people(registry, ("smic", "casme2", "samm")) == ()
    assert same_people(registry, ("smic-vis",)) == ()


@pytest.mark.parametrize("declared", [(("side",), ()), ((), ("front",)), (("side",), ("front",))])
def test_one_source_that_names_the_other_is_enough(cameras, declared) -> None:
    front, side = declared
    registry = cameras(front=("ab", front), side=("b", side), other=("b", ()))
    assert same_people(registry, ("side", "other", "front")) == (("front", "side"),)


def test_what_two_sources_declare_of_a_third_holds_between_them_also_without_the_third(cameras) -> None:
    registry = cameras(a=("x", ("b",)), b=("x", ()), c=("x", ("b",)), d=("x", ("e",)), e=("x", ()))
    assert same_people(registry, "abcde") == (("a", "b", "c"), ("d", "e"))
    assert same_people(registry, "ac") == (("a", "c"),)


def test_a_source_of_several_databases_cannot_say_whose_people_they_show() -> None:
    wide = Source(name="wide", reader="wide:Wide", provides=(), databases=("a", "b"), same_people=("smic",))
    said = "source 'wide': same_people needs a source of one database, found ('a', 'b'); give each its own source"
    assert fault(wide, "sources") == said
    assert fault(replace(wide, databases=("a",)), "sources") == ""


def test_a_person_of_two_databases_is_one_subject_of_the_first_and_clips_keep_their_ids(cameras) -> None:
    registry = cameras(side=(("s1", "s2"), ("front",)), front=(("s2", "s3"), ()), other=(("s2",), ()))
    clips = open_dataset(registry, "all").clips
    assert dict(zip(clips["clip"], clips["subject"], strict=True)) == {
        "side/s1/0": "front/s1",
        "side/s1/1": "front/s1",
        "side/s2/2": "front/s2",
        "side/s2/3": "front/s2",
        "front/s2/0": "front/s2",
        "front/s2/1": "front/s2",
        "front/s3/2": "front/s3",
        "front/s3/3": "front/s3",
        "other/s2/0": "other/s2",
        "other/s2/1": "other/s2",
    }
    assert list(clips["database"].unique()) == ["side", "front", "other"]
    assert dict(clips.dtypes.astype(str)) == COLUMNS


def test_a_check_counts_the_subjects_of_each_database_and_says_who_is_the_same(cameras) -> None:
    found = check(cameras(side=(("s1", "s2"), ("front",)), front=(("s2", "s3"), ())), "all")
    note = "front and side show the same people: subjects of one name are one person, front/NAME"
    assert note in found.notes
    assert not found.differences


def test_the_same_people_under_other_names_are_refused_because_nothing_would_keep_them_apart(cameras) -> None:
    registry = cameras(side=(("P1", "P2"), ("front",)), front=(("s1", "s2"), ()))
    said = "front and side show the same people, but no subject of front has the name of one in another; their"
    with pytest.raises(ReleaseError, match=f"^all: {said}"):
        open_dataset(registry, "all")
    assert any(said in one for one in check(registry, "all").differences)


def test_of_three_cameras_two_may_show_other_people_if_the_third_shows_both(cameras) -> None:
    registry = cameras(a=(("s1", "s2"), ()), b=(("s1",), ("a",)), c=(("s2",), ("a",)))
    assert open_dataset(registry, "all").clips["subject"].nunique() == 2


def test_without_groups_the_table_is_the_same_object() -> None:
    table = clip_table({"clip": ["a/s/1"], "database": ["a"], "subject": ["a/s"]})
    assert by_person(table, ()) is table


@given(st.sets(st.sampled_from("abcd"), min_size=2).map(sorted), st.sampled_from("abcdef"), st.sampled_from("xy"))
def test_the_id_of_a_person_does_not_depend_on_the_database(group: list[str], database: str, name: str) -> None:
    groups = (tuple(group),)
    found = person(f"{database}/{name}", groups)
    assert found == f"{group[0] if database in group else database}/{name}"
    assert person(found, groups) == found
    assert unmatched([f"{one}/{name}" for one in group], groups) == []


def test_a_camera_with_names_of_its_own_is_refused_although_two_others_share_theirs() -> None:
    groups = (("hs", "nir", "vis"),)
    (said,) = unmatched(["hs/p1", "hs/p2", "nir/s1", "vis/s1", "vis/s2"], groups)
    assert said.startswith("hs, nir and vis show the same people, but no subject of hs has the name of one in another")
    assert unmatched(["hs/s2", "nir/s1", "vis/s1", "vis/s2"], groups) == []
