"""A plugin for benchmarks: folders of rendered frames as a dataset of video; loaded with `--plugin`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import merbench

if TYPE_CHECKING:
    import pandas as pd

FRAMES = 12


@merbench.hookimpl
def merbench_sources() -> Iterable[merbench.Source]:
    """The folder `rendered` of MERBENCH_DATA."""
    yield merbench.Source(name="rendered", reader="rendered:Rendered", provides=("frames",), databases=("rendered",))


@merbench.hookimpl
def merbench_datasets() -> Iterable[merbench.Dataset]:
    """All of it."""
    yield merbench.Dataset(name="rendered", sources=("rendered",), databases=("rendered",), scheme=merbench.THREE_CLASS)


class Rendered(merbench.SourceReader):
    """A folder per clip, `subject-clip`, of frames `0.jpg` to `11.jpg`."""

    def clips(self) -> pd.DataFrame:
        """Every folder; the emotions take turns."""
        names = [folder.name.split("-") for folder in sorted(Path(str(self.root)).iterdir())]
        return merbench.clip_table(
            {
                "clip": [f"rendered/{subject}/{clip}" for subject, clip in names],
                "database": ["rendered"] * len(names),
                "subject": [f"rendered/{subject}" for subject, _ in names],
                "emotion": [merbench.THREE_CLASS.classes[place % 3] for place in range(len(names))],
            }
        )

    def read(self, feature: str, clip: str) -> merbench.Frames:
        """The frames; nothing is read yet."""
        root = Path(str(self.root))
        folder = root / "-".join(clip.split("/")[1:])
        files = {number: folder / f"{number}.jpg" for number in range(FRAMES)}
        return merbench.Frames(files, root=root, onset=0, apex=FRAMES // 2, offset=FRAMES - 1)
