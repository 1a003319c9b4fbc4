"""4DME (Li et al., IEEE TAC 2022): the grey frames of 267 micro-expressions, which may have several labels each.

`gray_micro/{sub_ID}/{fold_name}/`. The field has no single-label setting for it, so this plugin has no dataset of it.
"""

from __future__ import annotations

from pathlib import Path

from merbench import Published, ReleaseError
from merbench_databases.folders import matches, matching, subfolders
from merbench_databases.tabled import TableRelease
from merbench_databases.video import Clip, within_clip


class FourDME(TableRelease):
    """The grey micro-expressions of 4DME in a folder with their table; an emotion may be `negative+surprise`."""

    database = "4dme"
    title = "4DME"
    fps = None
    table = r".*4d[ _-]?(m|micro).*\.(xlsx|xls|csv)"
    table_name = "4DME_Labelling_Micro_release.xlsx"
    subject_form = "s{:02}"
    subject_folder = r"[a-z_]*0*(\d{1,3})"
    clip_folder = r".+"
    hint = "name the folder that holds its table of micro-expressions and gray_micro"
    counts = Published(clips=267, source="public code that reads it")

    @classmethod
    def is_tree(cls, folder: Path, root: Path) -> bool:
        """Whether the folder has the name that the release gives it, and contains subjects."""
        try:
            return matches(r"gr[ae]y_micro([ _-]?crop(ped)?)?", folder.name) and bool(
                matching(subfolders(folder, root), cls.subject_folder)
            )
        except ReleaseError:
            return False

    def renumbered(self, names: dict[int, str], clip: Clip) -> dict[int, str]:
        """The frames by their number in the recording."""
        return within_clip(names, clip.span)
