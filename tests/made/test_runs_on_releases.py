"""From a folder as it was downloaded to a verified record, and what is told of a release in which much is wrong."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest
from merbench_demo.video import render

import merbench.api
from merbench.cli import main
from merbench.data.datasets import release_reader
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from tests.made import write_release

DATASET = """
import merbench

@merbench.hookimpl
def merbench_datasets():
    sources, databases = {sources}, {databases}
    yield merbench.Dataset(name="videos", sources=sources, databases=databases, scheme=merbench.THREE_CLASS,
                           protocol="{protocol}", public_labels=True)
"""
SIZE = (240, 320)
SMALL = {"size": SIZE, "frames": "onset-apex-offset"}
SOURCES = ("smic-hs", "casme2", "samm")
QUICK = ("--recipe", "quick", "--set", "epochs=2")
MODELS = {
    "flow-lr": (),
    "lbp-top": (),
    "ststnet": QUICK,
    "htnet": (*QUICK, "--set", "dim=8", "--set", "heads=1", "--set", "block_repeats=1,1,1"),
    "mmnet": QUICK,
    "hsta": QUICK,
}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """The official releases of the composite's three databases, with two subjects each."""
    folder = tmp_path_factory.mktemp("shelf")
    for source in SOURCES:
        write_release(source, folder / source, subjects=2, **SMALL)
    return folder


def run(tmp_path, capsys, *words, sources=SOURCES, databases=("smic", "casme2", "samm"), protocol="loso"):
    """The exit code of a run on the dataset, and what it says on stderr."""
    plugin = tmp_path / "videos.py"
    plugin.write_text(DATASET.format(sources=sources, databases=databases, protocol=protocol))
    argv = ("--plugin", str(plugin), "run", "--dataset", "videos", "--jobs", "1", "--out", str(tmp_path / "out"))
    capsys.readouterr()
    code = main([*argv, *words])
    return code, capsys.readouterr().err


def record_of(tmp_path):
    (path,) = (tmp_path / "out").glob("*/record.json")
    assert main(["--plugin", str(tmp_path / "videos.py"), "results", "verify", str(path)]) == 0
    return json.loads(path.read_text())


@pytest.mark.parametrize("model", MODELS)
def test_a_model_runs_from_official_releases_to_a_verified_record(shelf, model, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MERBENCH_DATA", str(shelf))
    code, _ = run(tmp_path, capsys, "--model", model, *MODELS[model])
    assert code == 0
    record = record_of(tmp_path)
    clips = [one["clip"] for one in record["predictions"]]
    assert len(clips) == len(set(clips)) == record["plan"]["clips_total"] == 16  # 2 of 18 are others
    assert {clip.split("/")[0] for clip in clips} == {"smic", "casme2", "samm"}
    assert {"full", "smic", "casme2", "samm"} <= set(record["scores"]["last"])
    assert str(shelf) not in json.dumps(record)


CAMERAS = {"sources": ("smic-hs", "smic-vis", "smic-nir"), "databases": ("smic", "smic-vis", "smic-nir")}
PEOPLE = 5  # of the high-speed camera; the others show the first three


@pytest.fixture(scope="module")
def cameras(tmp_path_factory):
    """SMIC as it was recorded: three cameras, of which two were added later and show fewer people."""
    folder = tmp_path_factory.mktemp("cameras")
    for source in CAMERAS["sources"]:
        write_release(source, folder / source, subjects=PEOPLE if source == "smic-hs" else 3, **SMALL)
    return folder


def test_three_cameras_of_the_same_people_run_with_every_person_on_one_side_and_counted_once(
    cameras, tmp_path, capsys, monkeypatch
):
    monkeypatch.setenv("MERBENCH_DATA", str(cameras))
    code, _ = run(tmp_path, capsys, "--model", "flow-lr", **CAMERAS)
    assert code == 0
    record = record_of(tmp_path)
    assert record["plan"]["same_people"] == [["smic", "smic-nir", "smic-vis"]]
    clips = {one["clip"]: one for one in record["predictions"]}
    people = [clip.split("/")[1] for clip in clips]
    assert (len(clips), len(set(people))) == (3 * (PEOPLE + 3 + 3), PEOPLE)
    assert [one["fold"] for one in clips.values()] == [f"smic/{name}" for name in people]
    assert len(record["folds"]) == PEOPLE
    for part, scores in record["scores"]["last"].items():
        rows = [one for clip, one in clips.items() if part in ("full", clip.split("/")[0])]
        answers = [one["policies"]["last"]["predicted"] for one in rows]
        names = [one["clip"].split("/")[1] for one in rows]
        wanted = merbench.api.score([one["truth"] for one in rows], answers, names)
        assert scores["intervals"]["uf1"] == list(wanted.uf1_interval)
        assert (scores["clips"], scores["uf1"]) == (len(rows), wanted.uf1)
    note = "smic, smic-nir and smic-vis show the same people: subjects of one name are one person, smic/NAME"
    assert note in record["warnings"]


def test_each_camera_alone_has_the_person_in_a_fold_of_its_own(cameras, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MERBENCH_DATA", str(cameras))
    code, _ = run(tmp_path, capsys, "--model", "majority", **CAMERAS, protocol="loso-per-database")
    assert code == 0
    record = record_of(tmp_path)
    assert all(one["clip"].startswith(f"{one['fold']}/") for one in record["predictions"])
    assert len(record["folds"]) == PEOPLE + 3 + 3


def test_counts_of_people_in_place_of_clips_keep_every_score_and_verify(cameras, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MERBENCH_DATA", str(cameras))
    assert run(tmp_path, capsys, "--model", "flow-lr", **CAMERAS)[0] == 0
    (path,), counts = (tmp_path / "out").glob("*/record.json"), tmp_path / "records" / "counts.json"
    counts.parent.mkdir()
    plugin = ("--plugin", str(tmp_path / "videos.py"))
    capsys.readouterr()
    assert main([*plugin, "results", "export", str(path), "--out", str(counts)]) == 0
    assert f"33 clips of {PEOPLE} subjects" in capsys.readouterr().out
    assert main([*plugin, "results", "verify", str(counts)]) == 0
    whole, counted = json.loads(path.read_text()), json.loads(counts.read_text())
    assert counted["scores"] == whole["scores"]
    assert len(counted["subjects"]) == PEOPLE + 3 + 3
    site = tmp_path / "site"
    assert main([*plugin, "leaderboard", "build", "--records", str(counts.parent), "--out", str(site)]) == 0
    board = (site / "boards" / "videos-loso.html").read_text()
    assert f"{PEOPLE} subjects" in board


@pytest.mark.parametrize("protocol", ["lodo", "from-smic"])
def test_to_leave_one_camera_out_is_refused_in_one_line(protocol, cameras, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("MERBENCH_DATA", str(cameras))
    code, said = run(tmp_path, capsys, "--model", "majority", **CAMERAS, protocol=protocol)
    assert code == 2
    (line,) = [one for one in said.splitlines() if "error:" in one]
    assert "which show the same people: smic/s01 (and 2 more) would be on both sides; use loso, or a dataset" in line
    assert not (tmp_path / "out").exists()


@pytest.fixture
def much_is_wrong(tmp_path, monkeypatch):
    """A release of CASME II in which nine clips have each a fault of their own: clip to file and reason."""
    monkeypatch.setenv("MERBENCH_DATA", str(tmp_path / "data"))
    root = tmp_path / "data" / "casme2"
    told = write_release("casme2", root, subjects=5, quirks=("wrong-rows",), **SMALL)
    reader = release_reader(Registry(load(allow=())).sources.get("casme2"), root)
    files = {clip: reader.read("frames", clip).files for clip in told["clip"][3:]}
    first = {clip: files[clip][min(files[clip])] for clip in files}
    empty, crowded, nobody, deep, lonely, gone = list(files)[:6]
    first[empty].write_bytes(b"")
    crowd = np.hstack([render(name, "c", "positive", size=SIZE).image(0) for name in ("s1", "s2")])
    cv2.imwrite(str(first[crowded]), crowd[..., ::-1])
    cv2.imwrite(str(first[nobody]), np.full((*SIZE, 3), 128, np.uint8))
    first[deep].write_bytes(cv2.imencode(".png", np.zeros(SIZE, np.uint16))[1].tobytes())
    for path in list(files[lonely].values())[1:]:
        path.unlink()
    shutil.rmtree(first[gone].parent)
    swapped, zero, late = told["clip"][:3]
    return {
        swapped: ("", "the apex is before the onset"),
        zero: ("", "the offset is before the onset"),
        late: ("", "the apex is after the offset"),
        empty: (first[empty].name, "has 0 bytes"),
        crowded: ("", "2 faces were found in its onset frame, and none is clearly the largest"),
        nobody: ("", "no face was found in its onset frame"),
        deep: (first[deep].name, "has 16 bits a channel; 8 were expected"),
        lonely: ("", "it has 1 of its frames, but at least two are needed (1 in its folder)"),
        gone: ("", f"its folder is missing: {gone.removeprefix('casme2/')}"),
    }


def test_a_run_stops_with_every_broken_clip_its_file_and_the_reason_or_goes_on_without_them(
    much_is_wrong, tmp_path, capsys
):
    alone = {"sources": ("casme2",), "databases": ("casme2",), "protocol": "loso-per-database"}
    code, said = run(tmp_path, capsys, "--model", "flow-lr", **alone)
    assert code == 2
    table = {line.split()[0]: line for line in said.splitlines() if line.startswith("casme2/")}
    labelled = {clip: fault for clip, fault in much_is_wrong.items() if clip in table}
    assert set(table) == set(labelled)
    assert len(labelled) >= len(much_is_wrong) - 2  # those that are others have no class
    for clip, (file, reason) in labelled.items():
        assert " ".join(table[clip].split()) == " ".join(f"{clip} {file} {reason}".split())
    assert not (tmp_path / "out").exists()
    code, _ = run(tmp_path, capsys, "--model", "flow-lr", "--skip-broken", **alone)
    assert code == 0
    record = record_of(tmp_path)
    (names,) = [one for one in record["warnings"] if one.startswith("broken: ")]
    assert set(names.removeprefix("broken: ").split(", ")) == set(labelled)
    assert not set(labelled) & {one["clip"] for one in record["predictions"]}
