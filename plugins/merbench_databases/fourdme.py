"""4DME (Li et al., IEEE TAC 2022): 267 micro-expressions, each of which may have several labels; the grey frames.

`gray_micro/{sub_ID}/{fold_name}/`. The field has no single-label setting of it, so that no dataset is cut from it here.
"""

from __future__ import annotations

from pathlib import Path

from merbench import Published, ReleaseError
from merbench_databases.folders import matches, matching, subfolders
from merbench_databases.tabled import TableRelease
from merbench_databases.video import Clip, within_clip


class FourDME(TableRelease):
    """The grey micro-expressions of 4DME in a folder with their table; an emotion may read `negative+surprise`."""

    database = "4dme"
    title = "4DME"
    fps = None
    table = r".*4d[ _-]?(m|micro).*\.(xlsx|xls|csv)"
    table_name = "4DME_Labelling_Micro_release.xlsx"
    subject_form = "s{:02}"
    subject_folder = r"[a-z_]*0*(\d{1,3})"
    clip_folder = r".+"
    mend = "name the folder that holds its table of micro-expressions and gray_micro"
    counts = Published(clips=267, reference="public code that reads it")

    @classmethod
    def is_tree(cls, folder: Path, root: Path) -> bool:
        """Whether the folder is called as the release calls it, and has subjects in it."""
        try:
            return matches(r"gr[ae]y_micro([ _-]?crop(ped)?)?", folder.name) and bool(
                matching(subfolders(folder, root), cls.subject_folder)
            )
        except ReleaseError:
            return False

    def renumbered(self, names: dict[int, str], clip: Clip) -> dict[int, str]:
        """The frames by their numbers in the recording."""
        return within_clip(names, clip.span)
