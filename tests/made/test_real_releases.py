"""The real annotation tables with frames behind every row, and the composite from the releases of its parts."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest
from merbench_databases.canonical import composite

from merbench.data import locations
from merbench.data.datasets import open_dataset, release_reader
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from tests.made import cached_shelf, write_release

COMPOSITE = ("smic-hs", "casme2", "samm")
CANONICAL = {"smic": 164, "casme2": 145, "samm": 133}
SMALL = {"size": (16, 16), "draw": "plain", "frames": "onset-apex-offset"}
TABLES = {"casme2": "CASME2-coding-20190701.xlsx", "samm": "SAMM_Micro_FACS_Codes_v2.xlsx"}
ROWS = {"casme2": (255, 26), "samm": (159, 29)}


@pytest.fixture(scope="module")
def registry():
    return Registry(load(allow=()))


@pytest.fixture(scope="module")
def tables(real_data):
    return real_data / "annotations"


def real_clips(path, source):
    """The rows of a real table as clips, read without the plugin."""
    table = pd.read_excel(path, header=13 if source == "samm" else 0, dtype=str).dropna(subset=["Filename"])
    table.columns = table.columns.str.replace(" ", "")
    subject = source + "/" + ("sub" if source == "casme2" else "") + table["Subject"].str.strip()
    return pd.DataFrame(
        {
            "clip": subject + "/" + table["Filename"].str.strip(),
            "database": source,
            "subject": subject,
            **{name: numbers(table[f"{name.capitalize()}Frame"]) for name in ("onset", "apex", "offset")},
            "emotion": table["EstimatedEmotion"].str.strip().str.lower(),
            "action_units": table["ActionUnits"].str.strip(),
        }
    )


def numbers(column):
    return pd.to_numeric(column, errors="coerce").astype("Int64")


def read(registry, source, root):
    return release_reader(registry.sources.get(source), root)


def by_id(table):
    return table.sort_values("clip", ignore_index=True)


@pytest.mark.parametrize("source", TABLES)
def test_every_row_of_a_real_table_comes_back_from_what_is_written(registry, tables, tmp_path, source):
    given = real_clips(tables / TABLES[source], source)
    told = write_release(source, tmp_path, given, **SMALL)
    assert (len(told), told["subject"].nunique()) == ROWS[source]
    reader = read(registry, source, tmp_path)
    clips = reader.clips()
    mended = clips["apex"].isna() & told["apex"].notna()
    assert mended.sum() == {"casme2": 0, "samm": 2}[source]  # by errata
    pd.testing.assert_frame_equal(clips[~mended], told[~mended])
    for clip in clips["clip"]:
        frames = reader.read("frames", clip)
        assert frames.onset == frames.numbers[0]
        assert frames.offset == frames.numbers[-1]


@pytest.mark.parametrize("source", TABLES)
def test_the_real_table_can_lie_where_the_written_one_did(registry, tables, tmp_path, source):
    write_release(source, tmp_path, real_clips(tables / TABLES[source], source), **SMALL)
    written = read(registry, source, tmp_path).clips()
    shutil.copy(tables / TABLES[source], tmp_path / TABLES[source])
    reader = read(registry, source, tmp_path)
    pd.testing.assert_frame_equal(reader.clips(), written)
    assert all(len(reader.read("frames", clip)) >= 2 for clip in written["clip"])
    assert dict(reader.published().emotions) == dict(written["emotion"].value_counts())


def test_all_rows_of_part_a_of_casme3_come_back_but_for_those_that_errata_mend(registry, tables, tmp_path):
    table = pd.read_csv(tables / "cas(me)3_part_A_edited.csv", dtype=str)
    given = pd.DataFrame(
        {
            "clip": "casme3a/" + table["Subject"] + "/" + table["Filename"].str.lower() + "_" + table["Onset"],
            "database": "casme3a",
            "subject": "casme3a/" + table["Subject"],
            **{name: numbers(table[name.capitalize()]) for name in ("onset", "apex", "offset")},
            "emotion": table["emotion"].str.strip().str.lower(),
            "action_units": table["AU"].str.strip(),
        }
    )
    told = write_release("casme3a", tmp_path, given, layout="csv", **SMALL)
    reader = read(registry, "casme3a", tmp_path)
    clips = reader.clips()
    numbered = ["onset", "apex", "offset"]
    same = clips[numbered].eq(told[numbered]).fillna(False).all(axis=1)
    assert len(told) == len(table)
    assert list(clips["clip"]) == list(told["clip"])
    mended = [clip.rpartition("_")[0] for clip in clips["clip"][~same]]
    assert set(mended) <= {"casme3a/spNO.149/d", "casme3a/spNO.216/d", "casme3a/spNO.40/e"}
    assert all(reader.read("frames", clip).numbers for clip in clips["clip"][same])


@pytest.fixture
def composite_shelf(real_data, tables, tmp_path, monkeypatch):
    """The three releases with every clip of the real tables, SMIC's those of the canonical list."""
    given = [real_clips(tables / TABLES[source], source) for source in TABLES]
    listed = composite()[lambda table: table["database"] == "smic"]
    shelf = cached_shelf(tmp_path, COMPOSITE, pd.concat([*given, listed], ignore_index=True), **SMALL)
    monkeypatch.setenv("MERBENCH_DATA", str(shelf))


@pytest.mark.usefixtures("composite_shelf")
def test_the_composite_from_the_real_tables_is_the_canonical_one(registry):
    check_canonical(open_dataset(registry, "composite"))


def test_the_composite_from_its_list_alone_is_the_canonical_one(registry, tmp_path):
    shelf = cached_shelf(tmp_path, COMPOSITE, composite(), **SMALL)
    for source in COMPOSITE:
        locations.add(source, shelf / source)
    dataset = open_dataset(registry, "composite")
    check_canonical(dataset)
    assert {database: len(open_dataset(registry, f"{database}-3").clips) for database in CANONICAL} == CANONICAL


def check_canonical(dataset):
    assert list(dataset.readers) == list(COMPOSITE)
    assert list(dataset.clips["clip"]) == list(composite()["clip"])
    assert list(dataset.clips["label"]) == list(composite()["label"])
    assert dict(dataset.clips["database"].value_counts()) == CANONICAL
    assert all(len(dataset.read("frames", clip)) >= 2 for clip in dataset.clips["clip"])
