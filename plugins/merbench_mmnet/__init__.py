"""MMNet (Li et al., 2022): a main branch for the difference of apex and onset, and a position branch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import merbench

# The authors' script for 3 classes. The paper states 70 epochs; the script's loop runs 99.
PUBLISHED = merbench.Recipe(
    optimizer="adamw",
    lr=8e-4,
    weight_decay=0.7,
    batch_size=24,
    epochs=70,
    schedule="step",
    decay=0.987,
    decay_epochs=50,
    flip=0.5,
    rotation=4,
    crop_padding=4,
    about="the authors' script for 3 classes (repository muse1998/MMNet, CASME2_3.py), with the paper's 70 epochs",
    claim="as published",
)
# The authors' script for 5 classes, whose loop runs 74 epochs.
PUBLISHED_5 = replace(
    PUBLISHED,
    weight_decay=0.6,
    batch_size=32,
    rotation=3,
    crop_padding=15,
    options={"pc_depth": 2, "pc_mlp_ratio": 4, "pc_drop_path": 0.0, "spare": "5-class"},
    features=("onset-apex-neighbours-224@5-class",),
    about="the authors' script for 5 classes (repository muse1998/MMNet, CASME2_5.py), with the paper's 70 epochs",
)
# Optimiser, rate and schedule are those of HTNet's quick recipe. A smaller batch and 20 epochs give about 140 steps on
# the demo, enough for the running values of the batch norms to leave their initial values. The size of the images and
# the widths were chosen by their scores on the demo's own clips, so a score of this recipe on the demo proves nothing.
QUICK = merbench.Recipe(
    optimizer="adamw",
    lr=1e-3,
    weight_decay=0.05,
    batch_size=16,
    epochs=20,
    schedule="one-cycle",
    flip=0.5,
    options={
        "image_size": 32,
        "widths": (16, 16, 32, 32, 64),
        "pc_depth": 1,
        "pc_drop_path": 0.0,
        "spare": "none",
    },
    features=("onset-apex-neighbours-32",),
    about="merbench's own: a narrow network on small images, seconds a fold on two CPU cores",
    claim="shortened",
)


@merbench.hookimpl
def merbench_features() -> Iterable[merbench.Feature]:
    """The network's input, as published and small."""
    for side in (224, 32):
        yield merbench.Feature(
            name=f"onset-apex-neighbours-{side}",
            function=f"merbench_mmnet.neighbours:neighbours_{side}",
            inputs=("face", "apex"),
            variants=("3-class", "5-class"),
            mirror="merbench_flow.mirror:images",
            shape=(2, 6, 3, side, side),
            about=f"the aligned face at onset and apex and at frames beside them, at {side}x{side}",
        )


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.TorchModel]:
    """The network."""
    yield merbench.TorchModel(
        name="mmnet",
        title="MMNet",
        network="merbench_mmnet.network:MMNet",
        features=("onset-apex-neighbours-224",),
        recipes={"published": PUBLISHED, "published-5": PUBLISHED_5, "quick": QUICK},
        parameters=9_241_719,
        paper="Li, Sui, Zhu, Zhao: MMNet: Muscle motion-guided network for micro-expression recognition. IJCAI 2022",
        about="apex minus onset, in blocks that pass their attention on, joined with positions on the face",
    )
