"""Read a plain clone of github.com/tony19980810/CausalNet: a second flow release of the composite.

It contains four images of 28x28 pixels for each of the 442 clips and no table: classes and subjects are those of the
canonical clip list. A comment in the authors' main_train_for_parameter_tuning.py says what the images are. As stored
(in OpenCV's order, blue first):

- `NAME .png`: flow from onset to apex in the form of HTNet's release (optical strain, v, u), with other values.
- `NAME_1 .png`: flow from apex to offset, in the same form.
- `NAME_2 .png`, `NAME_3 .png`: the direction of these two as a hue, with blue 0 in every pixel. It is atan2(v, u) of
  the stored values 0..255, so it lies between 0 and 90 degrees, and the first two images determine it.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import merbench
from merbench_databases.canonical import composite
from merbench_databases.htnet_release import FALLBACK, SIDE
from merbench_databases.tables import TableError, inside

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

IMAGES = "datasets/STSNet_whole_norm_u_v_os"
KINDS = ("", "_1", "_2", "_3")  # how the names of a clip's four images end
SAMPLE = "sub01_EP02_01f_1 .png"  # an image that this release has and HTNet's has not
HINT = "name the folder made by: git clone https://github.com/tony19980810/CausalNet"


class CausalNetRelease(merbench.SourceReader):
    """The release in the folder `root`. Provides, for each clip,

    - `flow-28`: float32 `[3, 28, 28]`, the first image: channels (strain, v, u), values 0..255 as stored, not scaled;
    - `two-phase-flow-28`: float32 `[4, 3, 28, 28]`, all four images in the order of their names, values as stored;
    - `landmarks-28`: float32 `[5, 2]`, (x, y) in pixels: the same for every clip, as in CausalNet's script.
    """

    def clips(self) -> pd.DataFrame:
        """The canonical clips of which the release has an image, in the canonical order; `emotion` is the class name.

        Raises:
            merbench.ReleaseError: the images are missing, an image is there twice, or it belongs to no clip.
        """
        released = {clip for clip, _ in self._files}
        canonical = composite()
        kept = canonical[canonical["clip"].isin(released)]
        return merbench.clip_table(
            {
                "clip": list(kept["clip"]),
                "database": list(kept["database"]),
                "subject": list(kept["subject"]),
                "emotion": [merbench.THREE_CLASS.classes[label] for label in kept["label"]],
            }
        )

    def read(self, feature: str, clip: str) -> np.ndarray:
        """One raw feature of one clip; the class docstring gives shapes and units.

        Raises:
            merbench.ReleaseError: an image of the clip is missing or broken; the message says which and why.
        """
        import numpy as np

        if (clip, 0) not in self._names:
            raise merbench.ReleaseError(f"the composite has no clip {clip}")
        if feature == "flow-28":
            return self._image(clip, 0)
        if feature == "two-phase-flow-28":
            return np.stack([self._image(clip, kind) for kind in range(len(KINDS))])
        if feature == "landmarks-28":
            return np.array(FALLBACK, dtype=np.float32)
        raise merbench.ReleaseError(f"the release has no feature {feature!r}")

    def notes(self) -> dict[str, str]:
        """That no landmark was found on an image."""
        return {"landmarks-28": "the release has no landmarks; all clips have the fixed ones of CausalNet's script"}

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """Whether a folder has the second image of a clip."""
        return (folder / IMAGES / SAMPLE).is_file()

    @cached_property
    def _names(self) -> dict[tuple[str, int], str]:
        """(clip, place of the image) → the name of its file, as the authors wrote it."""
        parts = [(clip, *clip.split("/")[1:]) for clip in composite()["clip"]]
        return {
            (clip, place): f"{subject}_{name}{kind} .png"
            for clip, subject, name in parts
            for place, kind in enumerate(KINDS)
        }

    @cached_property
    def _files(self) -> dict[tuple[str, int], Path]:
        """(clip, place of the image) → its file. The blank before `.png` may be missing."""
        wanted = {_stem(name): image for image, name in self._names.items()}
        found: dict[tuple[str, int], Path] = {}
        for path in self._pngs():
            image = wanted.get(_stem(path.name))
            if image is None:
                raise merbench.ReleaseError(f"{self.root}: {path.name} is an image of no clip of the composite")
            if image in found:
                raise merbench.ReleaseError(f"{self.root}: {found[image].name} and {path.name} are the same image")
            found[image] = path
        if not any(place for _, place in found):
            raise merbench.ReleaseError(
                f"{self.root} has no second image of any clip, so it is not a clone of CausalNet's repository; {HINT}"
            )
        return found

    def _pngs(self) -> list[Path]:
        if self.root is None:
            raise merbench.ReleaseError("causalnet-release needs a folder")
        folder = self.root / IMAGES
        if not folder.is_dir():
            raise merbench.ReleaseError(
                f"{self.root} is not a clone of CausalNet's repository: {IMAGES} is missing; {HINT}"
            )
        try:
            return sorted(path for path in folder.iterdir() if path.suffix.lower() == ".png")
        except OSError as error:
            raise merbench.ReleaseError(f"{folder} cannot be read ({error.strerror})") from error

    def _image(self, clip: str, place: int) -> np.ndarray:
        from merbench_databases.images import read_png

        path = self._files.get((clip, place))
        if path is None or self.root is None:
            raise merbench.ReleaseError(f"{self._names[clip, place]} is missing")
        try:
            inside(path, self.root)
        except TableError as error:
            raise merbench.ReleaseError(f"{path.name}{error}") from error
        return read_png(path, SIDE).transpose(2, 0, 1).astype("float32")


def _stem(name: str) -> str:
    """The name of an image without `.png` and the blank before it."""
    return name[: -len(".png")].rstrip()
