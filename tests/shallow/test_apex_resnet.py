"""The apex-only ResNet: it sees the apex and nothing else, scaled as for ImageNet."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from merbench_shallow.apex_resnet import ApexResNet

SMALL: dict[str, Any] = {"stages": 1, "side": 32}


def images(clips: int = 2) -> torch.Tensor:
    return torch.randint(0, 256, (clips, 2, 3, 224, 224), generator=torch.Generator().manual_seed(0)).float()


def test_the_onset_is_not_seen_and_the_apex_is() -> None:
    torch.manual_seed(0)
    network, seen = ApexResNet(**SMALL).eval(), images()
    for frame, same in ((0, True), (1, False)):
        other = seen.clone()
        other[:, frame] = 255 - other[:, frame]
        assert torch.equal(network(other), network(seen)) is same


@pytest.mark.parametrize(("stages", "channels", "parameters"), [(3, 256, 2_783_555), (4, 512, 11_178_051)])
def test_it_is_resnet_18_up_to_a_stage_with_its_own_head(stages: int, channels: int, parameters: int) -> None:
    """ResNet-18 has 11,689,512 parameters, 513,000 of them in its head for 1000 classes."""
    network = ApexResNet(stages=stages, side=33)
    assert network.fc.in_features == channels
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    if stages == 4:
        assert parameters == 11_689_512 - 513_000 + 3 * 512 + 3


def test_an_image_of_imagenets_mean_colour_is_zero_to_the_network() -> None:
    network = ApexResNet(**SMALL).eval()
    mean = 255 * torch.tensor([0.485, 0.456, 0.406])[:, None, None].expand(3, 224, 224)
    seen: list[torch.Tensor] = []
    network.features.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    network(torch.stack((mean, mean))[None])
    assert seen[0].shape == (1, 3, 32, 32)
    torch.testing.assert_close(seen[0], torch.zeros(1, 3, 32, 32), atol=1e-5, rtol=0)


def test_a_whole_image_gives_logits_of_as_many_classes_as_asked_for() -> None:
    assert ApexResNet(5, stages=2).eval()(images(1)).shape == (1, 5)


@pytest.mark.parametrize(("stages", "side"), [(1, 5), (2, 9), (3, 17), (4, 33)])
def test_a_step_may_be_left_with_a_single_clip(stages: int, side: int) -> None:
    assert ApexResNet(stages=stages, side=side).train()(images(1)).shape == (1, 3)


def test_black_images_give_finite_logits() -> None:
    assert ApexResNet(**SMALL)(torch.zeros(2, 2, 3, 224, 224)).isfinite().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stages": 5}, "stages is 5; it must be at most 4"),
        ({"stages": 0}, "stages is 0; it must be a whole number of at least 1"),
        ({"side": 32}, "side is 32; with stages=4 it must be 33 to 224"),
        ({"stages": 1, "side": 4}, "side is 4; with stages=1 it must be 5 to 224"),
        ({"side": 225}, "side is 225; with stages=4 it must be 33 to 224"),
    ],
)
def test_an_option_out_of_range_is_named(options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ApexResNet(**options)


def test_images_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"built for images of shape \(2, 3, 224, 224\), not \(3, 224, 224\)"):
        ApexResNet(**SMALL)(torch.zeros(1, 3, 224, 224))
