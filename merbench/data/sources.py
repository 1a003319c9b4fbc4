"""Read clips and raw features from a release on disk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from merbench.data.frames import Frames

__all__ = ["Published", "SourceReader"]


@dataclass(frozen=True, kw_only=True)
class Published:
    """What the authors of a release say that it contains; `merbench data check` compares the release with this.

    Attributes:
        clips, subjects: how many; None if not known.
        emotions: clips of each emotion as annotated (lower case); empty if not known.
        source: where it was published.
    """

    clips: int | None = None
    subjects: int | None = None
    emotions: Mapping[str, int] = field(default_factory=dict)
    source: str = ""


class SourceReader(ABC):
    """Reads one release. A reader never writes into the release, and reads nothing outside it.

    Args:
        root: the release's folder; None for a source that is embedded.
    """

    def __init__(self, root: Path | None) -> None:
        self.root = root

    @abstractmethod
    def clips(self) -> pd.DataFrame:
        """Every clip of the release, as `merbench.clip_table` makes it: `emotion` as annotated, `label` -1.

        Raises:
            ReleaseError: the folder is not this release, or its table cannot be read.
        """

    @abstractmethod
    def read(self, feature: str, clip: str) -> np.ndarray | Frames:
        """One raw feature (a name that the source provides) of one clip (its id): an array, or its `Frames`.

        Raises:
            ReleaseError: the clip's files are missing, truncated or of the wrong kind; the reason in a few words.
        """

    def notes(self) -> dict[str, str]:
        """What the reader replaced: raw feature to a sentence for the terminal and the record's warnings."""
        return {}

    def published(self) -> Published:
        """What the authors of the release say that it contains."""
        return Published()

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """Whether a folder looks like this release. Called when a folder is not the release that was expected.

        It must be quick, read only the names of files, and raise nothing.
        """
        return False
