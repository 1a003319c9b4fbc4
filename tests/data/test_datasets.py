import textwrap

import numpy as np
import pytest

import merbench
from merbench.data import locations
from merbench.data.check import check
from merbench.data.datasets import open_dataset
from merbench.data.homes import choose_home, dataset_homes
from merbench.errors import PluginError, UnknownName, UnresolvableFeature
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from tests.refusals import refusal_of

# A plugin as a stranger would write it: one source that lists its clips in a text file, and datasets cut from it.
PLUGIN = """
    import numpy as np
    import pandas as pd

    import merbench


    class Reader(merbench.SourceReader):
        def clips(self):
            lines = [line.split() for line in (self.root / "clips.txt").read_text().splitlines()]
            return merbench.clip_table(
                {
                    "clip": [clip for clip, _ in lines],
                    "database": [clip.split("/")[0] for clip, _ in lines],
                    "subject": [clip.rsplit("/", 1)[0] for clip, _ in lines],
                    "emotion": [None if emotion == "-" else emotion for _, emotion in lines],
                }
            )

        def read(self, feature, clip):
            if clip.endswith("broken"):
                raise merbench.ReleaseError("cannot be read")
            return np.full(2, len(clip))

        def notes(self):
            return {"length": "a note of the reader"}


    def listed():
        return pd.DataFrame(
            [["one/s1/a", "one", "one/s1", 1], ["two/s1/c", "two", "two/s1", 0]],
            columns=["clip", "database", "subject", "label"],
        )


    @merbench.hookimpl
    def merbench_sources():
        shelf = {"plain": ("length", "width"), "other": ("length",), "wide": ("width", "depth")}
        shelf["third"] = shelf["wide"]
        for name, provides in shelf.items():
            yield merbench.Source(
                name=name, reader="lengths:Reader", provides=provides, databases=("one", "two"), obtain="it"
            )


    @merbench.hookimpl
    def merbench_datasets():
        common = {"scheme": merbench.THREE_CLASS, "databases": ("one", "two")}
        yield merbench.Dataset(name="all", sources=("plain",), **common)
        yield merbench.Dataset(name="both", sources=("plain", "other"), **common)
        yield merbench.Dataset(name="canonical", sources=("plain",), clip_list="lengths:listed", **common)
        yield merbench.Dataset(
            name="one", sources=("plain",), clip_list="lengths:listed", scheme=merbench.THREE_CLASS, databases=("one",)
        )
        yield merbench.Dataset(name="lost", sources=("nowhere",), **common)
        yield merbench.Dataset(
            name="two-homes",
            sources=("other",),
            alternatives=(("plain",), ("wide", "third")),
            clip_list="lengths:listed",
            **common,
        )
        yield merbench.Dataset(name="listless", sources=("plain",), clip_list="lengths:missing", **common)
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    file = tmp_path_factory.mktemp("plugin") / "lengths.py"
    file.write_text(textwrap.dedent(PLUGIN))
    return Registry(load(files=[file], allow=()))


@pytest.fixture
def write(tmp_path):
    """Writes a release of the given source, and adds it."""

    def write(*lines, source="plain"):
        (tmp_path / source).mkdir(exist_ok=True)
        (tmp_path / source / "clips.txt").write_text("\n".join(lines))
        locations.add(source, tmp_path / source)
        return tmp_path / source

    return write


def refusal(registry, name):
    return refusal_of(open_dataset, registry, name)


def test_clips_are_labelled_by_the_scheme_in_the_order_of_the_release(registry, write):
    write("two/s1/c surprise", "one/s1/a Happiness", "one/s1/b fear")
    clips = open_dataset(registry, "all").clips
    assert list(clips["clip"]) == ["two/s1/c", "one/s1/a", "one/s1/b"]
    assert list(clips["label"]) == [2, 1, 0]


def test_clips_outside_the_scheme_are_left_out_and_counted_in_a_note(registry, write):
    write("one/s1/a happiness", "one/s1/b others", "one/s1/d others", "two/s1/c -", "three/s1/x fear")
    dataset = open_dataset(registry, "all")
    assert list(dataset.clips["clip"]) == ["one/s1/a"]
    assert list(dataset.clips.index) == [0]
    assert dataset.notes({"length"}) == [
        "length: a note of the reader",
        "3 clips are left out, because 3-class has no class for them: others 2, not annotated 1",
    ]


def test_a_release_without_any_class_is_refused(registry, write):
    write("one/s1/a others")
    assert refusal(registry, "all") == "all: no released clip has a class of 3-class"


def test_the_clip_list_gives_clips_order_and_truth(registry, write):
    write("two/s1/c fear", "one/s1/a happiness")
    dataset = open_dataset(registry, "canonical")
    assert list(dataset.clips["clip"]) == ["one/s1/a", "two/s1/c"]
    assert list(dataset.clips["label"]) == [1, 0]
    assert list(dataset.clips["emotion"]) == ["happiness", "fear"]


def test_every_kind_of_difference_is_named(registry, write):
    write("one/s1/a others", "one/s1/x fear")
    message = refusal(registry, "canonical")
    assert "two/s1/c is missing" in message
    assert "one/s1/a has no class, but the clip list says class 1 (positive)" in message
    assert "one/s1/x is not in the list" in message


def test_a_dataset_cut_from_a_larger_release_has_no_say_about_the_rest_of_it(registry, write):
    write("one/s1/a happiness", "one/s1/x fear")
    assert list(open_dataset(registry, "one").clips["clip"]) == ["one/s1/a"]
    assert check(registry, "one").differences == ("one/s1/x is not in the list",)


def test_two_sources_are_read_as_one_and_provide_what_both_do(registry, write):
    write("one/s1/a happiness")
    write("two/s1/c fear", source="other")
    dataset = open_dataset(registry, "both")
    assert list(dataset.clips["clip"]) == ["one/s1/a", "two/s1/c"]
    assert dataset.provides == {"length"}
    np.testing.assert_array_equal(dataset.read("length", "two/s1/c"), [8, 8])


def test_a_clip_that_two_sources_hold_is_refused(registry, write):
    write("one/s1/a happiness")
    write("one/s1/a happiness", source="other")
    assert "are listed twice: one/s1/a" in refusal(registry, "both")


def test_reading_names_what_it_does_not_have(registry, write):
    write("one/s1/a happiness", "one/s1/b others")
    dataset = open_dataset(registry, "all")
    with pytest.raises(UnresolvableFeature, match="all provides length, width, not frames"):
        dataset.read("frames", "one/s1/a")
    with pytest.raises(UnknownName, match="no clip is called 'one/s1/b'"):
        dataset.read("length", "one/s1/b")


def test_without_data_the_error_says_what_to_get(registry):
    assert refusal(registry, "all") == (
        "no data for plain: get it, then: merbench data add plain PATH; --dataset demo needs no data"
    )


def test_an_unknown_dataset_source_or_clip_list_is_an_error(registry, write):
    write("one/s1/a happiness")
    with pytest.raises(UnknownName, match="canonical"):
        open_dataset(registry, "canonicle")
    with pytest.raises(UnknownName, match="no source is called 'nowhere'"):
        open_dataset(registry, "lost")
    with pytest.raises(PluginError, match="no 'missing'"):
        open_dataset(registry, "listless")


def test_a_release_in_the_folder_that_the_variable_names_is_read(registry, write, tmp_path, monkeypatch):
    write("one/s1/a happiness")
    (tmp_path / "shelf").mkdir()
    (tmp_path / "plain").rename(tmp_path / "shelf" / "plain")
    monkeypatch.setenv("MERBENCH_DATA", str(tmp_path / "shelf"))
    assert open_dataset(registry, "all").readers["plain"].root == tmp_path / "shelf" / "plain"


BOTH = ("one/s1/a happiness", "two/s1/c fear")


def home_with(registry, *features):
    """The home of `two-homes` for a model that wants these raw features."""
    homes = dataset_homes(registry, "two-homes")
    lacking = UnresolvableFeature(f"the model wants {' and '.join(features)}")
    return choose_home(registry, homes, [None if home.provides >= set(features) else lacking for home in homes])


def test_the_first_set_of_sources_is_read_that_is_here(registry, write):
    write(*BOTH)
    assert list(open_dataset(registry, "two-homes").readers) == ["plain"]
    write(*BOTH, source="other")
    assert list(open_dataset(registry, "two-homes").readers) == ["other"]


def test_the_first_set_is_read_that_is_here_and_has_what_the_model_wants(registry, write):
    write(*BOTH)
    write(*BOTH, source="other")
    assert list(home_with(registry, "length").sources) == ["other"]
    home = home_with(registry, "width")
    assert (list(home.sources), home.provides) == (["plain"], {"length", "width"})


def test_where_what_is_here_does_not_do_the_error_says_what_else_to_add(registry, write):
    write(*BOTH, source="other")
    with pytest.raises(UnresolvableFeature) as caught:
        home_with(registry, "width")
    assert str(caught.value) == (
        "the model wants width; or add another release: merbench data add plain PATH or: merbench data add wide PATH, "
        "merbench data add third PATH"
    )
    with pytest.raises(UnresolvableFeature, match=r"^the model wants warmth$"):
        home_with(registry, "warmth")


def test_where_nothing_is_here_the_error_names_every_way(registry, write):
    write("two/s1/c fear", source="third")
    assert refusal(registry, "two-homes") == (
        "no data for other: get it, then: merbench data add other PATH; or instead: merbench data add plain PATH; or "
        "instead: merbench data add wide PATH; --dataset demo needs no data"
    )
    with pytest.raises(
        merbench.ReleaseError, match=r"^no data for plain: get it, then: merbench data add plain PATH; or"
    ):
        home_with(registry, "width")


def test_every_release_of_a_way_that_is_not_here_is_named(registry, write):
    write(*BOTH)
    with pytest.raises(UnresolvableFeature, match=r"add wide PATH, merbench data add third PATH$"):
        home_with(registry, "depth")
    locations.config_path().unlink()
    with pytest.raises(
        merbench.ReleaseError, match="wide PATH; also needed: merbench data add third PATH; --dataset demo"
    ):
        home_with(registry, "depth")


def test_an_alternative_may_hold_more_than_the_list_and_differs_by_clip_all_the_same(registry, write):
    write(*BOTH, "one/s1/x fear", "one/s1/y others")
    assert list(open_dataset(registry, "two-homes").clips["clip"]) == ["one/s1/a", "two/s1/c"]
    found = check(registry, "two-homes")
    assert (found.ok, [count.found for count in found.counts]) == (True, [0, 1, 0, 1, 0, 0])
    write("one/s1/a fear", "two/s1/c fear", "one/s1/x fear")
    message = refusal(registry, "two-homes")
    assert "one/s1/a has class 0 (negative), but the clip list says class 1 (positive)" in message
    assert "one/s1/x" not in message
