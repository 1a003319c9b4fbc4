"""HSTA's training step in its published shape: seconds, and the memory that the process comes to; beside the authors'
own network where a clone is there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import merbench_hsta
import torch
from merbench_hsta import blocks
from merbench_hsta.network import HSTA
from torch import nn

from tests.benchmarks.in_turn import RELEASED, Step, in_turn, rows
from tests.benchmarks.released import clone, released, same_tensors
from tests.benchmarks.row import Row

BATCH = 2  # clips
FRAMES, PICTURES = 6, 8  # PICTURES: with onset and apex
THREADS = 2
REPEATS = 2
CONDITIONS = (
    f"published recipe, 6+2 frames of 224x224, batch {BATCH}, CPU, {THREADS} threads, fp32, AdamW (merbench's fused), "
    f"median of {REPEATS} after one"
)
# What the README's command asks of the script; the network reads these three itself, from the command line.
COMMAND = SimpleNamespace(model_header_mode=2, num_frames=FRAMES, debug_or_run="run")
# cross_uni_hsta_base_224 as first defined (the second cannot be trained), and the README's stages.
BASE = {
    "img_size": [224, 224],
    "patch_size": [12, 16],
    "embed_dim": [384, 768],
    "num_heads": [12, 12],
    "mlp_ratio": [4, 4, 1],
    "qkv_bias": True,
    "norm_layer": partial(nn.LayerNorm, eps=blocks.EPSILON),
    "depth": [[1, 2, 0]] * 4,
    "all_frames": (2, FRAMES),
    "num_classes": 3,
    "drop_rate": 0.2,
    "drop_path_rate": 0.2,
}


def run(reference: Path | None) -> list[Row]:
    """Seconds of a step and the peak of resident memory, with everything that Python and torch load; with torch's
    attention, and with plain products, which is how the released code attends."""
    subjects: dict[str, Callable[[], Step]] = {
        "merbench": partial(ours, plain=False),
        "merbench, attention as plain products": partial(ours, plain=True),
    }
    if folder := clone(reference, "HSTA_MER"):
        subjects[RELEASED] = partial(theirs, folder)
    return rows("HSTA", in_turn(subjects, threads=THREADS, repeats=REPEATS), CONDITIONS)


def network() -> HSTA:
    """As published."""
    (model,) = merbench_hsta.merbench_models()
    return HSTA(classes=3, **model.recipes["published"].options)


def step(trained: nn.Module, video: torch.Tensor, *, fused: bool | None) -> Step:
    """With the recipe's optimiser."""
    (model,) = merbench_hsta.merbench_models()
    recipe = model.recipes["published"]
    optimizer = torch.optim.AdamW(trained.parameters(), recipe.lr, weight_decay=recipe.weight_decay, fused=fused)
    return Step(trained, optimizer, [video], torch.arange(BATCH))


def ours(*, plain: bool) -> Step:
    """Merbench's, which sees pixels and normalises them itself."""
    if plain:
        blocks.FEW_TOKENS = sys.maxsize
    return step(network(), 255 * torch.rand(BATCH, PICTURES, 3, 224, 224), fused=True)


def theirs(folder: Path) -> Step:
    """The authors', which sees normalised frames, the axis of the channels first."""
    build = released("VisionTransformer", folder / "hsta_model_core" / "_model_hsta.py")
    trained = same_tensors(build(**BASE, args=COMMAND), network())
    return step(trained, torch.randn(BATCH, 3, PICTURES, 224, 224), fused=None)
