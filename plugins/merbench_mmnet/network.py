"""MMNet (Li et al., 2022), with the tensor names of the authors' checkpoints.

Every detail comes from the authors' scripts (repository muse1998/MMNet: CASME2_3.py, CASME2_5.py, CA_block.py,
PC_module.py), except two. The script for 3 classes cannot run as released, because it asks for a convolution of 3
channels in 2 groups; this network takes one group, as the script for 5 classes. For the position branch, the onset is
shrunk by linear interpolation with antialiasing; in the scripts this depends on the version of torchvision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

import merbench
from merbench_mmnet.motion import MainBranch, normed_convolution
from merbench_mmnet.position import PositionBranch

__all__ = ["MMNet"]

# ImageNet's mean and deviation of red, green and blue in 0..1, which the scripts use.
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
WIDTHS = (180, 128, 128, 256, 512)
STRIDE = 16  # pixels of the image for each pixel of the last map
# Tensors of fixed shapes that the scripts build and never use, and the name that each script gives to a classifier.
SPARE_EMBEDDING = (1, 4, 111, 111)
SPARE_CLASSIFIER = (112 * 112, 38)
SPARE_NAMES = {"3-class": "head1", "5-class": "head"}
SPARE_PREFIXES = ("timeembed", "pos.", "vit_pos.cls_token", "vit_pos.head.", "vit_pos.to_Mask.", "head")


class MMNet(nn.Module):
    """The network. The defaults are the shape of the authors' script for 3 classes.

    The main branch sees the difference between apex and onset; the position branch sees the onset. The network trains
    9.2 million parameters with 3 classes, and 9.4 million with the 5 classes of the scripts.

    Args:
        classes: number of logits; both scripts have 5.
        image_size: rows and columns of the images in pixels, a multiple of 16.
        widths: channels of the first convolution, then of the four attending blocks; the last is also the width of the
            position branch.
        pc_depth: blocks of the position branch: 3, or 2 in the script for 5 classes.
        pc_heads: attention heads of each block.
        pc_mlp_ratio: width of their hidden layers, in multiples of the last of `widths`: 2, or 4 for 5 classes.
        pc_drop_path: probability in [0, 1) that a part (attention, feed-forward) of the last block is dropped in
            training: .3, or 0 for 5 classes. A single block is never dropped.
        spare: which script's checkpoints can be loaded, `3-class` or `5-class`: adds, frozen, their tensors that the
            network does not use; `none` adds nothing.

    Raises:
        ValueError: an option is out of range.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        classes: int = 3,
        *,
        image_size: int = 224,
        widths: Sequence[int] = WIDTHS,
        pc_depth: int = 3,
        pc_heads: int = 4,
        pc_mlp_ratio: int = 2,
        pc_drop_path: float = 0.3,
        spare: Literal["3-class", "5-class", "none"] = "3-class",
    ) -> None:
        super().__init__()
        merbench.check_whole(
            classes=classes, image_size=image_size, pc_depth=pc_depth, pc_heads=pc_heads, pc_mlp_ratio=pc_mlp_ratio
        )
        merbench.check_probability(pc_drop_path=pc_drop_path)
        merbench.check_choice(("none", *SPARE_NAMES), spare=spare)
        _check_shape(image_size, widths, pc_heads)
        self.image_size, self.side = image_size, image_size // STRIDE
        held = spare != "none"
        if held:
            self.timeembed = nn.Parameter(torch.zeros(SPARE_EMBEDDING))
        self.conv_act = normed_convolution(3, widths[0], 3, 2)
        if held:
            self.pos = normed_convolution(3, widths[-1], 1, 1)
        self.vit_pos = PositionBranch(
            self.side, widths[-1], depth=pc_depth, heads=pc_heads, mlp_ratio=pc_mlp_ratio, drop_path=pc_drop_path,
            spare=held,
        )  # fmt: skip
        self.main_branch = MainBranch(classes, widths, self.side)
        if held:
            self.add_module(SPARE_NAMES[spare], nn.Sequential(nn.Identity(), nn.Linear(*SPARE_CLASSIFIER, bias=False)))
        for name, parameter in self.named_parameters():
            parameter.requires_grad_(not name.startswith(SPARE_PREFIXES))
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION)[:, None, None], persistent=False)
        self.to(memory_format=torch.channels_last)  # convolutions then make no copies, which saves time and memory

    @property
    def unused_tensors(self) -> tuple[str, ...]:
        """Names of the tensors that exist only for the authors' checkpoints."""
        return tuple(name for name in self.state_dict() if name.startswith(SPARE_PREFIXES))

    def forward(self, images: Tensor) -> Tensor:
        """Logits `[batch, classes]`.

        Args:
            images: `[batch, 2, candidates, 3, image_size, image_size]`, float32 in 0..255, red first: for onset and
                apex, the frame itself, then its neighbours. Training draws one for each; evaluation takes the first.

        Raises:
            ValueError: the images have another shape.
        """
        shape = tuple(images.shape[1:])
        if len(shape) != 5 or (shape[0], *shape[2:]) != (2, 3, self.image_size, self.image_size):
            wanted = f"(2, candidates, 3, {self.image_size}, {self.image_size})"
            raise ValueError(f"MMNet was built for images of shape {wanted}, not {shape}")
        pair = (self.drawn(images) / 255 - self.mean) / self.deviation
        return self.logits(pair[:, 0], pair[:, 1])

    def drawn(self, images: Tensor) -> Tensor:
        """The onset and apex that are used for each clip: `[batch, 2, 3, image_size, image_size]`."""
        if not self.training:
            return images[:, :, 0]
        clips, frames = torch.arange(len(images), device=images.device)[:, None], torch.arange(2, device=images.device)
        return images[clips, frames, torch.randint(images.shape[2], (len(images), 2), device=images.device)]

    def logits(self, onset: Tensor, apex: Tensor) -> Tensor:
        """Logits `[batch, classes]` of normalised images `[batch, 3, image_size, image_size]`."""
        thumbnail = functional.interpolate(onset, (self.side, self.side), mode="bilinear", antialias=True)
        motion = functional.relu(self.conv_act(apex - onset), inplace=True)
        moved = self.main_branch(motion)
        # The position branch runs last, so its memory for gradients is free again before the main branch needs most.
        result: Tensor = self.main_branch.fc((moved + self.vit_pos(thumbnail)).flatten(1))
        return result


def _check_shape(image_size: int, widths: Sequence[int], pc_heads: int) -> None:
    if image_size % STRIDE:
        raise ValueError(f"image_size {image_size} is not a multiple of {STRIDE}")
    if isinstance(widths, str) or not isinstance(widths, Sequence) or len(widths) != len(WIDTHS):
        wanted = f"{len(WIDTHS)} numbers, such as {','.join(map(str, WIDTHS))}"
        raise ValueError(f"widths is {widths!r}; it must be {wanted}")
    merbench.check_whole(**{f"widths[{place}]": width for place, width in enumerate(widths)})
    if widths[-1] % pc_heads:
        raise ValueError(f"the last of widths, {widths[-1]}, is not a multiple of pc_heads {pc_heads}")
