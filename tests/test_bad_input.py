"""What a user can mend is one line on stderr and exit code 2; no traceback, and nothing half-written."""

from __future__ import annotations

import json
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from merbench_shallow.ststnet import STSTNet

from merbench.cli import main

SMALL = ("dim=8", "heads=1", "block_repeats=1,1,1", "epochs=1", "batch_size=64")
HTNET = ("--model", "htnet", *(word for setting in SMALL for word in ("--set", setting)), "--folds", "demo-a/a0[12]")
LINEAR = ("--model", "flow-lr", "--folds", "demo-a/a0[12]")

UNDERIVABLE = """
import merbench

@merbench.hookimpl
def merbench_features():
    yield merbench.Feature(name="onset-apex-depth", function="json:dumps", inputs=("depth",))

@merbench.hookimpl
def merbench_models():
    for name, feature in (("deep", "depth"), ("two-depths", "onset-apex-depth")):
        yield merbench.EstimatorModel(name=name, estimator="sklearn.dummy:DummyClassifier", features=(feature,))
"""

# A source, dataset, feature, model and protocol of a stranger's, in one file and with the public names alone.
WHOLE = """
import numpy as np
import merbench

CLIPS = {{"own/{{}}/{{}}".format(subject, index): emotion
         for subject, emotions in {roster}.items() for index, emotion in enumerate(emotions)}}

class Reader(merbench.SourceReader):
    def clips(self):
        return merbench.clip_table({{
            "clip": list(CLIPS),
            "database": ["own"] * len(CLIPS),
            "subject": [clip.rsplit("/", 1)[0] for clip in CLIPS],
            "emotion": list(CLIPS.values()),
        }})

    def read(self, feature, clip):
        return np.full(4, len(CLIPS[clip]), np.float32)

def doubled(values):
    return 2 * values

class Each(merbench.Splitter):
    def split(self, clips):
        for subject in clips["subject"].unique(){some}:
            here = (clips["subject"] == subject).to_numpy(bool)
            yield merbench.Fold(subject, np.flatnonzero(~here), np.flatnonzero(here))

@merbench.hookimpl
def merbench_sources():
    yield merbench.Source(name="own", reader=__name__ + ":Reader", provides=("four",), databases=("own",),
                          embedded=True)

@merbench.hookimpl
def merbench_datasets():
    yield merbench.Dataset(name="own", sources=("own",), databases=("own",), scheme=merbench.THREE_CLASS,
                           protocol="each")

@merbench.hookimpl
def merbench_features():
    yield merbench.Feature(name="eight", function=__name__ + ":doubled", inputs=("four",))

@merbench.hookimpl
def merbench_models():
    yield merbench.EstimatorModel(name="tree", estimator="sklearn.tree:DecisionTreeClassifier", features=("eight",))

@merbench.hookimpl
def merbench_protocols():
    yield merbench.Protocol(name="each", splitter=__name__ + ":Each")
"""

BAD: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "model": (("--model", "htnett"), ["no model is called 'htnett'", "nearest: htnet", "merbench list models"]),
    "dataset": ((*LINEAR, "--dataset", "demos"), ["no dataset is called 'demos'", "nearest: demo", "list datasets"]),
    "protocol": ((*LINEAR, "--protocol", "losso"), ["no protocol is called 'losso'", "nearest: loso"]),
    "family": (("--model", "timmy:resnet18"), ["'timmy:resnet18'", "nearest: timm:resnet18", "--match 'timm:*'"]),
    "architecture": (("--model", "timm:resnet19"), ["no architecture 'resnet19'", "nearest: resnet1", "timm:*"]),
    "recipe": (("--model", "htnet", "--recipe", "quik"), ["no recipe is called 'quik'", "nearest: quick", "paper"]),
    "folds": (("--model", "htnet", "--folds", "demo-a/a99"), ["no fold is called 'demo-a/a99'", "demo-a/a01"]),
    "option": ((*HTNET, "--set", "dims=3"), ["no option 'dims'", "nearest: dim", "available"]),
    "option of an estimator": ((*LINEAR, "--set", "lr=1"), ["no option 'lr'", "available: C"]),
    "number": ((*HTNET, "--set", "epochs=many"), ["--set epochs=many", "must be a whole number"]),
    "range": ((*HTNET, "--set", "lr=-1"), ["--set lr=-1", "must be above 0"]),
    "no equals": ((*HTNET, "--set", "dim"), ["--set dim", "name=value"]),
    "variant": ((*HTNET, "--set", "htnet-regions=other"), ["no variant 'other'", "as-released", "anatomical"]),
    "dim": ((*HTNET, "--set", "dim=0"), ["model htnet (plugin htnet) cannot be built with", "dim is 0"]),
    "image size": ((*HTNET, "--set", "image_size=30"), ["not a multiple of patch_size 7"]),
    "fit, but not to the data": ((*HTNET, "--set", "image_size=56"), ["forward in training", "[3, 28, 28]"]),
    "estimator's option": ((*LINEAR, "--set", "C=-1"), ["model flow-lr (plugin", "cannot be built", "above 0"]),
    "data": ((*LINEAR[:2], "--dataset", "composite"), ["merbench data add htnet-release PATH", "--dataset demo"]),
    "weights": ((*HTNET, "--weights", "nowhere"), ["--weights", "nowhere", "no such folder"]),
    "weights of a fold": ((*HTNET, "--weights", "."), ["no checkpoint for 2 of 2 folds", "a01.pth"]),
    "weights of an estimator": ((*LINEAR, "--weights", "."), ["flow-lr is not a network"]),
    "weights, policy": ((*HTNET, "--weights", "weights", "--epoch-policy", "inner"), ["leave out --epoch-policy"]),
    "tf32": ((*HTNET, "--device", "cpu", "--precision", "tf32"), ["tf32 needs a CUDA device", "use fp32"]),
    "policy of an estimator": ((*LINEAR, "--epoch-policy", "inner"), ["scikit-learn estimator", "--epoch-policy"]),
    "seed": ((*LINEAR, "--seed", "-1"), ["--seed", "whole number of at least 0"]),
    "seeds": ((*LINEAR, "--seeds", "0"), ["--seeds", "at least 1"]),
    "device": ((*LINEAR, "--device", "tpu"), ["tpu", "cuda"]),
    "flag": ((*LINEAR, "--fols", "x"), ["--fols", "--folds"]),
}  # fmt: skip


@pytest.fixture
def refused(tmp_path, capsys, monkeypatch) -> Callable[..., str]:
    """The one line of a command that must fail, without a trace in its folder of results."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights").mkdir()
    for name in ("a01", "a02"):
        torch.save({}, tmp_path / "weights" / f"{name}.pth")

    def say(*argv: str, out: Path = tmp_path / "out") -> str:
        data = [] if "--dataset" in argv else ["--dataset", "demo"]
        assert main(["run", *data, "--out", str(out), *argv]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        *notes, line = told.err.splitlines()
        assert line.startswith("merbench: error: ")
        assert all(note.startswith("merbench: ") and "error" not in note for note in notes)
        assert "Traceback" not in told.err
        return line

    return say


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_done_is_one_line_and_leaves_nothing(name, refused, tmp_path):
    argv, words = BAD[name]
    line = refused(*argv)
    assert not [word for word in words if word not in line], line
    assert not (tmp_path / "out").exists()


def test_a_gpu_that_is_not_there_is_told(refused, tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    assert "use --device auto" in refused(*HTNET, "--device", "cuda")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("model", "chain"),
    [("deep", "deep wants depth"), ("two-depths", "onset-apex-depth, which is computed from depth")],
)
def test_a_feature_that_cannot_be_derived_is_told_with_its_chain(model, chain, refused, tmp_path):
    (tmp_path / "frames.py").write_text(UNDERIVABLE)
    line = refused("--plugin", str(tmp_path / "frames.py"), "--model", model)
    assert chain in line
    assert "demo provides only frames" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "argv",
    [
        ("mmnet",),
        ("hsta",),
        ("lbp-top",),
        ("lbp-sip",),
        ("hog-top",),
        ("mdmo",),
        ("apex-resnet",),
        ("hoof", "--recipe", "linear-224"),
        ("timm:resnet18", "--recipe", "images"),
    ],
    ids=lambda argv: argv[0],
)
def test_a_model_that_needs_videos_says_so_on_the_flow_release(argv, refused, real_data, tmp_path, monkeypatch):
    monkeypatch.setenv("MERBENCH_DATA", str(real_data))
    line = refused("--dataset", "composite", "--model", *argv)
    assert f"{argv[0]} wants " in line
    assert "face, which is computed from frames; dataset composite provides only flow-28 and landmarks-28;" in line
    assert line.endswith("merbench data add smic-hs PATH, merbench data add casme2 PATH, merbench data add samm PATH")
    assert not (tmp_path / "out").exists()


def test_checkpoints_of_another_number_of_classes_are_told_with_the_tensor(refused, real_data, tmp_path, monkeypatch):
    monkeypatch.setenv("MERBENCH_DATA", str(real_data))
    torch.save(STSTNet(classes=5).state_dict(), tmp_path / "weights" / "sub01.pth")
    argv = ("--dataset", "composite", "--folds", "casme2/sub01", "--weights", "weights")
    line = refused("--model", "ststnet", *argv)
    assert "sub01.pth does not fit the network" in line
    assert "size mismatch for fc.weight" in line
    assert not list(tmp_path.rglob("record.json"))


def test_a_loss_that_is_no_number_names_fold_and_epoch_and_keeps_what_is_finished(refused, tmp_path, capsys):
    argv = (*HTNET, "--set", "lr=1e30", "--set", "epochs=3")
    line = refused(*argv)
    assert "fold demo-a/a01" in line
    assert "epoch " in line
    assert "smaller learning rate (--set lr=1e+29)" in line
    assert not list(tmp_path.rglob("record.json"))
    assert not list(tmp_path.rglob("*.partial"))


@pytest.fixture
def file_size() -> Iterator[Callable[[int], None]]:
    """Lets no file grow beyond so many bytes, as a full disk would not (Python ignores SIGXFSZ)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(("size", "kept"), [(200, 0), (6000, 2)])
def test_without_room_finished_folds_stay_and_the_same_command_goes_on(size, kept, refused, file_size, tmp_path):
    file_size(size)
    line = refused(*HTNET)
    assert "cannot write" in line
    assert "free disk space" in line
    assert len(list(tmp_path.rglob("folds/*.json"))) == kept
    assert not list(tmp_path.rglob("*.partial"))
    assert not list(tmp_path.rglob("record.json"))
    file_size(resource.RLIM_INFINITY)
    assert main(["run", "--dataset", "demo", *HTNET, "--out", str(tmp_path / "out")]) == 0
    (record,) = tmp_path.rglob("record.json")
    assert main(["results", "verify", str(record)]) == 0


def test_on_a_full_disk_finished_folds_stay_and_the_same_command_goes_on(refused, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("may not mount a small disk here")
    try:
        assert "No space left" in refused(*HTNET, out=disk)
        assert not list(disk.rglob("*.partial"))
        assert not list(disk.rglob("record.json"))
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        assert main(["run", "--dataset", "demo", *HTNET, "--out", str(disk)]) == 0
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/nonexistent"])
def test_a_place_that_cannot_be_written_is_told(place, refused, tmp_path):
    (tmp_path / "file").write_text("here before")
    assert "cannot write" in refused(*HTNET, out=tmp_path / place)
    assert (tmp_path / "file").read_text() == "here before"


def whole(tmp_path: Path, roster: dict[str, list[str]], some: str = "") -> list[str]:
    (tmp_path / "whole.py").write_text(WHOLE.format(roster=roster, some=some))
    plugin = ["--plugin", str(tmp_path / "whole.py")]
    return [*plugin, "run", "--model", "tree", "--dataset", "own", "--out", str(tmp_path / "out")]


def record_of(tmp_path: Path, argv: list[str]) -> dict[str, object]:
    assert main(argv) == 0
    (path,) = tmp_path.rglob("record.json")
    assert main([*argv[:2], "results", "verify", str(path)]) == 0
    return json.loads(path.read_text())


def test_one_file_may_bring_source_dataset_feature_model_and_protocol(tmp_path):
    roster = {name: ["anger", "happiness", "surprise"] for name in ("s1", "s2", "s3")}
    record = record_of(tmp_path, whole(tmp_path, roster))
    assert record["warnings"] == []
    assert record["plan"]["features"] == ["eight v1 (four)"]
    assert record["scores"]["last"]["full"]["clips"] == 9
    assert str(tmp_path) not in json.dumps(record)


def test_a_fold_that_trains_without_a_class_is_a_warning_in_the_record(tmp_path):
    roster = {"s1": ["anger", "happiness"], "s2": ["anger", "happiness"], "s3": ["surprise", "anger"]}
    record = record_of(tmp_path, whole(tmp_path, roster))
    assert record["warnings"] == ["fold own/s3 trains without any clip of class surprise"]


def test_a_dataset_that_lacks_a_class_has_no_scores_and_says_so(tmp_path, capsys):
    roster = {"s1": ["anger", "happiness"], "s2": ["anger", "happiness"]}
    record = record_of(tmp_path, whole(tmp_path, roster))
    assert record["scores"]["last"] == {"full": None}
    assert "UF1 and UAR of full are not defined: it has no clip of some class" in record["warnings"]
    assert "not defined" in capsys.readouterr().out
    assert main(["results", "list", str(tmp_path / "out")]) == 0
    assert "not defined" in capsys.readouterr().out


def test_a_protocol_that_never_tests_some_clips_gives_a_record_that_can_be_verified(tmp_path, capsys):
    roster = {name: ["anger", "happiness", "surprise"] for name in ("s1", "s2", "s3")}
    record_of(tmp_path, whole(tmp_path, roster, some="[:2]"))
    assert "3 clips are never tested" in capsys.readouterr().out
