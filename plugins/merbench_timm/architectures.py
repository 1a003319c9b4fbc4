"""Make a model with recipes from the name of a timm architecture."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import timm

import merbench
from merbench_timm import PAPER

__all__ = ["image_size", "member", "members"]

OWN = "merbench's own, the same for every architecture: "
# Smallest images that are not in timm's configurations: smaller ones become empty at some layer.
LEAST = {"inception": 96, "ghostnetv3": 64, "csatv2": 64}
TOKENS = 2  # smallest number in each direction, for architectures that cut images into patches

# Small batches give tens of steps in few epochs. A batch norm needs them, because its running statistics, which
# evaluation uses, start at 0 and 1 and move a tenth of the way in each step.
QUICK = merbench.Recipe(
    optimizer="adamw",
    lr=1e-3,
    weight_decay=0.05,
    batch_size=16,
    epochs=4,
    schedule="one-cycle",
    label_smoothing=0.1,
    standardize=True,
    about=OWN + "few epochs on small flow images",
)
BALANCED = replace(QUICK, class_weights="balanced", about=f"{QUICK.about}, with balanced class weights")
FLOW = replace(
    QUICK, lr=5e-4, batch_size=64, epochs=40, about=OWN + "on flow images of 112x112 or the next size that it accepts"
)
IMAGES = replace(
    QUICK,
    lr=1e-4,
    batch_size=32,
    epochs=30,
    standardize=False,
    features=("onset-apex-224",),
    about=OWN + "on the faces at onset and apex, stacked as 6 channels",
)
FRAMES = replace(
    IMAGES,
    batch_size=16,
    features=("frames-8",),
    about=OWN + "on 8 frames, stacked as 24 channels",
)


def member(name: str) -> merbench.TorchModel:
    """The model `timm:NAME`.

    Args:
        name: timm's name of the architecture, optionally with the tag of its weights (`resnet18.a1_in1k`), which
            `pretrained=true` then loads.

    Raises:
        merbench.OptionError: timm has no such architecture, or no such weights for it.
    """
    known = timm.list_models()
    architecture, _, tag = name.partition(".")
    if architecture not in known:
        near = ", ".join(difflib.get_close_matches(architecture.lower(), known, n=3, cutoff=0.5))
        raise merbench.OptionError(
            f"timm {timm.__version__} has no architecture {architecture!r}{f' (nearest: {near})' if near else ''}; "
            "list all with: merbench list models --match 'timm:*'"
        )
    if tag and name not in (tagged := timm.list_models(f"{architecture}.*", pretrained=True)):
        has = ", ".join(tagged) or "none"
        raise merbench.OptionError(f"timm {timm.__version__} has no weights {name!r}; those of {architecture}: {has}")
    small, full = image_size(name, 32), image_size(name, 224)
    images: dict[str, Any] = {"image_size": full, "normalize": True}
    return merbench.TorchModel(
        name=f"timm:{name}",
        network="merbench_timm.network:TimmNetwork",
        features=("flow-28",),
        recipes={
            "quick": _recipe(QUICK, name, {"image_size": small}),
            "quick-balanced": _recipe(BALANCED, name, {"image_size": small}),
            "flow": _recipe(FLOW, name, {"image_size": image_size(name, 112)}),
            "images": _recipe(IMAGES, name, {"in_chans": 6, **images}),
            "frames": _recipe(FRAMES, name, {"in_chans": 24, **images}),
        },
        with_paths="merbench_timm.weights:with_paths",
        paper=PAPER,
        about=f"{architecture} of timm",
    )


def members(pattern: str) -> list[str]:
    """The architectures that match a shell pattern; if it contains a dot, with the tags of their weights."""
    names: list[str] = timm.list_models(pattern, pretrained="." in pattern)
    return names


def image_size(name: str, wanted: int) -> int:
    """Rows and columns of the images for an architecture: `wanted`, or more if it needs more.

    An architecture that accepts images of any size (most convolutional networks) gets `wanted`. One that cuts patches,
    according to its name, gets the next multiple of the patch size with at least 2 patches in each direction. Any other
    gets the size of its weights.
    """
    found = timm.get_pretrained_cfg(name)
    config: Mapping[str, Any] = found.to_dict() if found else {}
    if not config.get("fixed_input_size"):
        known = max((config.get("min_input_size") or (0,))[1:], default=0)
        return max(wanted, known, *(size for start, size in LEAST.items() if name.startswith(start)))
    patch = re.search(r"patch(\d+)(?!.*window)", name)
    if not patch:
        return int(config["input_size"][-1])
    side = int(patch[1])
    return side * max(TOKENS, -(-wanted // side))


def _recipe(recipe: merbench.Recipe, name: str, options: Mapping[str, Any]) -> merbench.Recipe:
    return replace(recipe, options={"architecture": name, **options})
