"""What training shows of a clip: drawn for each clip and epoch, alike for all its images, and never in evaluation."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from merbench.engine.augment import augment, draw_augmentation, moved, turned
from merbench.engine.loop import Group
from merbench.plugin.specs import Recipe

EVERY = {"flip": 0.5, "rotation": 10.0, "crop_padding": 2}


def mirror(clips: torch.Tensor) -> torch.Tensor:
    return clips.flip(-1)


def numbers(*rows: tuple[float, float, float, float]) -> torch.Tensor:
    return torch.tensor([rows])


def test_a_clip_is_mirrored_where_its_number_is_below_the_probability() -> None:
    clips = torch.arange(6.0).reshape(1, 2, 1, 1, 3)
    drawn = numbers((0.29, 0, 0, 0), (0.31, 0, 0, 0))
    found = augment(clips.clone(), drawn, Recipe(flip=0.3), mirror)
    assert found[0, :, 0, 0].tolist() == [[2, 1, 0], [3, 4, 5]]


@pytest.mark.parametrize(
    ("down", "right", "wanted"),
    [
        (0.0, 0.0, [[0, 0, 0], [0, 1, 2], [0, 4, 5]]),
        (0.5, 0.5, [[1, 2, 3], [4, 5, 6], [7, 8, 9]]),
        (0.99, 0.0, [[0, 4, 5], [0, 7, 8], [0, 0, 0]]),
    ],
)
def test_a_moved_image_is_the_padded_one_cut_at_the_drawn_place(down, right, wanted) -> None:
    clips = torch.arange(1.0, 10.0).reshape(1, 1, 1, 3, 3)
    found = augment(clips, numbers((0, 0, down, right)), Recipe(crop_padding=1), None)
    assert found[0, 0, 0].tolist() == wanted


def test_a_quarter_turn_goes_anticlockwise_as_it_is_seen() -> None:
    image = torch.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    found = turned(image, torch.tensor([math.pi / 2]))
    torch.testing.assert_close(found[0, 0], image[0, 0].rot90(1), atol=1e-4, rtol=0)


def test_a_turn_of_an_image_that_is_no_square_keeps_distances() -> None:
    image = torch.zeros(1, 1, 5, 9)
    image[0, 0, 2, 6] = 1  # two to the right of the middle
    found = turned(image, torch.tensor([math.pi / 2]))
    assert found[0, 0, 0, 4] == pytest.approx(1, abs=1e-4)  # two above it


def test_the_angle_goes_from_one_side_to_the_other_and_half_is_none() -> None:
    image = torch.rand(1, 1, 1, 9, 9, generator=torch.Generator().manual_seed(0))
    recipe = Recipe(rotation=20)
    angles = [torch.tensor([math.radians(degrees)]) for degrees in (-20, 0, 10)]
    for number, angle in zip((0.0, 0.5, 0.75), angles, strict=True):
        found = augment(image.clone(), numbers((0, number, 0, 0)), recipe, None)
        torch.testing.assert_close(found[0], turned(image[0], angle))


def test_all_images_of_a_clip_are_changed_alike() -> None:
    one = torch.rand(1, 4, 1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    twice = one.repeat(1, 1, 2, 1, 1, 1)
    drawn = torch.rand(1, 4, 4, generator=torch.Generator().manual_seed(1))
    found = augment(twice, drawn, Recipe(**EVERY), mirror)
    assert torch.equal(found[:, :, 0], found[:, :, 1])
    assert not torch.equal(found[:, :, 0], one[:, :, 0])


def test_moving_by_the_padding_changes_nothing() -> None:
    images = torch.rand(2, 3, 5, 6)
    assert torch.equal(moved(images, torch.full((2, 2), 4), 4), images)


def test_numbers_belong_to_fold_epoch_and_clip_and_to_no_company(make_task, make_folds) -> None:
    task, folds = make_task(**EVERY), make_folds((20, 17))
    both, alone = draw_augmentation(task, folds, 3), draw_augmentation(task, folds[1:], 3)
    assert both is not None
    assert alone is not None
    assert both.shape == (2, len(task.labels), 4)
    assert torch.equal(both[1], alone[0])
    assert not torch.equal(both[0], both[1])
    assert not torch.equal(alone, draw_augmentation(task, folds[1:], 4))
    assert draw_augmentation(make_task(), folds, 3) is None


def test_the_clips_themselves_are_never_changed_and_evaluation_sees_them(make_task, make_folds, flow) -> None:
    before = flow[0].copy()
    task = replace(make_task(**EVERY), mirrors=(mirror,))
    group = Group(task, make_folds((20,)), stacked=False)
    scores = group.predict()[0]
    group.epoch(0)
    assert np.array_equal(flow[0], before)
    plain = Group(make_task(), make_folds((20,)), stacked=False)
    np.testing.assert_array_equal(plain.predict()[0], scores)
