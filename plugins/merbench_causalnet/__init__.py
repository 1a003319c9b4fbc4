"""CausalNet (Zhang et al., 2025) and its input, the flow of two phases in four facial regions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import merbench

# The settings of the released script. A step takes 256 x 4 clips, more than any training side of the composite has. It
# reads one class folder after another, without shuffling or scaling.
PUBLISHED = merbench.Recipe(
    optimizer="adam",
    lr=5e-5,
    batch_size=1024,
    epochs=200,
    order="by-class",
    about="the authors' released script (repository tony19980810/CausalNet), without its stop once the test subject is "
    "all right; needs a GPU",
    claim="as published",
)
# Optimiser, rate and schedule are those of HTNet's quick recipe; widths and layers were chosen for the time they take.
QUICK = merbench.Recipe(
    optimizer="adamw",
    lr=1e-3,
    weight_decay=0.05,
    batch_size=64,
    epochs=25,
    schedule="one-cycle",
    label_smoothing=0.1,
    standardize=True,
    options={"dim": 32, "block_repeats": (2, 2, 4), "head_width": 128},
    about="merbench's own: a smaller network for two CPU cores",
    claim="shortened",
)
BALANCED = replace(QUICK, class_weights="balanced", about=f"{QUICK.about}, with balanced class weights")


@merbench.hookimpl
def merbench_features() -> Iterable[merbench.Feature]:
    """The network's input."""
    yield merbench.Feature(
        name="causalnet-regions",
        function="merbench_causalnet.regions:causalnet_regions",
        inputs=("two-phase-flow-28",),
        # No mirror: as for htnet-regions, the four pieces do not contain what a mirrored face would need.
        shape=(4, 3, 28, 28),
        about="flow of both phases and its directions around eyes and mouth corners, four images of four tiled pieces",
    )


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.TorchModel]:
    """The network."""
    yield merbench.TorchModel(
        name="causalnet",
        title="CausalNet",
        network="merbench_causalnet.network:CausalNet",
        features=("causalnet-regions",),
        recipes={"published": PUBLISHED, "quick": QUICK, "quick-balanced": BALANCED},
        parameters=276_590_089,
        paper="Zhang, Tang, Chen: Rethinking key-frame-based micro-expression recognition: a robust and accurate "
        "framework against key-frame errors. ICCV 2025",
        about="HTNet's levels over the flow of two phases, then attention between the phases; its paper's figures are "
        "chosen on the test subject",
    )
