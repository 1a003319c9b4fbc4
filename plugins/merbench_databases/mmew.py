"""MMEW (Ben et al., TPAMI 2021): 300 micro-expressions, at 90 frames per second.

`Micro_Expression/anger/S13-07-001/1.jpg`, or `S03/happiness/S03-01-002/1.jpg` according to its site. A clip labelled
others may lie in the folder `repression`, so folders of emotions are not read as labels. Frames may be numbered within
the clip, while the table numbers them within the recording.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from merbench import Published, ReleaseError
from merbench_databases.folders import matches, matching, named, subfolders, topmost
from merbench_databases.tabled import TableRelease
from merbench_databases.video import Clip, within_clip

MACRO = "macro"


class MMEW(TableRelease):
    """MMEW in a folder with its table and its frames."""

    database = "mmew"
    title = "MMEW"
    fps = 90.0
    table = r"mmew.*micro.*\.(xlsx|xls|csv)"
    table_name = "MMEW_Micro_Exp.xlsx"
    subject_form = "S{:02}"
    subject_folder = r"S0*(\d{1,2})"
    clip_folder = r"S\d{1,2}-\d{1,2}-\d{1,3}"
    hint = "name the folder that holds MMEW_Micro_Exp.xlsx and Micro_Expression"
    counts = Published(
        clips=300,
        emotions={
            "surprise": 89,
            "disgust": 72,
            "others": 66,
            "happiness": 36,
            "fear": 16,
            "sadness": 13,
            "anger": 8,
        },
        source="Ben et al., TPAMI 2021",
    )

    @classmethod
    def is_tree(cls, folder: Path, root: Path) -> bool:
        """Whether the clips' folders lie two levels down (by emotion) or three (by subject and emotion)."""
        if MACRO in folder.name.lower():
            return False
        try:
            below = subfolders(folder, root)
            subjects = matching(below, cls.subject_folder)
            emotions = [path for one in subjects for path in subfolders(one, root).values()]
            near = [*(path for path in below.values() if path not in subjects), *emotions]
            return any(matches(cls.clip_folder, name.strip()) for one in near for name in subfolders(one, root))
        except ReleaseError:
            return False

    def folder_of(self, clip: Clip) -> Path:
        """The folder with the clip's name, in any folder of a subject or an emotion."""
        folder = named(self._by_name, clip.key[1])
        if folder is None:
            raise ReleaseError(f"its folder is missing: {clip.key[1]}")
        return folder

    def renumbered(self, names: dict[int, str], clip: Clip) -> dict[int, str]:
        """The frames by their number in the recording."""
        return within_clip(names, clip.span)

    @cached_property
    def _by_name(self) -> dict[str, Path]:
        tree = self.tree.folder
        found: dict[str, Path] = {}
        for path in topmost(tree, lambda one: matches(self.clip_folder, one.name.strip())):
            if MACRO not in path.relative_to(tree).as_posix().lower() and found.setdefault(path.name, path) != path:
                raise ReleaseError(f"{path.name} lies in two folders: {found[path.name].parent} and {path.parent}")
        return found
