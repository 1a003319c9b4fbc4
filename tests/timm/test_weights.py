"""Weights that somebody else trained: files of both kinds, adapted channels, dropped heads, and no checkpoints."""

from __future__ import annotations

import hashlib
import os
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
import timm
import torch
from merbench_timm.network import TimmNetwork
from merbench_timm.weights import knock, with_paths
from safetensors.torch import save_file
from torch import Tensor

import merbench
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.prepare import Request, prepare
from merbench.runs.schema import Plan

Options = Mapping[str, object]


@pytest.fixture(scope="module")
def trained() -> dict[str, Tensor]:
    """The weights of a network of 10 classes and 3 channels, with running statistics of its own."""
    torch.manual_seed(3)
    network = timm.create_model("test_resnet", num_classes=10)
    network(torch.randn(4, 3, 32, 32))
    return dict(network.state_dict())


def saved(state: dict[str, Tensor], path: Path) -> str:
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return str(path)


def loaded(path: str, **options: object) -> dict[str, Tensor]:
    return dict(TimmNetwork(architecture="test_resnet", pretrained=path, **options).network.state_dict())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.pth"])
def test_a_checkpoint_goes_round(trained: dict[str, Tensor], tmp_path: Path, name: str) -> None:
    found = loaded(saved(trained, tmp_path / name), classes=10)
    assert found.keys() == trained.keys()
    assert all(torch.equal(found[one], trained[one]) for one in trained)


def test_a_checkpoint_may_lie_under_a_key_as_training_scripts_save_it(
    trained: dict[str, Tensor], tmp_path: Path
) -> None:
    torch.save({"epoch": 3, "state_dict": {f"module.{name}": one for name, one in trained.items()}}, tmp_path / "a.pth")
    assert torch.equal(loaded(str(tmp_path / "a.pth"), classes=10)["fc.weight"], trained["fc.weight"])


def test_the_head_is_dropped_where_it_has_other_classes(trained: dict[str, Tensor], tmp_path: Path) -> None:
    path = saved(trained, tmp_path / "weights.pth")
    torch.manual_seed(1)
    found = loaded(path, classes=3)
    assert found["fc.weight"].shape == (3, 96)
    assert found["fc.weight"].std() > 0
    assert all(torch.equal(found[one], trained[one]) for one in trained if not one.startswith("fc."))


@pytest.mark.parametrize("in_chans", [6, 24])
def test_the_first_convolution_is_repeated_over_the_images_and_keeps_its_sums(
    trained: dict[str, Tensor], tmp_path: Path, in_chans: int
) -> None:
    found = loaded(saved(trained, tmp_path / "weights.pth"), in_chans=in_chans)["conv1.0.weight"]
    assert found.shape[1] == in_chans
    torch.testing.assert_close(found, trained["conv1.0.weight"].repeat(1, in_chans // 3, 1, 1) * 3 / in_chans)


def test_a_checkpoint_of_as_many_channels_is_taken_as_it_is(tmp_path: Path) -> None:
    state = dict(timm.create_model("test_resnet", num_classes=3, in_chans=6).state_dict())
    found = loaded(saved(state, tmp_path / "weights.pth"), in_chans=6)
    assert torch.equal(found["conv1.0.weight"], state["conv1.0.weight"])


def test_position_embeddings_follow_the_image_size(tmp_path: Path) -> None:
    state = dict(timm.create_model("test_vit", num_classes=3).state_dict())
    path = saved(state, tmp_path / "weights.safetensors")
    network = TimmNetwork(architecture="test_vit", image_size=32, pretrained=path).network
    assert network.pos_embed.shape == (1, 5, 64)
    assert torch.equal(network.pos_embed[:, 0], state["pos_embed"][:, 0])  # of the class token, which has no place
    assert torch.equal(network.blocks[0].attn.qkv.weight, state["blocks.0.attn.qkv.weight"])


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("harm",)


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": Harmful()}, tmp_path / "harmful.pth")
    with pytest.raises(merbench.OptionError, match=r"is not a checkpoint of tensors: .*contains code"):
        loaded("harmful.pth")
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.pth", b"no weights"), ("a.safetensors", b"\x00" * 20), ("b.pth", b""), ("c.pth", pickle.dumps([1, 2]))],
)
def test_a_file_that_is_no_checkpoint_is_told(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(merbench.OptionError, match=r"is not a checkpoint of tensors") as raised:
        loaded(str(tmp_path / name))
    assert "\n" not in str(raised.value)


def test_a_checkpoint_without_tensors_is_told(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "a.pth")
    with pytest.raises(merbench.OptionError, match="contains no named tensor"):
        loaded(str(tmp_path / "a.pth"))


def test_a_missing_file_is_told() -> None:
    with pytest.raises(merbench.OptionError, match=r"pretrained=gone/a\.pth: no such file"):
        loaded("gone/a.pth")


@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_value_is_refused_and_not_taken_for_random_weights(text: str) -> None:
    with pytest.raises(merbench.OptionError) as raised:
        loaded(text)
    assert str(raised.value) == (
        f"pretrained={text}: the value is empty; leave pretrained out to start from random weights, or name a file: "
        "--set pretrained=PATH"
    )
    assert raised.value.exit_code == 2


def test_an_answer_that_is_none_of_the_hubs_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"

        def answer() -> None:
            caller, _ = server.accept()
            with caller:
                caller.recv(4096)
                caller.sendall(b"220 ready\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(merbench.OptionError, match=f"a title, and {endpoint} cannot be reached"):
            knock(endpoint, "a title")
        thread.join()


@pytest.mark.parametrize("path", ["~nobody-of-that-name/a.pth", "a" * 999 + ".pth"])
def test_a_path_that_no_file_can_have_is_told(path: str) -> None:
    with pytest.raises(merbench.OptionError, match=r"pretrained=[~a]"):
        loaded(path)


def test_a_file_without_an_ending_is_refused_since_a_plan_would_take_it_for_a_word(
    trained: dict[str, Tensor], tmp_path: Path
) -> None:
    with pytest.raises(merbench.OptionError, match="the file name needs an extension"):
        loaded(saved(trained, tmp_path / "weights"))


@pytest.mark.parametrize("architecture", ["test_byobnet", "test_efficientnet"])
def test_weights_of_another_architecture_are_told_in_one_line(
    trained: dict[str, Tensor], tmp_path: Path, architecture: str
) -> None:
    path = saved(trained, tmp_path / "weights.pth")
    with pytest.raises(merbench.OptionError, match=f"does not fit timm's {architecture} with 3 channels") as raised:
        TimmNetwork(architecture=architecture, pretrained=path)
    assert "\n" not in str(raised.value)


def test_channels_that_cannot_be_adapted_are_told(tmp_path: Path) -> None:
    state = dict(timm.create_model("test_resnet", num_classes=3, in_chans=4).state_dict())
    with pytest.raises(merbench.OptionError, match="does not fit timm's test_resnet with 6 channels"):
        loaded(saved(state, tmp_path / "weights.pth"), in_chans=6)


@pytest.fixture
def hub(trained: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache with weights of a small network in it, laid out as the hub's client does; the file's path."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "models--timm--test_resnet.r160_in1k"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("a" * 40)
    file = folder / "snapshots" / ("a" * 40) / "model.safetensors"
    file.parent.mkdir(parents=True)
    save_file(trained, file)
    return file


def test_timms_own_weights_come_from_the_hubs_cache(trained: dict[str, Tensor], hub: Path) -> None:
    found = TimmNetwork(architecture="test_resnet", pretrained=True).network.state_dict()
    assert torch.equal(found["layer1.0.conv1.weight"], trained["layer1.0.conv1.weight"])


def test_a_plan_holds_the_digest_of_the_hubs_file_and_another_file_is_another_run(hub: Path) -> None:
    registry = Registry(load(allow=()))
    asked = Request(model="timm:test_resnet", dataset="demo", settings=["pretrained=true"], folds="demo-a/a01")

    def plan() -> Plan:
        return prepare(registry, asked).plan

    first = plan()
    assert first.options["pretrained"] == f"{hub.name} sha256:{hashlib.sha256(hub.read_bytes()).hexdigest()}"
    save_file({"fc.bias": torch.zeros(1)}, hub)
    assert plan().digest() != first.digest()


@pytest.mark.parametrize("value", [None, False, "weights.pth"])
def test_what_names_no_weights_of_the_hub_stays_as_it_is(
    value: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.pth").touch()
    options = {"architecture": "test_resnet", "in_chans": 6, "pretrained": value}
    assert with_paths(options) == options


@pytest.mark.parametrize("text", ["", "gone.pth"])
def test_a_file_that_is_not_there_is_told_before_any_clip_is_read(text: str) -> None:
    asked = Request(model="timm:test_resnet", dataset="composite", settings=[f"pretrained={text}"])
    with pytest.raises(merbench.OptionError, match=f"^pretrained={text}: "):
        prepare(Registry(load(allow=())), asked)


def test_a_first_layer_that_timm_would_leave_at_random_is_refused(tmp_path: Path) -> None:
    # TResNet's folds 4x4 pixels into channels: 48 of them for images of 3.
    state = dict(timm.create_model("tresnet_m", num_classes=3).state_dict())
    path = saved(state, tmp_path / "weights.pth")
    options = {"architecture": "tresnet_m", "image_size": 64, "pretrained": path}
    found = TimmNetwork(**options).network.state_dict()
    assert torch.equal(found["body.conv1.conv.weight"], state["body.conv1.conv.weight"])
    with pytest.raises(merbench.OptionError, match="tresnet_m with 6 channels: timm cannot adapt its first layer"):
        TimmNetwork(**options, in_chans=6)


ASK = """
import merbench
from merbench_timm.network import TimmNetwork
from merbench_timm.weights import knock
try:
    TimmNetwork(architecture="test_resnet", pretrained=True)
except merbench.OptionError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"HF_HUB_OFFLINE": "1"}, "and HF_HUB_OFFLINE is set"),
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "and http://127.0.0.1:9 cannot be reached"),
    ],
)
def test_weights_that_cannot_be_had_are_told_in_one_line_and_nothing_is_tried_again(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    # In a process of its own: the hub's client reads its settings when it is imported.
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ASK],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HF_HOME": str(tmp_path), **settings},
    )
    assert done.stdout == (
        f"pretrained=true: the weights timm/test_resnet.r160_in1k are not in the hub's cache, {said}; leave "
        "pretrained out to start from random weights, or name a file: --set pretrained=PATH\n"
    )
    assert done.stderr == ""
