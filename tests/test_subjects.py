"""Who is a subject is said by the clip list: no plugin of a stranger can put one person on both sides of a fold."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest

from merbench.cli import main
from merbench.data.datasets import open_dataset, shared_people
from merbench.errors import RecordError, ReleaseError
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.record import read_record
from merbench.runs.seal import sealed
from merbench.runs.verify import verify

SPLITTERS = """
    import merbench
    import numpy as np


    class OwnSubjects(merbench.Splitter):
        def split(self, clips):
            clips["subject"] = clips["clip"]
            for place in range(len(clips)):
                yield merbench.Fold(clips["clip"][place], np.delete(np.arange(len(clips)), place), np.array([place]))


    class Unchecked(merbench.Splitter):
        def split(self, clips):
            for place in range(len(clips)):
                yield merbench.Fold(clips["clip"][place], np.delete(np.arange(len(clips)), place), np.array([place]))

        def folds(self, clips):
            return list(self.split(clips))


    class Failing(merbench.Splitter):
        def split(self, clips):
            raise KeyError("sessions")


    @merbench.hookimpl
    def merbench_protocols():
        for name in ("OwnSubjects", "Unchecked", "Failing"):
            yield merbench.Protocol(name=name, splitter=f"splitters:{name}")


    @merbench.hookimpl
    def merbench_datasets():
        yield merbench.Dataset(
            name="smic-all", sources=("smic-hs", "smic-nir"), databases=("smic", "smic-nir"),
            scheme=merbench.THREE_CLASS,
        )
"""


@pytest.fixture
def splitters(tmp_path: Path) -> Path:
    path = tmp_path / "splitters.py"
    path.write_text(textwrap.dedent(SPLITTERS))
    return path


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        ("OwnSubjects", "splitters.py:7: OwnSubjects.split changes column 'subject' of the clip table"),
        ("Unchecked", "(plugin splitters) at "),
        ("Unchecked", "splitters.py:14: fold 'demo-a/a01/01': subject demo-a/a01 is on the training side"),
        ("Failing", "protocol Failing (plugin splitters): Failing.split failed at "),
    ],
)
def test_a_protocol_that_breaks_a_rule_is_refused_in_one_line(
    protocol: str, words: str, splitters: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["run", "--plugin", str(splitters), "--model", "majority", "--dataset", "demo", "--protocol", protocol]
    assert main([*argv, "--out", str(tmp_path / "out")]) == 2
    (line,) = [one for one in capsys.readouterr().err.splitlines() if "error:" in one]
    assert words in line
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    out = tmp_path_factory.mktemp("majority")
    assert main(["run", "--model", "majority", "--dataset", "demo", "--out", str(out)]) == 0
    (path,) = out.glob("*/record.json")
    return dict(json.loads(path.read_text()))


def renamed(made: dict[str, Any], protocol: str, tmp_path: Path) -> Path:
    """The record as if each clip had been a fold of its own under another protocol."""
    content = json.loads(json.dumps(made))
    content["plan"]["protocol"] = protocol
    for number, row in enumerate(content["predictions"]):
        row["fold"] = f"clip{number}"
    content["folds"] = [{**content["folds"][0], "name": f"clip{number}"} for number in range(128)]
    path = tmp_path / "record.json"
    path.write_text(json.dumps(sealed(content)))
    record = read_record(path)
    path.write_text(record.model_copy(update={"id": record.plan.digest()}).to_json())
    return path


@pytest.mark.parametrize("protocol", ["OwnSubjects", "Unchecked"])
def test_a_record_is_verified_by_the_clips_subjects_and_not_by_what_a_splitter_says(
    protocol: str, made: dict[str, Any], splitters: Path, tmp_path: Path
) -> None:
    record = read_record(renamed(made, protocol, tmp_path))
    with pytest.raises(RecordError, match=r"is on the training side and the test side|changes column 'subject'"):
        verify(record, Registry(load(files=[splitters])))


def test_of_an_unknown_protocol_it_is_said_that_subjects_are_tested_in_several_folds(
    made: dict[str, Any], tmp_path: Path
) -> None:
    unchecked = verify(read_record(renamed(made, "leave-one-clip-out", tmp_path)), Registry(load(allow=())))
    assert unchecked[0] == "protocol leave-one-clip-out is not installed: the folds were not compared"
    assert unchecked[1].startswith("20 subjects are tested in several folds (first: demo-a/a01), so folds might train")


def test_a_dataset_that_shows_the_same_people_twice_is_refused(splitters: Path) -> None:
    registry = Registry(load(files=[splitters]))
    with pytest.raises(ReleaseError, match=r"^smic-all has smic and smic-nir, which show the same people: each person"):
        open_dataset(registry, "smic-all")


def test_a_record_that_shows_the_same_people_twice_is_refused(made: dict[str, Any], tmp_path: Path) -> None:
    renames = {"demo-a/": "smic/", "demo-b/": "smic-vis/", "demo-c/": "smic-nir/"}
    text = json.dumps(made)
    for old, new in renames.items():
        text = text.replace(old, new)
    path = tmp_path / "record.json"
    path.write_text(json.dumps(sealed(json.loads(text))))
    record = read_record(path)
    record = record.model_copy(update={"id": record.plan.digest()})
    with pytest.raises(RecordError, match="its clips come from smic and smic-nir, which show the same people"):
        verify(record, Registry(load(allow=())))


@pytest.mark.parametrize("databases", [("smic", "casme2", "samm"), ("smic-vis",), ("demo-a", "demo-b")])
def test_other_databases_show_other_people(databases: tuple[str, ...]) -> None:
    assert shared_people(Registry(load(allow=())), databases) == ""


OTHER_CAMERA = """
    import merbench


    @merbench.hookimpl
    def merbench_sources():
        for name, same in (("front", ()), ("side", {same!r})):
            yield merbench.Source(
                name=name, reader="cameras:Never", provides=("frames",), databases=(name,), same_people=same
            )


    @merbench.hookimpl
    def merbench_datasets():
        yield merbench.Dataset(
            name="both-cameras", sources=("front", "side"), databases=("front", "side"), scheme=merbench.THREE_CLASS
        )
"""


@pytest.mark.parametrize("same", [("front",), ()])
def test_one_source_that_names_the_other_is_enough_to_keep_a_person_off_both_sides(
    same: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "cameras.py"
    path.write_text(textwrap.dedent(OTHER_CAMERA.format(same=same)))
    registry = Registry(load(files=[path]))
    said = shared_people(registry, ("side", "front"))
    assert said == ("side and front, which show the same people: each person would count as two subjects" * bool(same))
    says = "both-cameras has side and front, which show the same people" if same else "no data for front"
    with pytest.raises(ReleaseError, match=says):
        open_dataset(registry, "both-cameras")
