import numpy as np
import pytest
from merbench_databases.canonical import composite
from merbench_databases.htnet_release import IMAGES, TABLE

from merbench.data import locations
from merbench.data.check import check
from merbench.data.datasets import open_dataset
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from tests.refusals import refusal_of

COUNTS = {"smic": (70, 51, 43), "casme2": (88, 32, 25), "samm": (92, 26, 15)}


@pytest.fixture(scope="module")
def registry():
    return Registry(load(allow=()))


@pytest.fixture
def added(release):
    locations.add("htnet-release", release)
    return release


def refusal(registry, name):
    return refusal_of(open_dataset, registry, name)


def test_without_data_the_error_says_what_to_get_and_what_runs_now(registry):
    message = refusal(registry, "composite")
    assert "git clone https://github.com/wangzhifengharrison/HTNet" in message
    assert "merbench data add htnet-release PATH" in message
    assert "--dataset demo" in message


def test_a_release_that_has_gone_is_told_of(registry, added):
    added.rename(added.parent / "moved")
    assert f"was added as {added}, which is no longer a folder" in refusal(registry, "composite")


def test_the_composite_has_the_canonical_clips_in_the_canonical_order(registry, added):
    lines = (added / TABLE).read_text().splitlines()
    (added / TABLE).write_text("\n".join([lines[0], *reversed(lines[1:])]))
    clips = open_dataset(registry, "composite").clips
    assert list(clips["clip"]) == list(composite()["clip"])
    assert list(clips["label"]) == list(composite()["label"])


@pytest.mark.parametrize("database", COUNTS)
def test_a_database_alone_has_its_canonical_clips(registry, added, database):
    dataset = open_dataset(registry, f"{database}-3")
    assert set(dataset.clips["database"]) == {database}
    assert tuple(dataset.clips["label"].value_counts().sort_index()) == COUNTS[database]
    assert dataset.provides == {"flow-28", "landmarks-28"}
    assert dataset.read("flow-28", dataset.clips["clip"].iloc[-1]).shape == (3, 28, 28)


def change_first(root, line):
    lines = (root / TABLE).read_text().splitlines()
    (root / TABLE).write_text("\n".join([lines[0], *line, *lines[2:]]))


@pytest.mark.parametrize(
    ("line", "difference", "others_open"),
    [
        ((), "casme2/sub01/EP02_01f is missing", False),
        (
            ("casme2,sub01,EP02_01f,2",),
            "casme2/sub01/EP02_01f has class 2 (surprise), but the clip list says class 1 (positive)",
            False,
        ),
        (
            ("casme2,sub01,EP02_01f,1", "casme2,sub04,EP12_01f,0"),
            "casme2/sub04/EP12_01f is not in the list",
            True,
        ),
    ],
    ids=["missing", "labelled", "surplus"],
)
def test_a_clip_list_that_differs_is_refused_and_the_clip_named(registry, added, line, difference, others_open):
    change_first(added, line)
    message = refusal(registry, "composite")
    assert difference in message
    assert "merbench data check composite" in message
    assert check(registry, "composite").differences == (difference,)
    assert check(registry, "casme2-3").differences == (difference,)
    assert check(registry, "samm-3").ok
    assert len(open_dataset(registry, "samm-3").clips) == 133
    if others_open:
        assert len(open_dataset(registry, "casme2-3").clips) == 145
    else:
        assert difference in refusal(registry, "casme2-3")


def test_many_differences_are_counted_in_the_error_and_all_named_by_the_check(registry, added):
    lines = (added / TABLE).read_text().splitlines()
    (added / TABLE).write_text("\n".join([lines[0], *lines[11:]]))
    assert "; and 5 more" in refusal(registry, "composite")
    assert len(check(registry, "composite").differences) == 10


def test_the_check_counts_every_class_and_names_every_broken_image(registry, added):
    images = sorted((added / IMAGES).iterdir())
    images[0].write_bytes(b"")
    images[1].unlink()
    found = check(registry, "htnet-release")
    assert not found.ok
    assert found.differences == ()
    assert found.broken == {
        "samm/006/006_1_2": "006_006_1_2 .png is empty",
        "samm/006/006_1_3": "006_006_1_3 .png is missing",
    }
    assert {database: tuple(c.found for c in found.counts if c.database == database) for database in COUNTS} == COUNTS
    assert all(count.found == count.canonical for count in found.counts)
    assert "landmarks" in found.notes[0]


def test_the_real_composite_is_the_canonical_one(registry, real_data, monkeypatch):
    monkeypatch.setenv("MERBENCH_DATA", str(real_data))
    for name in ("composite", "htnet-release", "smic-3", "casme2-3", "samm-3"):
        found = check(registry, name)
        assert (found.differences, dict(found.broken)) == ((), {})
    dataset = open_dataset(registry, "composite")
    flow = np.stack([dataset.read("flow-28", clip) for clip in dataset.clips["clip"]])
    assert flow.shape == (442, 3, 28, 28)
    assert (flow.min(), flow.max()) == (0, 255)
