"""timm's networks behind merbench's face: shapes, scales, sizes and bad options."""

from __future__ import annotations

import numpy as np
import pytest
import timm
import torch
from merbench_timm.architectures import member
from merbench_timm.network import TimmNetwork

from merbench.engine.build import Build
from merbench.engine.grouping import why_not_batched
from merbench.engine.task import Task
from merbench.plugin.calls import Author
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.protocols import Fold

# A residual, an attentive, and two mobile or modern convolutional architectures, all tiny: timm has them for tests.
SMALL = ("test_resnet", "test_vit", "test_efficientnet", "test_convnext")


@pytest.mark.parametrize("architecture", SMALL)
def test_one_step_of_training_reaches_every_parameter(architecture: str) -> None:
    torch.manual_seed(0)
    network = TimmNetwork(classes=5, **member(architecture).recipes["quick"].options)
    logits = network(torch.randn(4, 3, 28, 28))
    assert logits.shape == (4, 5)
    logits.square().sum().backward()
    assert all(one.grad is not None and one.grad.isfinite().all() for one in network.parameters())


@pytest.mark.parametrize(("shape", "in_chans"), [((3, 28, 28), 3), ((2, 3, 40, 40), 6), ((8, 3, 40, 40), 24)])
def test_images_of_a_clip_are_stacked_as_channels(shape: tuple[int, ...], in_chans: int) -> None:
    network = TimmNetwork(architecture="test_resnet", in_chans=in_chans, image_size=32).eval()
    clips = torch.randn(2, *shape)
    stacked = clips.reshape(2, in_chans, *shape[-2:])
    assert network.network.conv1[0].in_channels == in_chans
    assert torch.equal(network(clips), network(stacked))


def test_it_is_timms_own_network_on_images_of_the_right_size() -> None:
    network = TimmNetwork(architecture="test_resnet", classes=3, image_size=28).eval()
    reference = timm.create_model("test_resnet", num_classes=3).eval()
    reference.load_state_dict(network.network.state_dict())
    clips = torch.randn(2, 3, 28, 28)
    assert torch.equal(network(clips), reference(clips))


def test_resizing_is_bilinear() -> None:
    network = TimmNetwork(architecture="test_resnet", image_size=4).eval()
    network.network = torch.nn.Identity()
    ramp = torch.tensor([0.0, 4.0])[None, None, None].expand(1, 3, 2, 2)
    # Pixel centres of 4 columns lie at -0.25, 0.25, 0.75 and 1.25 of the 2 that there were; outside, the edge goes on.
    assert network(ramp)[0, 0, 0].tolist() == [0.0, 1.0, 3.0, 4.0]


def test_images_are_normalized_as_the_weights_were_trained() -> None:
    network = TimmNetwork(architecture="test_efficientnet", in_chans=6, image_size=2, normalize=True)
    network.network = torch.nn.Identity()
    white = network(torch.full((1, 2, 3, 2, 2), 255.0))[0, :, 0, 0]
    expected = [(1 - mean) / deviation for mean, deviation in ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))]
    torch.testing.assert_close(white, torch.tensor(expected * 2))


def test_a_batch_of_one_clip_can_train_through_batch_norm_on_a_1x1_map() -> None:
    network = TimmNetwork(architecture="test_resnet", image_size=32)
    assert network(torch.randn(1, 3, 28, 28)).shape == (1, 3)


def test_a_vision_transformer_takes_images_of_other_sizes_than_its_weights() -> None:
    network = TimmNetwork(architecture="test_vit", image_size=32)
    assert network.network.pos_embed.shape == (1, 5, 64)  # 2x2 patches and the class token


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"classes": 0}, "classes is 0; it must be a whole number of at least 1"),
        ({"in_chans": 0}, "in_chans is 0; it must be a whole number of at least 1"),
        ({"image_size": -1}, "image_size is -1; it must be a whole number of at least 1"),
        ({"in_chans": 4, "normalize": True}, "in_chans is 4; to normalize, it must be a multiple of 3"),
        ({"pretrained": 7}, "pretrained is 7; it must be true, false or the path of a checkpoint"),
        ({"architecture": "resnet19"}, "has no architecture 'resnet19'"),
        ({"architecture": "gemma4_vit_167m_enc"}, "is an encoder without a classification head"),
    ],
)
def test_an_option_out_of_range_is_named(options: dict[str, object], said: str) -> None:
    with torch.device("meta"), pytest.raises(ValueError, match=said):
        TimmNetwork(**{"architecture": "test_resnet", **options})  # type: ignore[arg-type]


def test_clips_of_other_channels_are_told() -> None:
    with torch.device("meta"):
        network = TimmNetwork(architecture="test_resnet")
    with pytest.raises(ValueError, match="in_chans is 3, but the clips have 6 channels"):
        network(torch.zeros(1, 2, 3, 28, 28, device="meta"))


def task(architecture: str) -> tuple[Task, Fold]:
    model = Registry(load(allow=())).models.get(f"timm:{architecture}")
    recipe = model.recipes["quick"]
    clips = np.random.default_rng(0).integers(0, 256, (12, 3, 28, 28)).astype(np.uint8)
    author = Author.of(f"model {model.name}", "timm")
    return (
        Task(
            build=Build("merbench_timm.network:TimmNetwork", {**recipe.options, "classes": 3}, author),
            author=author,
            arrays=(clips,),
            labels=np.arange(12) % 3,
            classes=3,
            recipe=recipe,
            device="cpu",
            precision="fp32",
        ),
        Fold(name="s1", train=np.arange(8), test=np.arange(8, 12), seed=1),
    )


def test_a_vision_transformer_trains_many_folds_at_once() -> None:
    assert why_not_batched(*task("test_vit")) == ""


def test_so_does_a_network_with_batch_norm() -> None:
    assert why_not_batched(*task("test_resnet")) == ""
