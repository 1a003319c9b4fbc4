"""How clips and raw features come out of a release on disk."""

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
    """What a release's authors say is in it; a check counts against this.

    Attributes:
        clips, subjects: how many; None where it is not known.
        emotions: clips of each emotion as annotated (lower case); empty where it is not known.
        reference: where it was published.
    """

    clips: int | None = None
    subjects: int | None = None
    emotions: Mapping[str, int] = field(default_factory=dict)
    reference: str = ""


class SourceReader(ABC):
    """Reads one release. It never writes into it, and reads nothing outside it.

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
        """What the reader had to substitute: raw feature to a sentence for the terminal and the record's warnings."""
        return {}

    def published(self) -> Published:
        """What the release's authors say is in it; a check counts against this."""
        return Published()

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """Whether a folder looks like this release, by the names in it: asked when another release was expected.

        It is quick, reads nothing but names, and raises nothing.
        """
        return False
