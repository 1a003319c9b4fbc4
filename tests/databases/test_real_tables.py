"""The real annotation tables, with tiny frames behind every row of them."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
from merbench_databases.canonical import composite
from merbench_databases.casme2 import CASME2
from merbench_databases.samm import SAMM

from merbench.datasets import open_dataset
from merbench.plugins import load
from merbench.registry import Registry

COUNTS = {"smic": [70, 51, 43], "casme2": [88, 32, 25], "samm": [92, 26, 15]}


@pytest.fixture(scope="module")
def registry():
    return Registry(load(allow=()))


@pytest.fixture(scope="module")
def shelf(real_data, tmp_path_factory, write_frames):
    """The three releases of the composite, under the names of their sources."""
    shelf = tmp_path_factory.mktemp("shelf")
    tables = real_data / "annotations"
    casme2, samm, smic = shelf / "casme2", shelf / "samm", shelf / "smic-hs" / "SMIC_all_raw" / "HS"
    for folder, table in ((casme2, "CASME2-coding-20190701.xlsx"), (samm, "SAMM_Micro_FACS_Codes_v2.xlsx")):
        folder.mkdir()
        shutil.copy(tables / table, folder)
    (casme2 / "CASME2_RAW_selected" / "sub01" / "EP02_01f").mkdir(parents=True)  # so that the tables can be read
    (samm / "006" / "006_1_2").mkdir(parents=True)
    behind(CASME2(casme2), casme2 / "CASME2_RAW_selected", "img{}.jpg", write_frames)
    behind(SAMM(samm), samm, "clip_{:05}.jpg", write_frames)
    for tint, clip in enumerate(composite()["clip"][lambda column: column.str.startswith("smic/")]):
        _, subject, name = clip.split("/")
        unpadded = f"s{int(subject[1:])}_{name.split('_', 1)[1]}"
        emotion = {"ne": "negative", "po": "positive", "sur": "surprise"}[name.split("_")[1]]
        write_frames(smic / subject / "micro" / emotion / unpadded, (5, 6, 9), "image{:06}.bmp", tint=tint)
    return shelf


def behind(reader, root, name, write_frames):
    table = reader.clips()
    for tint, (clip, *numbers) in enumerate(table[["clip", "onset", "apex", "offset"]].itertuples(index=False)):
        write_frames(
            root.joinpath(*clip.split("/")[1:]), {int(one) for one in numbers if one is not pd.NA}, name, tint=tint
        )


@pytest.fixture
def added(shelf, monkeypatch):
    monkeypatch.setenv("MERBENCH_DATA", str(shelf))
    return shelf


def test_every_row_of_the_real_tables_is_a_clip_that_can_be_read(added):
    for reader, clips, subjects in ((CASME2(added / "casme2"), 255, 26), (SAMM(added / "samm"), 159, 29)):
        table = reader.clips()
        assert (len(table), table["subject"].nunique()) == (clips, subjects)
        assert all(len(reader.read("frames", clip)) >= 2 for clip in table["clip"])
        assert dict(reader.published().emotions) == dict(table["emotion"].value_counts())


def test_the_composite_from_videos_has_the_canonical_clips_and_labels(registry, added):
    dataset = open_dataset(registry, "composite")
    assert list(dataset.readers) == ["smic-hs", "casme2", "samm"]
    assert dataset.provides == {"frames"}
    assert list(dataset.clips["clip"]) == list(composite()["clip"])
    assert list(dataset.clips["label"]) == list(composite()["label"])
    for database, counts in COUNTS.items():
        part = open_dataset(registry, f"{database}-3").clips
        assert list(part["label"].value_counts().sort_index()) == counts
    assert all(len(dataset.read("frames", clip)) >= 2 for clip in dataset.clips["clip"])


@pytest.mark.parametrize(
    ("name", "counts", "subjects"),
    [
        ("casme2-5", {"happiness": 32, "surprise": 28, "disgust": 63, "repression": 27, "others": 99}, 26),
        ("casme2-3-mmnet", {"negative": 96, "positive": 32, "surprise": 28}, None),
        ("samm-5", {"anger": 57, "other": 26, "happiness": 26, "surprise": 15, "contempt": 12}, 27),
    ],
)
def test_the_real_tables_give_the_published_counts(registry, added, name, counts, subjects):
    dataset = open_dataset(registry, name)
    found = dataset.clips["label"].map(dict(enumerate(dataset.spec.scheme.classes))).value_counts()
    assert dict(found) == counts
    assert subjects in (None, dataset.clips["subject"].nunique())
