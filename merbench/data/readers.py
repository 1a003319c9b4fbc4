"""Call a source's reader: each call goes through `calling`, and its result is checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.data.clips import clip_table
from merbench.data.sources import Published, SourceReader
from merbench.errors import ReleaseError
from merbench.plugin.calls import Author, calling, kind, wrong
from merbench.plugin.digests import classes_digest

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from merbench.data.frames import Frames

__all__ = ["CheckedReader"]

NUMBERS = "fiub"  # kinds of NumPy types


class CheckedReader(SourceReader):
    """Calls a plugin's reader. Raises what the reader's own methods raise, and PluginError if they fail.

    Args:
        reader: the plugin's class.
        author: the plugin that it belongs to.
        root: the release's folder; None for a source that is embedded.
    """

    def __init__(self, reader: type[SourceReader], author: Author, root: Path | None) -> None:
        super().__init__(root)
        self.author = author
        with calling(author, reader.__name__):
            self.reader = reader(root)

    def clips(self) -> pd.DataFrame:
        """The reader's clips; PluginError if they are not a clip table."""
        import pandas as pd

        with calling(self.author, "clips"):
            table = self.reader.clips()
        wanted = "give a table of clips, as merbench.clip_table makes it"
        if not isinstance(table, pd.DataFrame):
            raise wrong(self.author, "clips", kind(table), wanted, self.reader.clips)
        try:
            return clip_table(table)
        except ReleaseError as error:
            found = f"a wrong table ({error})"
            raise wrong(self.author, "clips", found, wanted, self.reader.clips) from error

    def read(self, feature: str, clip: str) -> np.ndarray | Frames:
        """The reader's raw feature; PluginError if it is neither an array of numbers nor frames."""
        import numpy as np

        from merbench.data.frames import Frames

        with calling(self.author, f"read of {feature} of {clip}"):
            value: Any = self.reader.read(feature, clip)
        if isinstance(value, Frames):
            value.code = classes_digest(type(self.reader), type(value))
            return value
        if isinstance(value, np.ndarray) and value.dtype.kind in NUMBERS:
            return value
        gives = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else kind(value)
        wanted = "give an array of numbers or a merbench.Frames"
        raise wrong(self.author, f"read of {feature} of {clip}", gives, wanted, self.reader.read)

    def notes(self) -> dict[str, str]:
        """The reader's notes; PluginError if they are not sentences by feature."""
        with calling(self.author, "notes"):
            notes: Any = self.reader.notes()
        if isinstance(notes, Mapping) and all(isinstance(text, str) for pair in notes.items() for text in pair):
            return dict(notes)
        wanted = "give a dictionary from a feature's name to a sentence"
        raise wrong(self.author, "notes", kind(notes), wanted, self.reader.notes)

    def published(self) -> Published:
        """The reader's published numbers; PluginError if they are not a Published."""
        with calling(self.author, "published"):
            published: Any = self.reader.published()
        if isinstance(published, Published):
            return published
        wanted = "give a merbench.Published"
        raise wrong(self.author, "published", kind(published), wanted, self.reader.published)
