"""Shallow convolutional networks on 28x28 flow: STSTNet (Liong et al., 2019)."""

from __future__ import annotations

from collections.abc import Iterable

import merbench

# The authors' PyTorch script, which feeds values of 0..255 unscaled and in the order in which it reads class folders.
PUBLISHED = merbench.Recipe(
    optimizer="adam",
    lr=5e-5,
    batch_size=256,
    epochs=800,
    order="by-class",
    about="the authors' PyTorch script (repository christy1206/STSTNet)",
)
QUICK = merbench.Recipe(
    optimizer="adam",
    lr=1e-3,
    batch_size=64,
    epochs=60,
    standardize=True,
    about="merbench's own: fewer epochs on standardised flow, seconds a fold on one CPU core",
)


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.TorchModel]:
    """The networks."""
    yield merbench.TorchModel(
        name="ststnet",
        network="merbench_shallow.ststnet:STSTNet",
        features=("flow-28",),
        recipes={"published": PUBLISHED, "quick": QUICK},
        paper="Liong, Gan, See, Khor, Huang: Shallow triple stream three-dimensional CNN (STSTNet) for "
        "micro-expression recognition. FG 2019",
        about="three parallel shallow convolutions over 28x28 flow",
    )
