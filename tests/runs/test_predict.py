"""What a run keeps of its networks, and what they answer about a clip of one's own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import safetensors.torch
import torch
from merbench_demo.release import DemoRelease

import merbench
from merbench.cli import main
from merbench.errors import RecordError, UnknownName, UnresolvableFeature
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.ensemble import open_ensemble
from merbench.runs.kept import read_weights
from merbench.runs.predict import predict
from merbench.runs.record import read_record

OWN_LOOP = Path(__file__).with_name("own_loop.py")
TOYS = Path(__file__).parents[1] / "features" / "toys.py"
NET = """
import torch

import merbench


class Net(torch.nn.Module):
    def __init__(self, classes, width=4):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(3 * 28 * 28, width), torch.nn.ReLU(), torch.nn.Linear(width, classes)
        )

    def forward(self, flow):
        return self.layers(flow / 255)


def loss(outputs, labels, weights, scale=1.0):
    losses = torch.nn.functional.cross_entropy(outputs, labels, reduction="none")
    return scale * (losses * weights).sum() / weights.sum()


@merbench.hookimpl
def merbench_models():
    recipe = merbench.Recipe(epochs=3, batch_size=64, standardize=True)
    yield merbench.TorchModel(
        name="small-net",
        network="small_net:Net",
        training_loss="small_net:loss",
        features=("flow-28",),
        recipes={"own": recipe},
    )
"""
RUN = ("--model", "small-net", "--dataset", "demo", "--device", "cpu", "--folds", "demo-a/a0[1-3]")


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network in one file."""
    path = tmp_path_factory.mktemp("plugin") / "small_net.py"
    path.write_text(NET)
    return path


@pytest.fixture(scope="session")
def run_net(plugin: Path) -> Callable[..., int]:
    """Runs three folds of the network on the demo into a folder; the exit code."""

    def run(out: Path, *more: str) -> int:
        return main(["run", *RUN, "--plugin", str(plugin), "--out", str(out), *more])

    return run


@pytest.fixture(scope="session")
def trained(run_net: Callable[..., int], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that kept its weights; not to be changed."""
    out = tmp_path_factory.mktemp("trained")
    assert run_net(out, "--keep-weights") == 0
    return next(out.glob("*/record.json")).parent


@pytest.fixture
def kept(trained: Path, tmp_path: Path) -> Path:
    """A copy of the run's folder."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A clip of the demo as a user would have it: a folder of images. And its id, onset and apex in the demo."""
    demo = DemoRelease(None)
    rows = demo.clips()
    row = rows[rows["subject"] == "demo-a/a01"].iloc[0]
    frames = demo.read("frames", row["clip"])
    folder = tmp_path_factory.mktemp("own") / "clip"
    folder.mkdir()
    for number, image in zip(frames.numbers, frames, strict=True):
        assert cv2.imwrite(str(folder / f"img{number}.png"), image[..., ::-1])
    return folder, {"clip": row["clip"], "onset": frames.onset, "apex": frames.apex}


@pytest.fixture
def registry(plugin: Path) -> Registry:
    """What the installed plugins and the network's file give."""
    return Registry(load(allow=(), files=[plugin]))


@pytest.fixture
def ask(registry: Registry, own: tuple[Path, dict[str, Any]]) -> Callable[[Path], merbench.api.Answer]:
    """Asks a run about the clip."""
    folder, marks = own
    return lambda run: predict(registry, run, folder, marks["onset"], marks["apex"]).answer


def files(run: Path) -> list[Path]:
    return sorted((run / "weights").iterdir())


def rewritten(run: Path, **changes: Any) -> None:
    """Write the record anew with another plan."""
    record = read_record(run / "record.json")
    plan = record.plan.model_copy(update=changes)
    (run / "record.json").write_text(record.model_copy(update={"plan": plan, "id": plan.digest()}).to_json())


def refused(registry: Registry, run: Path) -> str:
    """The one line with which a run is refused."""
    with pytest.raises((RecordError, UnknownName, UnresolvableFeature)) as caught:
        list(open_ensemble(registry, run).weights())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_each_fold_answers_as_in_the_run_about_a_clip_that_it_tested(ask, trained, own) -> None:
    """The images of a clip of the demo, read as a user's own clip, give the scores that the record has."""
    record = read_record(trained / "record.json")
    (wanted,) = (one for one in record.predictions if one.clip == own[1]["clip"])
    (path,) = (one for one in files(trained) if read_weights(one).fold == wanted.fold)
    found = ask(path)
    assert [one.score for one in found.classes] == pytest.approx(wanted.policies["last"].scores, **ROUNDING)
    assert found.folds == 1


def test_the_ensemble_is_the_mean_of_its_folds_with_their_spread(ask, trained) -> None:
    alone = np.array([[one.score for one in ask(path).classes] for path in files(trained)])
    found = ask(trained / "record.json")
    assert found.folds == len(alone) == 3
    for place, one in enumerate(found.classes):
        own = alone[:, place]
        assert (one.score, one.lowest, one.highest) == pytest.approx((own.mean(), own.min(), own.max()), abs=2e-6)
        assert one.folds == (alone.argmax(1) == place).sum()
    assert found.predicted == max(found.classes, key=lambda one: one.score).name


def test_a_run_is_found_by_its_record_its_folder_and_its_weights(ask, trained) -> None:
    answers = [ask(trained / "record.json"), ask(trained), ask(trained / "weights")]
    assert answers == [answers[0]] * 3


def test_the_answer_says_what_it_is_not_and_how_good_the_run_was(ask, trained) -> None:
    found, record = ask(trained), read_record(trained / "record.json")
    part = record.scores["last"]["full"]
    low, high = part.intervals["uf1"]
    assert (found.uf1, found.uf1_interval) == (part.uf1, (low, high))
    said = "\n".join(found.notes)
    assert "no diagnosis and no lie detector" in said
    assert f"UF1 {part.uf1:.3f} (95 % interval {low:.3f} to {high:.3f}) on demo" in said
    assert "their mean was not tested" in said
    assert f"covers only {record.clips} of 128 clips" in said
    assert "extraction" not in said  # the demo's flow is computed in the same way


def test_a_flow_that_was_released_is_another_extraction_than_that_of_a_clip(registry, kept) -> None:
    (seen,) = read_record(kept / "record.json").plan.features
    rewritten(kept, features=["flow-28"])
    (said,) = open_ensemble(registry, kept).other_extractions
    assert said.startswith(f"Another extraction: the model was trained on flow-28, but sees {seen} of this clip.")


def test_networks_of_the_flow_release_say_so_of_a_clip_with_frames(
    real_data, plugin, registry, own, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("MERBENCH_DATA", str(real_data))
    arguments = ["--model", "small-net", "--dataset", "composite", "--folds", "smic/s01", "--plugin", str(plugin)]
    assert main(["run", *arguments, "--device", "cpu", "--keep-weights", "--out", str(tmp_path)]) == 0
    (path,) = tmp_path.glob("*/record.json")
    found = predict(registry, path, own[0]).answer
    (said,) = (note for note in found.notes if "extraction" in note)
    assert said.startswith("Another extraction: the model was trained on flow-28, but sees flow-28@tvl1 v")
    assert found.apex is None


@pytest.mark.parametrize(("model", "why"), [("flow-lr", "is an estimator"), ("own-loop", "names no predictor=...")])
def test_what_keeps_no_weights_is_fitted_again_and_answers_as_in_the_run(model, why, own, tmp_path, capsys) -> None:
    registry = Registry(load(allow=(), files=[OWN_LOOP]))
    arguments = ["--model", model, "--dataset", "demo", "--folds", "demo-a/a0[1-3]", "--keep-weights"]
    assert main(["run", "--plugin", str(OWN_LOOP), *arguments, "--device", "cpu", "--out", str(tmp_path)]) == 0
    assert f"{model} {why}, so no weights are kept; merbench predict fits it again" in capsys.readouterr().err
    (path,) = tmp_path.glob("*/record.json")
    assert not (path.parent / "weights").exists()
    (wanted,) = (one for one in read_record(path).predictions if one.clip == own[1]["clip"])
    folder, marks = own
    found = predict(registry, path, folder, marks["onset"], marks["apex"]).answer
    assert found.folds == 3
    for one, score in zip(found.classes, wanted.policies["last"].scores, strict=True):
        assert one.lowest - 2e-6 <= score <= one.highest + 2e-6
    rewritten(path.parent, digests=read_record(path).plan.digests.model_copy(update={"data": "0" * 64}))
    with pytest.raises(RecordError, match="cannot be fitted as in this run"):
        predict(registry, path, folder)


ROUNDING = {"abs": 2e-6, "rel": 1e-6}  # of a record to 6 digits, and of float32, with clips batched otherwise


def test_the_network_of_an_author_s_own_loop_is_kept_and_answers_as_in_the_run(own, tmp_path, capsys) -> None:
    registry = Registry(load(allow=(), files=[OWN_LOOP]))
    arguments = ["--plugin", str(OWN_LOOP), "--model", "own-module", "--dataset", "demo", "--folds", "demo-a/a0[1-3]"]
    assert main(["run", *arguments, "--device", "cpu", "--out", str(tmp_path), "--keep-weights"]) == 0
    assert "the weights take 0.1 MiB for 3 folds" in capsys.readouterr().err
    (path,) = tmp_path.glob("*/record.json")
    folder, marks = own
    (wanted,) = (one for one in read_record(path).predictions if one.clip == marks["clip"])
    tested = files(path.parent)[0]  # of the fold whose model has not seen the clip
    found = predict(registry, tested, folder, marks["onset"], marks["apex"]).answer
    assert [one.score for one in found.classes] == pytest.approx(wanted.policies["last"].scores, **ROUNDING)
    kept = predict(registry, path, folder, marks["onset"], marks["apex"]).answer
    shutil.rmtree(path.parent / "weights")
    fitted_again = predict(registry, path, folder, marks["onset"], marks["apex"]).answer
    assert (kept.folds, kept.predicted) == (3, fitted_again.predicted)
    assert [one.score for one in kept.classes] == pytest.approx([one.score for one in fitted_again.classes], **ROUNDING)


def test_keeping_weights_changes_nothing_in_the_record(run_net, trained, tmp_path, without_times) -> None:
    assert run_net(tmp_path) == 0
    (path,) = tmp_path.glob("*/record.json")
    assert path.parent.name == trained.name
    assert without_times(path) == without_times(trained / "record.json")


def test_a_finished_run_without_weights_says_what_to_do(run_net, kept, capsys) -> None:
    out = kept.parent / "out"
    out.mkdir()
    run = kept.rename(out / name_of(kept))
    assert run_net(out, "--keep-weights") == 0  # all are there
    shutil.rmtree(run / "weights")
    capsys.readouterr()
    assert run_net(out, "--keep-weights") == 2
    assert "weights of 3 of 3 folds were not kept; to train it again, add --fresh" in capsys.readouterr().err
    assert run_net(out, "--keep-weights", "--fresh") == 0
    assert len(files(run)) == 3


def name_of(run: Path) -> str:
    """The name of the folder that merbench gives a run."""
    plan = read_record(run / "record.json").plan
    return f"{plan.model}-{plan.dataset}-{plan.recipe}-seed{plan.seed}-{plan.digest()[:12]}"


def test_a_fold_whose_weights_are_missing_or_cut_is_trained_again(run_net, kept) -> None:
    run = kept.rename(kept.parent / name_of(kept))
    (run / "record.json").unlink()
    first, second, third = files(run)
    whole = [one.read_bytes() for one in (first, second, third)]
    first.unlink()
    second.write_bytes(whole[1][:-4])
    assert run_net(run.parent, "--keep-weights") == 0
    assert [one.read_bytes() for one in files(run)] == whole


def test_the_room_that_weights_take_is_said_before_the_run(run_net, tmp_path, monkeypatch, capsys) -> None:
    assert run_net(tmp_path, "--keep-weights", "--dry-run") == 0
    assert "the weights take 0.1 MiB for 3 folds" in capsys.readouterr().out
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(1, 1, 0))
    assert run_net(tmp_path, "--keep-weights") == 2
    assert "the weights need 0.1 MiB for 3 folds, but" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_checkpoints_that_train_nothing_leave_no_weights(tmp_path, capsys) -> None:
    for subject in ("a01", "a02", "a03"):
        (tmp_path / f"{subject}.pth").touch()
    assert main(["run", *RUN, "--model", "htnet", "--weights", str(tmp_path), "--keep-weights"]) == 2
    assert "--keep-weights: --weights trains nothing" in capsys.readouterr().err


def test_with_a_second_training_the_networks_that_saw_the_whole_training_side_are_kept(run_net, trained, tmp_path):
    assert run_net(tmp_path, "--keep-weights", "--epoch-policy", "inner") == 0
    (run,) = tmp_path.glob("*")
    for path, other in zip(files(run), files(trained), strict=True):
        one, plain = read_weights(path).tensors, read_weights(other).tensors
        assert all(torch.equal(one[name], plain[name]) for name in plain)


def test_a_network_that_starts_from_a_file_is_not_kept(plugin, tmp_path, capsys) -> None:
    started = tmp_path / "started.py"
    started.write_text(NET.replace("width=4", "start='none', width=4").replace("small_net:", "started:"))
    (tmp_path / "start.pth").write_bytes(b"weights")
    given = ["--plugin", str(started), "--set", f"start={tmp_path / 'start.pth'}", "--keep-weights"]
    assert main(["run", *RUN, *given, "--out", str(tmp_path / "out")]) == 2
    assert "built from a file (start.pth) that weights cannot contain" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_sizes_that_are_announced_are_those_that_are_kept(trained) -> None:
    sizes = [sum(tensor.nbytes for tensor in read_weights(path).tensors.values()) for path in files(trained)]
    parameters = 3 * 28 * 28 * 4 + 4 + 4 * 3 + 3
    moments = 2 * 3
    assert sizes == [4 * (parameters + moments)] * 3


def test_weights_have_the_plan_inside_and_no_code(trained) -> None:
    for path in files(trained):
        kept = read_weights(path)
        assert kept.plan == read_record(trained / "record.json").plan
        assert b"pickle" not in path.read_bytes()


def test_a_file_that_is_no_safetensors_or_was_cut_is_one_line(registry, kept) -> None:
    path = files(kept)[0]
    whole = path.read_bytes()
    for content in (b"", b"no weights at all", whole[:100], whole[:-1], whole + b"more"):
        path.write_bytes(content)
        assert f"{path} is no safetensors file, or was cut" in refused(registry, kept)


def test_weights_that_were_changed_are_one_line(registry, kept) -> None:
    path = files(kept)[0]
    whole = bytearray(path.read_bytes())
    whole[-1] ^= 1
    path.write_bytes(whole)
    assert f"{path} was changed after it was written: its digest does not match" in refused(registry, kept)


def test_tensors_of_another_program_are_one_line(registry, kept) -> None:
    path = files(kept)[0]
    path.write_bytes(safetensors.torch.save({"weight": torch.zeros(2)}))
    assert f"{path} was not kept by merbench run --keep-weights" in refused(registry, kept)
    for text in ("{", "[]", "[" * 100_000, '{"format": "merbench weights 2"}'):
        path.write_bytes(safetensors.torch.save({"weight": torch.zeros(2)}, {"merbench": text}))
        assert f"{path} was not kept by merbench run --keep-weights" in refused(registry, kept)


def test_weights_of_another_plan_are_one_line(registry, kept) -> None:
    rewritten(kept, seed=1)
    assert "has the weights of another plan (small-net on demo)" in refused(registry, kept)


def test_weights_of_one_fold_under_the_name_of_another_are_one_line(registry, kept) -> None:
    first, second, _ = files(kept)
    shutil.copy(first, second)
    assert "has the weights of fold demo-a/a01: it was renamed or copied" in refused(registry, kept)


def test_missing_weights_are_counted(registry, kept) -> None:
    files(kept)[0].unlink()
    assert "the weights of 1 of 3 folds are missing" in refused(registry, kept)
    shutil.rmtree(kept / "weights")
    assert "has no weights; train again with: merbench run --keep-weights --fresh" in refused(registry, kept)


def test_weights_without_their_record_are_one_line(registry, kept) -> None:
    (kept / "record.json").unlink()
    for path in (kept, kept / "weights", files(kept)[0]):
        assert "has no record.json beside it, so nothing is known about its scores" in refused(registry, path)
    assert "does not exist; name a record" in refused(registry, kept / "nowhere")


def test_an_uninstalled_plugin_is_one_line(trained) -> None:
    assert "no model is called 'small-net'" in refused(Registry(load(allow=())), trained)


def test_another_plugin_of_the_same_name_is_one_line(registry, kept) -> None:
    code = read_record(kept / "record.json").plan.code
    rewritten(kept, code={name: one for name, one in code.items() if "small_net" not in name})
    assert "was trained as a model of another plugin" in refused(registry, kept)


@pytest.mark.parametrize("changed", ["merbench:core", "merbench:flow", ":small_net"])
def test_code_that_changed_since_is_one_line(registry, kept, changed) -> None:
    code = read_record(kept / "record.json").plan.code
    (name,) = (one for one in code if one.endswith(changed))
    rewritten(kept, code={**code, name: code[name].model_copy(update={"digest": "0" * 64})})
    assert f"the code of {name} is not that of the run" in refused(registry, kept)


def test_code_that_only_read_the_dataset_may_change(registry, kept) -> None:
    code = read_record(kept / "record.json").plan.code
    rewritten(kept, code={**code, "merbench:demo": code["merbench:demo"].model_copy(update={"digest": "0" * 64})})
    assert "another plan" in refused(registry, kept)  # the record was changed, but its code is not the reason


def test_a_dataset_with_other_classes_now_is_one_line(registry, trained) -> None:
    scheme = merbench.LabelScheme(name="moods", classes=("calm", "moved"), emotions={"calm": "calm", "joy": "moved"})
    object.__setattr__(registry.datasets.get("demo"), "scheme", scheme)
    said = "trained for the classes negative, positive, surprise of demo, which now has calm, moved; train it again"
    assert said in refused(registry, trained)


def test_predictions_that_were_handed_in_have_no_model(registry) -> None:
    path = next((Path(__file__).parents[2] / "leaderboards" / "records").glob("*-submitted-*.json"))
    assert "has predictions that were handed in; there is no model to use" in refused(registry, path)


def test_a_model_that_sees_what_no_frames_give_is_one_line(toys, tmp_path) -> None:
    toys()
    run = ["run", "--plugin", str(TOYS), "--model", "toy-points", "--dataset", "toys", "--out", str(tmp_path / "out")]
    assert main(run) == 0
    (path,) = tmp_path.glob("out/*/record.json")
    said = refused(Registry(load(files=[TOYS])), path)
    assert "toy-points sees points, which cannot be computed from the frames of a clip" in said


def test_settings_of_the_run_build_the_network_again(run_net, registry, ask, tmp_path) -> None:
    given = ("--set", "width=7", "--set", "scale=2")
    assert run_net(tmp_path, "--keep-weights", *given, "--folds", "demo-a/a01") == 0
    (run,) = tmp_path.glob("*")
    assert open_ensemble(registry, run).choice.recipe.options == {"width": 7, "scale": 2.0}
    assert ask(run).folds == 1


def test_a_clip_without_a_face_is_one_line(plugin, trained, tmp_path, capsys) -> None:
    folder = tmp_path / "wall"
    folder.mkdir()
    for number in range(1, 4):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((120, 160, 3), 40 * number, np.uint8))
    capsys.readouterr()
    assert main(["predict", str(trained), str(folder), "--plugin", str(plugin)]) == 2
    out, said = capsys.readouterr()
    assert out == ""
    assert said.count("\n") == 1
    assert f"{folder}: " in said
    assert "face" in said
