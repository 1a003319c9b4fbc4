"""The specs of the texture descriptors: LBP-TOP, LBP-SIP and HOG-TOP."""

from __future__ import annotations

from collections.abc import Iterable

import merbench
from merbench_handcrafted.kernel_recipes import variations

SVM = "merbench_handcrafted.svm:histogram_svm"
FRAMES = "frames-10@tim"  # the composite's baseline interpolates every clip to 10 frames
BASELINE = merbench.Recipe(
    options={"kernel": "linear", "C": 1.0},
    features=("lbp-top@megc2019",),
    about="MEGC 2019's baseline: R (1, 1, 4), P 4, 5x5 blocks, 10 interpolated frames, linear kernel; its C is not "
    "known, so C is scikit-learn's default",
)


def texture_features() -> Iterable[merbench.Feature]:
    """Each descriptor, on 10 interpolated frames of the aligned face."""
    yield merbench.Feature(
        name="lbp-top",
        function="merbench_handcrafted.lbp:lbp_top",
        inputs=(FRAMES,),
        variants=("megc2019", "r3p8"),
        version=2,
        shape=(5, 5, 3, 16),
        about="local binary patterns on three orthogonal planes of the grey face, in 5x5 blocks",
    )
    yield merbench.Feature(
        name="lbp-sip",
        function="merbench_handcrafted.lbp:lbp_sip",
        inputs=(FRAMES,),
        variants=("r114", "r3"),
        version=2,
        shape=(5, 5, 20),
        about="local binary patterns at six points, four in the image and two in time, in 5x5 blocks",
    )
    yield merbench.Feature(
        name="hog-top",
        function="merbench_handcrafted.hog:hog_top",
        inputs=(FRAMES,),
        variants=("hog", "higo"),
        version=2,
        shape=(5, 5, 3, 8),
        about="histograms of 8 directions of gradients on three orthogonal planes of the grey face, in 5x5 blocks",
    )


def texture_models() -> Iterable[merbench.EstimatorModel]:
    """A support vector machine on each descriptor."""
    yield merbench.EstimatorModel(
        name="lbp-top",
        title="LBP-TOP",
        estimator=SVM,
        features=("lbp-top",),
        recipes={"megc2019": BASELINE, **_recipes("rbf", "chi2")},
        paper="Zhao, Pietikainen: Dynamic texture recognition using local binary patterns with an application to "
        "facial expressions. IEEE Transactions on Pattern Analysis and Machine Intelligence 29, 2007",
        about="support vector machine on local binary patterns on three orthogonal planes",
    )
    yield merbench.EstimatorModel(
        name="lbp-sip",
        title="LBP-SIP",
        estimator=SVM,
        features=("lbp-sip",),
        recipes=_recipes("linear", "rbf", "chi2"),
        paper="Wang, See, Phan, Oh: LBP with six intersection points: reducing redundant information in LBP-TOP for "
        "micro-expression recognition. ACCV 2014",
        about="support vector machine on local binary patterns at six intersection points",
    )
    yield merbench.EstimatorModel(
        name="hog-top",
        title="HOG-TOP",
        estimator=SVM,
        features=("hog-top",),
        recipes=_recipes("linear", "rbf", "chi2"),
        paper="Li, Hong, Moilanen, Huang, Pfister, Zhao, Pietikainen: Towards reading hidden emotions: a comparative "
        "study of spontaneous micro-expression spotting and recognition methods. IEEE Transactions on Affective "
        "Computing 9, 2018",
        about="support vector machine on histograms of gradients on three orthogonal planes",
    )


def _recipes(*kernels: str) -> dict[str, merbench.Recipe]:
    return {name: one for kernel in kernels for name, one in variations(kernel).items()}
