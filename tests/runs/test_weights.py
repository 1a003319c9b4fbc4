"""Checkpoints in place of training."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from merbench_htnet.network import HTNet

from merbench.engine.build import Build
from merbench.engine.checkpoints import predict_from, unused_tensors
from merbench.engine.task import Task
from merbench.errors import OptionError, ReleaseError
from merbench.plugin.calls import Author
from merbench.plugin.specs import EstimatorModel, Recipe, TorchModel
from merbench.protocols import Fold
from merbench.runs.weights import find_weights, weights_digest

NET = TorchModel(name="htnet", network="m:Net", features=("regions",), recipes={"published": Recipe()})
FOLDS = ["casme2/sub01", "smic/s01", "samm/006"]
OPTIONS: dict[str, Any] = {"classes": 3, "dim": 8, "block_repeats": (1, 1, 1)}
AUTHOR = Author.of("model htnet", "htnet")
IMAGES = np.random.default_rng(0).normal(size=(9, 3, 28, 28)).astype(np.float32)


def task(**settings: Any) -> Task:
    return Task(
        build=Build("merbench_htnet.network:HTNet", OPTIONS, AUTHOR),
        author=AUTHOR,
        arrays=(IMAGES,),
        labels=np.arange(9) % 3,
        classes=3,
        recipe=Recipe(batch_size=2, **settings),
    )


FOLD = Fold(name="smic/s01", train=np.arange(4), test=np.arange(4, 9), seed=0)


@pytest.fixture
def networks(tmp_path: Path) -> dict[str, HTNet]:
    """A checkpoint for each fold, named as the official release names them, and the network behind it."""
    made = {}
    for seed, fold in enumerate(FOLDS):
        torch.manual_seed(seed)
        made[fold] = HTNet(**OPTIONS).eval()
        torch.save(made[fold].state_dict(), tmp_path / f"{fold.rsplit('/')[-1]}.pth")
    return made


def test_official_names_are_found_and_predict_as_their_network_does(networks, tmp_path) -> None:
    files = find_weights(NET, tmp_path, FOLDS)
    assert {fold: path.name for fold, path in files.items()} == {
        "casme2/sub01": "sub01.pth", "smic/s01": "s01.pth", "samm/006": "006.pth",
    }  # fmt: skip
    for fold, network in networks.items():
        found = predict_from(task(), FOLD, files[fold])
        with torch.no_grad():
            wanted = network(torch.from_numpy(IMAGES[4:])).softmax(-1).numpy()
        # batches of two against one of five: another order of float32 sums
        np.testing.assert_allclose(found.scores, wanted[None], atol=1e-6)
        assert found.predicted.tolist() == [wanted.argmax(1).tolist()]
        assert len(found.loss) == 0


def test_standardising_takes_the_folds_training_clips_here_too(networks, tmp_path) -> None:
    found = predict_from(task(standardize=True), FOLD, tmp_path / "s01.pth")
    mean, deviation = (function(IMAGES[:4], (0, 2, 3), keepdims=True) for function in (np.mean, np.std))
    with torch.no_grad():
        wanted = networks["smic/s01"](torch.from_numpy((IMAGES[4:] - mean) / deviation)).softmax(-1).numpy()
    np.testing.assert_allclose(found.scores[0], wanted, atol=1e-5)


def test_every_fold_without_a_checkpoint_is_named(networks, tmp_path) -> None:
    with pytest.raises(ReleaseError) as caught:
        find_weights(NET, tmp_path, [*FOLDS, "samm/007", "smic/s20"])
    assert "no checkpoint for 2 of 5 folds: 007.pth, s20.pth; name one file per subject" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_many_missing_ones_are_counted(tmp_path) -> None:
    with pytest.raises(ReleaseError, match=r"no checkpoint for 68 of 68 folds: .*s7.pth and 60 more; name"):
        find_weights(NET, tmp_path, [f"smic/s{number}" for number in range(68)])


def test_a_folder_that_is_not_there_is_told(tmp_path) -> None:
    with pytest.raises(ReleaseError, match="nowhere: no such folder"):
        find_weights(NET, tmp_path / "nowhere", FOLDS)


def test_without_weights_there_is_nothing_to_find() -> None:
    assert find_weights(NET, None, FOLDS) == {}
    assert weights_digest({}) is None


def test_an_estimator_has_no_checkpoints(tmp_path) -> None:
    model = EstimatorModel(name="flow-lr", estimator="m:lr", features=())
    with pytest.raises(OptionError, match="flow-lr is not a network and has no checkpoints"):
        find_weights(model, tmp_path, FOLDS)


def test_folds_that_share_a_subjects_name_cannot_be_told_apart(networks, tmp_path) -> None:
    with pytest.raises(OptionError, match="share a subject name"):
        find_weights(NET, tmp_path, ["casme2/sub01", "casme/sub01"])


def test_a_checkpoint_of_another_shape_is_one_line(tmp_path) -> None:
    torch.save(HTNet(**{**OPTIONS, "dim": 16}).state_dict(), tmp_path / "s01.pth")
    with pytest.raises(ReleaseError, match=r"s01.pth does not fit the network: .*size mismatch") as caught:
        predict_from(task(), FOLD, tmp_path / "s01.pth")
    assert "\n" not in str(caught.value)


def test_tensors_that_are_there_for_official_checkpoints_alone_are_named() -> None:
    build = Build("merbench_mmnet.network:MMNet", {"spare": "5-class"}, AUTHOR)
    said = unused_tensors(replace(task(), build=build))
    assert said is not None
    assert said.startswith("13 tensors of the checkpoints are not used by the network: timeembed, pos.0.weight, ")
    assert said.endswith(", head.1.weight")
    assert unused_tensors(task()) is None


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_checkpoint_is_one_line(tmp_path, content) -> None:
    (tmp_path / "s01.pth").write_bytes(content)
    with pytest.raises(ReleaseError, match=r"s01.pth is not a checkpoint with only tensors: it is damaged") as caught:
        predict_from(task(), FOLD, tmp_path / "s01.pth")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [torch.ones(3), {"state": 1}, [1, 2]], ids=["tensor", "other-dict", "list"])
def test_a_file_of_something_else_is_one_line(tmp_path, content) -> None:
    torch.save(content, tmp_path / "s01.pth")
    with pytest.raises(ReleaseError, match=r"s01.pth does not fit the network"):
        predict_from(task(), FOLD, tmp_path / "s01.pth")


class Trap:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("save", [torch.save, lambda thing, path: path.write_bytes(pickle.dumps(thing))])
def test_code_in_a_checkpoint_is_refused_and_never_run(tmp_path, save) -> None:
    sprung = tmp_path / "sprung"
    save({"to_patch_embedding.1.weight": Trap(sprung)}, tmp_path / "s01.pth")
    with pytest.raises(ReleaseError) as caught:
        predict_from(task(), FOLD, tmp_path / "s01.pth")
    assert not sprung.exists()
    assert "contains code, which merbench never runs" in str(caught.value)
    assert "weights_only" not in str(caught.value)  # no advice to read it all the same
    with open(tmp_path / "s01.pth", "rb") as file:
        assert b"touch" in file.read()


def test_the_digest_follows_contents_and_folds_not_places(networks, tmp_path) -> None:
    files = find_weights(NET, tmp_path, FOLDS)
    digest = weights_digest(files)
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in files.values():
        (moved / path.name).write_bytes(path.read_bytes())
    assert weights_digest(dict(reversed(find_weights(NET, moved, FOLDS).items()))) == digest
    (moved / "s01.pth").write_bytes((moved / "006.pth").read_bytes())
    assert weights_digest(find_weights(NET, moved, FOLDS)) != digest
    assert weights_digest({"smic/s01": files["smic/s01"]}) != digest


def test_what_a_network_draws_as_it_predicts_follows_from_the_folds_seed(tmp_path) -> None:
    class Drawing(HTNet):
        def forward(self, regions: torch.Tensor) -> torch.Tensor:
            return super().forward(regions) * np.random.random() * torch.rand(())

    drawing = replace(task(), build=lambda: Drawing(**OPTIONS))
    torch.save(drawing.build().state_dict(), tmp_path / "s01.pth")
    one, again = (predict_from(drawing, FOLD, tmp_path / "s01.pth") for _ in range(2))
    assert np.array_equal(one.scores, again.scores)
