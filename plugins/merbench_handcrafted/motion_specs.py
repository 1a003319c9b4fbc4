"""The specs of the motion descriptors: HOOF, Bi-WOOF and MDMO."""

from __future__ import annotations

from collections.abc import Iterable

import merbench
from merbench_handcrafted.kernel_recipes import KERNELS, fixed_c, variations

SVM = "merbench_handcrafted.svm:histogram_svm"


def motion_features() -> Iterable[merbench.Feature]:
    """Each descriptor on full flow, and on small flow images if it needs no landmarks."""
    yield merbench.Feature(
        name="hoof",
        function="merbench_handcrafted.hoof:hoof",
        inputs=("flow",),
        shape=(5, 5, 8),
        about="histograms of oriented flow in 5x5 blocks, 8 bins, the same for left and right",
    )
    yield merbench.Feature(
        name="hoof-28",
        function="merbench_handcrafted.hoof:hoof_28",
        inputs=("flow-28",),
        shape=(5, 5, 8),
        about="the same on 28x28 flow, whose medians count as no motion",
    )
    yield merbench.Feature(
        name="bi-woof",
        function="merbench_handcrafted.biwoof:bi_woof",
        inputs=("flow",),
        shape=(5, 5, 8),
        about="histograms of oriented flow in 5x5 blocks, 8 bins, blocks weighted by optical strain",
    )
    yield merbench.Feature(
        name="bi-woof-28",
        function="merbench_handcrafted.biwoof:bi_woof_28",
        inputs=("flow-28",),
        shape=(5, 5, 8),
        about="the same on 28x28 flow, whose medians count as no motion",
    )
    yield merbench.Feature(
        name="mdmo",
        function="merbench_handcrafted.mdmo:mdmo",
        inputs=("flow", "face-landmarks-68"),
        variants=("centred", "from-zero"),
        version=2,
        shape=(36, 2),
        about="magnitude and angle of the main direction in 36 regions, without the head's motion",
    )


def motion_models() -> Iterable[merbench.EstimatorModel]:
    """A support vector machine on each descriptor."""
    yield merbench.EstimatorModel(
        name="hoof",
        title="HOOF",
        estimator=SVM,
        features=("hoof-28",),
        recipes=_recipes("hoof"),
        paper="Chaudhry, Ravichandran, Hager, Vidal: Histograms of oriented optical flow and Binet-Cauchy kernels on "
        "nonlinear dynamical systems for the recognition of human actions. CVPR 2009",
        about="support vector machine on histograms of oriented optical flow",
    )
    yield merbench.EstimatorModel(
        name="bi-woof",
        title="Bi-WOOF",
        estimator=SVM,
        features=("bi-woof-28",),
        recipes=_recipes("bi-woof"),
        paper="Liong, See, Wong, Phan: Less is more: micro-expression recognition from video using apex frame. Signal "
        "Processing: Image Communication 62, 2018",
        about="support vector machine on bi-weighted oriented optical flow",
    )
    yield merbench.EstimatorModel(
        name="mdmo",
        title="MDMO",
        estimator="merbench_handcrafted.mdmo:mdmo_svm",
        features=("mdmo",),
        recipes={name: one for kernel in KERNELS for name, one in variations(kernel, " on flow at 224x224").items()},
        paper="Liu, Zhang, Yan, Wang, Zhao, Fu: A main directional mean optical flow feature for spontaneous "
        "micro-expression recognition. IEEE Transactions on Affective Computing 7, 2016",
        about="support vector machine on the main directions of motion in 36 regions",
    )


def _recipes(feature: str) -> dict[str, merbench.Recipe]:
    """Recipes for each kernel on 28x28 flow, and one for each kernel on this feature of full flow."""
    small = {name: one for kernel in KERNELS for name, one in variations(kernel, " on 28x28 flow").items()}
    return small | {f"{kernel}-224": fixed_c(kernel, " on flow at 224x224", (feature,)) for kernel in KERNELS}
