"""The real annotation tables, with tiny frames behind every row of them."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
from merbench_databases.canonical import composite
from merbench_databases.casme2 import CASME2
from merbench_databases.casme3a import CASME3A
from merbench_databases.hsta import HSTAFiveFold
from merbench_databases.samm import SAMM

from merbench.data import locations
from merbench.data.check import check
from merbench.data.datasets import open_dataset
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.protocols import FiveFold, ProtocolError, shared_subjects
from merbench.runs.prepare import Request, prepare

NUMBERS = ["onset", "apex", "offset"]
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


def stands(path, subject, frame="{}", **options):
    """The cells of a real table, read without the plugin."""
    table = (pd.read_csv if path.suffix == ".csv" else pd.read_excel)(path, dtype=str, **options)
    table = table.rename(columns=lambda name: name.replace(" ", "").lower()).dropna(subset=["filename"])
    table = table.rename(columns={"estimatedemotion": "emotion", "actionunits": "au"})
    cells = {name: pd.to_numeric(table[frame.format(name)], errors="coerce").astype("Int64") for name in NUMBERS}
    cells |= {"subject": subject + table["subject"].str.strip(), "emotion": table["emotion"].str.strip().str.lower()}
    cells |= {"name": table["filename"].str.strip(), "action_units": table["au"].str.strip()}
    return pd.DataFrame(cells).reset_index(drop=True)


def test_every_cell_of_the_real_tables_is_read_as_it_stands_but_for_two_that_errata_mend(added):
    casme2, samm = added / "casme2", added / "samm"
    for reader, cells, mended in (
        (CASME2(casme2), stands(casme2 / "CASME2-coding-20190701.xlsx", "casme2/sub", "{}frame"), 0),
        (SAMM(samm), stands(samm / "SAMM_Micro_FACS_Codes_v2.xlsx", "samm/", "{}frame", header=13), 2),
    ):
        read = reader.clips()
        assert list(read["clip"]) == list(cells["subject"] + "/" + cells["name"])
        other = read["apex"].isna() & cells["apex"].notna()
        assert other.sum() == mended
        columns = ["subject", "emotion", "action_units", *NUMBERS]
        pd.testing.assert_frame_equal(read.loc[~other, columns], cells.loc[~other, columns], check_dtype=False)


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


def test_the_check_of_the_composite_from_videos_finds_no_difference(registry, added):
    found = check(registry, "composite")
    assert (found.differences, dict(found.broken)) == ((), {})
    assert sum(count.found for count in found.counts) == 442
    assert {one.database: (one.subjects, one.published, one.fps) for one in found.databases} == {
        "smic": (16, 16, (100.0,)),
        "casme2": (24, 24, (200.0,)),
        "samm": (28, 28, (200.0,)),
    }
    assert found.notes == ("frames: SAMM: errata repair 2 clip(s) of its table",)


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


@pytest.fixture(scope="module")
def casme3a(real_data, tmp_path_factory, write_frames):
    """CAS(ME)3 part A with the frames of the first clips of its table."""
    root = tmp_path_factory.mktemp("casme3a")
    shutil.copy(real_data / "annotations" / "hsta-5-fold" / "combined_csv.csv", root / "cas(me)3_part_A_ME.csv")
    (root / "part_A" / "spNO.1" / "a" / "color").mkdir(parents=True)
    for clip, onset, offset in CASME3A(root).clips()[["clip", "onset", "offset"]].head(20).itertuples(index=False):
        folder = root / "part_A" / clip.split("/")[1] / clip.split("/")[2][0] / "color"
        write_frames(folder, (int(onset), int(offset)), "{}.jpg", tint=int(onset))
    return root


@pytest.mark.parametrize(
    ("name", "counts", "subjects"),
    [
        ("casme3-3", {"negative": 457, "positive": 55, "surprise": 187}, 88),
        ("casme3-4", {"negative": 457, "positive": 55, "surprise": 187, "others": 161}, 94),
        (
            "casme3-7",
            {"disgust": 250, "surprise": 187, "others": 161, "fear": 86, "anger": 64, "sad": 57, "happy": 55},
            94,
        ),
    ],
)
def test_part_a_of_casme3_gives_the_published_counts(registry, casme3a, name, counts, subjects):
    locations.add("casme3a", casme3a)
    dataset = open_dataset(registry, name)
    found = dataset.clips["label"].map(dict(enumerate(dataset.spec.scheme.classes))).value_counts()
    assert dict(found) == counts
    assert dataset.clips["subject"].nunique() == subjects
    assert len(dataset.read("frames", dataset.clips["clip"].iloc[0])) == 2


def test_errata_mend_the_four_impossible_rows_of_casme3_and_nothing_else(casme3a):
    reader = CASME3A(casme3a)
    clips = reader.clips()
    cells = stands(casme3a / "cas(me)3_part_A_ME.csv", "casme3a/")
    columns = ["subject", "emotion", "action_units"]
    pd.testing.assert_frame_equal(clips[columns], cells[columns], check_dtype=False)
    same = clips[NUMBERS].eq(cells[NUMBERS]).fillna(False).all(axis=1)
    assert list(clips["clip"][same]) == [
        f"{row.subject}/{row.name.lower()}_{row.onset}" for row in cells[same].itertuples(index=False)
    ]
    apex = clips["apex"].fillna(clips["onset"])
    assert ((clips["onset"] <= apex) & (apex <= clips["offset"])).all()
    mended = [one for one in reader._clips.values() if one.erratum]
    assert sorted(one.id.rpartition("_")[0] for one in mended) == [
        "casme3a/spNO.149/d",
        "casme3a/spNO.216/d",
        "casme3a/spNO.40/e",
        "casme3a/spNO.40/e",
    ]
    assert set(clips["clip"][~same]) == {one.id for one in mended}
    assert "errata repair 4 clip(s)" in reader.notes()["frames"]


def test_the_folds_of_hsta_can_be_run_and_share_subjects_as_nothing_else_may(registry, casme3a, real_data):
    locations.add("casme3a", casme3a)
    clips = open_dataset(registry, "casme3-7").clips
    with pytest.raises(ProtocolError, match="merbench data add hsta-folds PATH"):
        HSTAFiveFold().folds(clips)
    locations.add("hsta-folds", real_data / "annotations" / "hsta-5-fold")
    folds = HSTAFiveFold().folds(clips)
    assert [len(fold.test) for fold in folds] == [172] * 5
    assert all(len(fold.train) + len(fold.test) == 860 for fold in folds)
    shared = shared_subjects(clips, folds)
    assert (min(shared), max(shared)) == (54, 64)
    assert shared_subjects(clips, FiveFold().folds(clips)) == [0] * 5
    three = open_dataset(registry, "casme3-3").clips
    assert sum(len(fold.test) for fold in HSTAFiveFold().folds(three)) == 699


def test_a_run_on_the_folds_of_hsta_says_that_subjects_stand_on_both_sides(registry, casme3a, real_data):
    locations.add("casme3a", casme3a)
    locations.add("hsta-folds", real_data / "annotations" / "hsta-5-fold")
    asked = {"model": "majority", "dataset": "casme3-7"}
    job = prepare(registry, Request(**asked, protocol="hsta-5-fold"))
    assert job.warnings[0].startswith("subjects on both sides: 54 to 64 subjects of each fold")
    assert not any("both sides" in one for one in prepare(registry, Request(**asked, protocol="subjects-5")).warnings)
