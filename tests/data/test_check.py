import textwrap

import pytest

from merbench.data.check import Count, check, check_source
from merbench.errors import UnknownName
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.progress import Silent

PLUGIN = """
    import merbench
    import numpy


    class Reader(merbench.SourceReader):
        def clips(self):
            return merbench.clip_table(
                {
                    "clip": ["db/s1/a", "db/s1/b", "db/s2/c"],
                    "database": ["db"] * 3,
                    "subject": ["db/s1", "db/s1", "db/s2"],
                    "emotion": ["fear", "others", None],
                }
            )

        def read(self, feature, clip):
            if clip == "db/s1/b":
                raise merbench.ReleaseError(f"no {feature}")
            return numpy.zeros(1)


    @merbench.hookimpl
    def merbench_sources():
        yield merbench.Source(
            name="small", reader="small:Reader", provides=("u", "v"), databases=("db",), embedded=True
        )


    @merbench.hookimpl
    def merbench_datasets():
        yield merbench.Dataset(name="small-3", sources=("small",), databases=("db",), scheme=merbench.THREE_CLASS)
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    file = tmp_path_factory.mktemp("plugin") / "small.py"
    file.write_text(textwrap.dedent(PLUGIN))
    return Registry(load(files=[file], allow=()))


def test_without_a_canonical_list_nothing_is_counted_against_anything(registry):
    found = check(registry, "small-3")
    assert found.counts == (
        Count("db", "negative", 1, None),
        Count("db", "positive", 0, None),
        Count("db", "surprise", 0, None),
        Count("db", "others", 1, None),
        Count("db", "not annotated", 1, None),
    )
    assert found.places == {"small": ""}
    assert "2 clips are left out" in found.notes[0]


def test_a_source_alone_is_counted_by_emotion_as_annotated(registry):
    found = check_source(registry, "small")
    assert found.counts == (
        Count("db", "fear", 1, None),
        Count("db", "others", 1, None),
        Count("db", "not annotated", 1, None),
    )


def test_every_feature_of_a_clip_that_cannot_be_read_is_named(registry):
    found = check(registry, "small")
    assert found.broken == {"db/s1/b": "no u; no v"}
    assert not found.ok


def test_a_name_of_nothing_is_answered_with_the_nearest(registry):
    with pytest.raises(UnknownName, match=r"no dataset or source is called 'smal-3' \(nearest: small-3, small"):
        check(registry, "smal-3")


def test_whoever_watches_is_told_of_every_clip(registry):
    class Watching(Silent):
        units, done = 0, 0

        def start(self, units, finished):
            self.units = units

        def advance(self, units):
            self.done += units

    watching = Watching()
    check(registry, "small", progress=watching)
    assert (watching.units, watching.done) == (3, 3)
