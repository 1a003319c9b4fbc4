"""Batch norm of folds that train at once: as torch's own on the batch without padding."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from merbench.engine.norms import WeightedNorms, statistics_of


def trained(norm: nn.Module, x: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The output in training, and the gradient of the input."""
    x = x.clone().requires_grad_()
    if weights is None:
        y = norm(x)
    else:
        with WeightedNorms(weights):
            y = norm(x)
    y.square().sum().backward() if weights is None else (y.square().flatten(1).sum(1) * weights).sum().backward()
    assert x.grad is not None
    return y.detach(), x.grad


def same_norms(make: type[nn.Module]) -> tuple[nn.Module, nn.Module]:
    one, other = make(3), make(3)
    with torch.no_grad():
        one.weight.uniform_(0.5, 2)  # type: ignore[operator, union-attr]
        one.bias.uniform_(-1, 1)  # type: ignore[operator, union-attr]
    other.load_state_dict(one.state_dict())
    return one, other


@pytest.mark.parametrize(
    ("make", "shape"), [(nn.BatchNorm1d, (6, 3)), (nn.BatchNorm1d, (6, 3, 5)), (nn.BatchNorm2d, (6, 3, 4, 5))]
)
def test_padding_changes_neither_outputs_nor_gradients_nor_running_statistics(make, shape) -> None:
    torch.manual_seed(0)
    wanted, found = same_norms(make)
    x = torch.randn(shape) * 3 + 1
    padded = torch.cat([x, x[:1] * 100, x[:1] * -7])
    y, gradient = trained(wanted, x)
    y_found, gradient_found = trained(found, padded, torch.tensor([1.0] * 6 + [0, 0]))
    torch.testing.assert_close(y_found[:6], y)
    torch.testing.assert_close(gradient_found[:6], gradient)
    for name, statistic in statistics_of(wanted).items():
        torch.testing.assert_close(statistics_of(found)[name], statistic)


def test_the_frames_of_a_clip_share_its_weight() -> None:
    torch.manual_seed(0)
    wanted, found = same_norms(nn.BatchNorm1d)
    x = torch.randn(4, 2, 3)  # two frames of four clips
    with WeightedNorms(torch.tensor([1.0, 1, 1, 0])):
        frames = found(x.flatten(0, 1))
    torch.testing.assert_close(frames[:6], wanted(x[:3].flatten(0, 1)))


def test_in_evaluation_it_is_torchs_own() -> None:
    norm = nn.BatchNorm2d(3).eval()
    x = torch.randn(2, 3, 4, 4)
    with WeightedNorms(torch.tensor([1.0, 0.0])):
        assert torch.equal(norm(x), norm(x))
    assert norm.num_batches_tracked == 0


def test_one_without_weights_or_running_statistics_is_normalised_too() -> None:
    torch.manual_seed(0)
    norm, x = nn.BatchNorm1d(3, affine=False, track_running_stats=False), torch.randn(5, 3)
    with WeightedNorms(torch.ones(5)):
        found = norm(x)
    torch.testing.assert_close(found, norm(x))
    assert statistics_of(norm) == {}


def test_statistics_are_named_as_in_the_network() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.BatchNorm1d(3)))
    assert [*statistics_of(network)] == ["1.0.running_mean", "1.0.running_var", "1.0.num_batches_tracked"]
