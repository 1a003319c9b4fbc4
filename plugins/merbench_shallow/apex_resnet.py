"""A ResNet-18 (He, Zhang, Ren, Sun, 2016) that sees only the apex frame: compare with it to see what motion adds.

This is not the model of one paper, but a baseline that many papers use. Where each choice comes from:

- The first three of ResNet-18's four stages feed CapsuleNet (Quang, Chun, Tokuyama, 2019) in its authors' code. The
  recipe `from-scratch` takes the training settings of that code: Adam at 1e-4, times .9 every epoch, batches of 32,
  30 epochs, half of the images mirrored and all turned by up to 8 degrees. `stages=4` is the whole ResNet-18 of timm.
- That code starts from ImageNet weights. They need a download, and this model makes none: all weights start at random,
  on 442 clips or fewer. Other parts of that code are left out too: capsules, margin loss, jittered colours, crops of a
  larger image, the frames near the apex that balance its classes, and the random rotation of test images. So a score
  of this model says nothing about CapsuleNet. `timm:resnet18` can start from a file of weights.
- Images are scaled as for ImageNet, by its mean and deviation of each colour; that code leaves them in 0..1.
"""

from __future__ import annotations

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

import merbench

__all__ = ["ApexResNet"]

SIDE = 224
SHAPE = (2, 3, SIDE, SIDE)  # onset and apex, red first
APEX = 1
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, of values 0..1
CHANNELS = (64, 128, 256, 512)  # of the four stages


class ApexResNet(nn.Module):
    """ResNet-18's stages, the mean over all places, and a linear layer.

    Args:
        classes: number of logits.
        stages: 1 to 4, the number of stages; they have 64, 128, 256 and 512 channels.
        side: rows and columns that the image is shrunk to (means over areas): at most 224, and at least 5, 9, 17 or 33
            for 1 to 4 stages, which leaves 2x2 places after the last stage. A batch norm cannot train on one place of
            one clip.

    Raises:
        ValueError: an option out of range.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, classes: int = 3, *, stages: int = 4, side: int = SIDE) -> None:
        super().__init__()
        merbench.check_whole(classes=classes, stages=stages, side=side)
        if stages > len(CHANNELS):
            raise ValueError(f"stages is {stages}; it must be at most {len(CHANNELS)}, the stages of ResNet-18")
        if not (least := 2 ** (stages + 1) + 1) <= side <= SIDE:
            raise ValueError(f"side is {side}; with stages={stages} it must be {least} to {SIDE}")
        self.side = side
        self.features = timm.create_model("resnet18", pretrained=False, features_only=True, out_indices=(stages,))
        self.fc = nn.Linear(CHANNELS[stages - 1], classes)
        for name, values in (("mean", MEAN), ("deviation", DEVIATION)):
            self.register_buffer(name, 255 * torch.tensor(values)[:, None, None], persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Logits `[batch, classes]` of the images at onset and apex, `[batch, 2, 3, 224, 224]` float32 0..255.

        Raises:
            ValueError: the images have another shape.
        """
        if tuple(images.shape[1:]) != SHAPE:
            raise ValueError(f"ApexResNet was built for images of shape {SHAPE}, not {tuple(images.shape[1:])}")
        apex = images[:, APEX]
        if self.side < SIDE:
            apex = functional.interpolate(apex, size=(self.side, self.side), mode="area")
        apex = ((apex - self.mean) / self.deviation).contiguous(memory_format=torch.channels_last)
        logits: Tensor = self.fc(self.features(apex)[0].mean((2, 3)))
        return logits
