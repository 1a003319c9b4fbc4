"""HTNet (Wang et al., 2024) and its input, the flow of four facial regions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import merbench

# The settings of the released script. It reads one class folder after another, without shuffling or scaling.
PUBLISHED = merbench.Recipe(
    optimizer="adam",
    lr=5e-5,
    batch_size=256,
    epochs=800,
    order="by-class",
    options={"block_repeats": (2, 2, 10)},
    about="the authors' released script (repository wangzhifengharrison/HTNet)",
    claim="as published",
)
PAPER = replace(
    PUBLISHED,
    options={"block_repeats": (2, 2, 8)},
    about="the released script's training without the paper's class weights, with the layers that the paper states",
    claim="own settings",
)
QUICK = merbench.Recipe(
    optimizer="adamw",
    lr=1e-3,
    weight_decay=0.05,
    batch_size=64,
    epochs=25,
    schedule="one-cycle",
    label_smoothing=0.1,
    standardize=True,
    options={"dim": 64, "block_repeats": (2, 2, 4)},
    about="merbench's own: a smaller network for minutes on two CPU cores",
    claim="shortened",
)
BALANCED = replace(QUICK, class_weights="balanced", about=f"{QUICK.about}, with balanced class weights")


@merbench.hookimpl
def merbench_features() -> Iterable[merbench.Feature]:
    """The network's input."""
    yield merbench.Feature(
        name="htnet-regions",
        function="merbench_htnet.regions:htnet_regions",
        inputs=("flow-28", "landmarks-28"),
        variants=("as-released", "anatomical"),
        # No mirror: on a mirrored face, as-released would cut pixels that the four pieces do not contain.
        drawing="merbench_htnet.drawing:htnet_regions",
        shape=(3, 28, 28),
        about="flow around eyes and mouth corners, four 14x14 pieces tiled to 28x28",
    )


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.TorchModel]:
    """The network."""
    yield merbench.TorchModel(
        name="htnet",
        title="HTNet",
        network="merbench_htnet.network:HTNet",
        features=("htnet-regions",),
        recipes={"published": PUBLISHED, "paper": PAPER, "quick": QUICK, "quick-balanced": BALANCED},
        parameters=139_582_982,
        paper="Wang, Zhang, Luo, Sankaranarayana: HTNet for micro-expression recognition. Neurocomputing 602, doi "
        "10.1016/j.neucom.2024.128196, 2024",
        about="hierarchical transformer over the flow of four facial regions",
    )
