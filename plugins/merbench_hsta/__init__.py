"""HSTA: hierarchical space-time attention over a clip's frames, and over its onset and apex."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import merbench

# The command in the README of the authors' repository. The script multiplies the learning rate by batch / 256 and draws
# clips so that all classes are equally likely. It passes its `fc_drop_rate` to no network, hence no `head_dropout`.
BASE_LR, BASE_BATCH = 5e-4, 256
BATCH = 32
PUBLISHED = merbench.Recipe(
    optimizer="adamw",
    lr=BASE_LR * BATCH / BASE_BATCH,
    weight_decay=0.05,
    decay_vectors=False,
    layer_decay=0.9,
    batch_size=BATCH,
    epochs=150,
    order="balanced",
    schedule="cosine",
    warmup_epochs=5,
    options={"stages": 4, "depth": (1, 2), "dropout": 0.2, "drop_path": 0.2},
    about="the README's command for the authors' script (repository OceanSummerDay/HSTA_MER)",
    claim="as published",
)
FLOW = replace(
    PUBLISHED,
    options={**PUBLISHED.options, "special": "flow"},
    features=("video-6+2", "flow"),
    about="as published, with the flow from onset to apex instead of the two frames; its input form is merbench's own",
    claim="own settings",
)
QUICK = merbench.Recipe(
    optimizer="adamw",
    lr=4e-3,
    weight_decay=0.05,
    decay_vectors=False,
    batch_size=32,
    epochs=20,
    order="balanced",
    schedule="cosine",
    warmup_epochs=1,
    options={
        "image_size": 28,
        "patch_sizes": (4, 14),
        "embed_dims": (48, 24),
        "heads": (3, 3),
        "stages": 1,
        "depth": (1, 1),
        "special": "flow",
    },
    features=("hsta-video-28", "hsta-flow-28"),
    about="merbench's own: one narrow stage on small pictures and flow, seconds a fold on one CPU core",
    claim="shortened",
)


@merbench.hookimpl
def merbench_features() -> Iterable[merbench.Feature]:
    """The small inputs."""
    yield merbench.Feature(
        name="hsta-video-28",
        function="merbench_hsta.pictures:video_28",
        inputs=("video-6+2",),
        mirror="merbench_flow.mirror:images",
        shape=(8, 3, 28, 28),
        about="video-6+2 averaged to 28x28",
    )
    yield merbench.Feature(
        name="hsta-flow-28",
        function="merbench_hsta.pictures:flow_28",
        inputs=("flow@dis",),
        mirror="merbench_flow.mirror:motion",
        shape=(2, 28, 28),
        about="DIS flow averaged to 28x28, in pixels of the 224x224 face",
    )


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.TorchModel]:
    """The network."""
    yield merbench.TorchModel(
        name="hsta",
        title="HSTA",
        network="merbench_hsta.network:HSTA",
        features=("video-6+2",),
        recipes={"published": PUBLISHED, "flow": FLOW, "quick": QUICK},
        parameters=81_883_011,
        paper="Hao, Wang, Ben, Hao, Wang, Wang: Hierarchical space-time attention for micro-expression recognition. "
        "arXiv 2405.03202, 2024",
        about="two-branch video transformer over 6 frames, and over onset and apex",
    )
