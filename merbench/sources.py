"""How clips and raw features come out of a release on disk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["SourceReader"]


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
    def read(self, feature: str, clip: str) -> np.ndarray:
        """The array of one raw feature (a name that the source provides) of one clip (its id).

        Raises:
            ReleaseError: the clip's files are missing, truncated or of the wrong kind; the reason in a few words.
        """

    def notes(self) -> dict[str, str]:
        """What the reader had to substitute: raw feature to a sentence for the terminal and the record's warnings."""
        return {}
