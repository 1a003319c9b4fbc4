"""From the name of a timm architecture to a model with recipes."""

from __future__ import annotations

import pytest
from merbench_timm.architectures import image_size, member, members

import merbench
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry

RECIPES = {
    "quick": ("flow-28", 3),
    "quick-balanced": ("flow-28", 3),
    "flow": ("flow-28", 3),
    "images": ("onset-apex-224", 6),
    "frames": ("frames-8", 24),
}


@pytest.mark.parametrize("name", ["resnet18", "vit_tiny_patch16_224", "resnet18.tv_in1k"])
def test_a_member_is_a_network_with_a_recipe_for_each_kind_of_feature(name: str) -> None:
    model = Registry(load(allow=())).models.get(f"timm:{name}")
    assert isinstance(model, merbench.TorchModel)
    assert model.name == f"timm:{name}"
    assert list(model.recipes) == list(RECIPES)
    for title, (feature, channels) in RECIPES.items():
        recipe = model.recipes[title]
        assert (recipe.features or model.features) == (feature,)
        assert recipe.options["architecture"] == name
        assert recipe.options.get("in_chans", 3) == channels
        assert recipe.standardize is not recipe.options.get("normalize", False)


def test_the_registry_does_not_import_timm_for_its_names() -> None:
    models = Registry(load(allow=())).models
    assert models.families()["timm"].name == "timm"
    assert not any(name.startswith("timm") for name in models.names())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("resnet19", "has no architecture 'resnet19' (nearest: resnet1"),
        ("ResNet18x", "has no architecture 'ResNet18x' (nearest: resnet18"),
        ("", "has no architecture ''; list all with: merbench list models --match 'timm:*'"),
        ("resnet18.imagenet", "has no weights 'resnet18.imagenet'; those of resnet18: resnet18.a1_in1k, "),
    ],
)
def test_an_unknown_architecture_or_tag_is_answered_with_the_nearest(name: str, said: str) -> None:
    with pytest.raises(merbench.OptionError) as raised:
        member(name)
    assert said in str(raised.value)


def test_members_match_a_pattern_with_tags_only_where_it_has_one() -> None:
    assert members("resnet18") == ["resnet18"]
    assert {"resnet18", "resnet18d"} <= set(members("resnet18*"))
    assert "resnet18.tv_in1k" in members("resnet18.*")
    assert members("no-such*") == []
    assert len(members("*")) > 1000


@pytest.mark.parametrize(
    ("name", "wanted", "size"),
    [
        ("resnet18", 32, 32),  # any size will do
        ("resnet18", 112, 112),
        ("vit_tiny_patch16_224", 32, 32),  # 2 patches of 16
        ("vit_tiny_patch16_224", 112, 112),
        ("vit_small_patch14_dinov2", 32, 42),  # 3 patches of 14: the next multiple
        ("vit_small_patch32_224", 32, 64),  # 2 patches at least
        ("swin_tiny_patch4_window7_224", 32, 224),  # windows too: the size of its weights
        ("inception_v3", 32, 96),  # what its unpadded convolutions leave something of
    ],
)
def test_images_are_of_the_wanted_size_or_the_next_that_the_architecture_takes(
    name: str, wanted: int, size: int
) -> None:
    assert image_size(name, wanted) == size
