"""Shallow networks on 28x28 flow, which the field uses as baselines, and a ResNet on the apex image."""

from __future__ import annotations

from collections.abc import Iterable

import merbench
from merbench_shallow.recipes import RECIPES

# name → title, target, parameters of the default recipe with 3 classes, paper, description.
ON_FLOW = {
    "ststnet": (
        "STSTNet",
        "ststnet:STSTNet",
        1_683,
        "Liong, Gan, See, Khor, Huang: Shallow triple stream three-dimensional CNN (STSTNet) for micro-expression "
        "recognition. FG, arXiv 1902.03634, 2019",
        "three parallel shallow convolutions over 28x28 flow",
    ),
    "off-apexnet": (
        "OFF-ApexNet",
        "off_apexnet:OFFApexNet",
        2_664_475,
        "Gan, Liong, Yau, Huang, Tan: OFF-ApexNet on micro-expression recognition system. Signal Processing: Image "
        "Communication 74, 2019",
        "two convolutional streams, horizontal and vertical flow",
    ),
    "dual-inception": (
        "Dual-Inception",
        "dual_inception:DualInception",
        6_449_867,
        "Zhou, Mao, Xue: Dual-inception network for cross-database micro-expression recognition. FG 2019",
        "two streams of inception blocks, horizontal and vertical flow",
    ),
    "sssnet": (
        "SSSNet",
        "sssnet:SSSNet",
        1_349_251,
        "Varanka, Peng, Zhao: Micro-expression recognition with noisy labels. Electronic Imaging 2021",
        "one stream of two convolutions over flow enlarged to 64x64",
    ),
}
RCN_PAPER = (
    "Xia, Peng, Khor, Feng, Zhao: Revealing the invisible with model and data shrinking for composite-database "
    "micro-expression recognition. IEEE Transactions on Image Processing 29, 2020"
)
# name → parameters, description.
RCN = {
    "rcn-a": (15_331, "recurrent convolution, attended by its own classifier's weights"),
    "rcn-s": (15_331, "recurrent convolution with shortcuts between its steps"),
    "rcn-w": (13_795, "recurrent convolution behind three dilated streams"),
    "rcn-f": (13_795, "recurrent convolution with dilated streams, shortcuts and attention"),
}


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.TorchModel]:
    """The networks."""
    rcn = {name: (name.upper(), "rcn:RCN", count, RCN_PAPER, about) for name, (count, about) in RCN.items()}
    for name, (title, target, parameters, paper, about) in (ON_FLOW | rcn).items():
        yield merbench.TorchModel(
            name=name,
            title=title,
            network=f"merbench_shallow.{target}",
            features=("flow-28",),
            recipes=RECIPES[name],
            parameters=parameters,
            paper=paper,
            about=about,
        )
    yield merbench.TorchModel(
        name="apex-resnet",
        title="ResNet-18 on the apex",
        network="merbench_shallow.apex_resnet:ApexResNet",
        features=("onset-apex-224",),
        recipes=RECIPES["apex-resnet"],
        parameters=2_783_555,
        paper="He, Zhang, Ren, Sun: Deep residual learning for image recognition. CVPR 2016",
        about="ResNet-18 from scratch on the apex image: a baseline without motion",
    )
