"""CAS(ME)3, part A (Li et al., TPAMI 2022): 860 micro-expressions of 94 subjects, at 30 frames per second.

`part_A/spNO.1/a/color/355.jpg`. A folder contains a whole video with many micro-expressions, so a clip is identified by
subject, video and onset: `casme3a/spNO.1/a_355`.
"""

from __future__ import annotations

from dataclasses import replace

from merbench import Published
from merbench_databases.annotations import Line, frame_number
from merbench_databases.tabled import TableRelease, subject_number
from merbench_databases.video import Clip

DATABASE = "casme3a"


class CASME3A(TableRelease):
    """CAS(ME)3 part A in a folder with its table of micro-expressions and its frames."""

    database = DATABASE
    title = "CAS(ME)3 part A"
    fps = 30.0
    table = r"(?!.*mae)cas\(?me\)?\^?3.*part[ _-]?a.*\.(xlsx|xls|csv)"
    table_name = "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx"
    sheet = "label"
    subject_form = "spNO.{}"
    subject_folder = r"spNO\.?0*(\d{1,3})"
    clip_folder = r"[a-m]"
    inner = ("color", "colour")
    hint = "name the folder that holds cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx and part_A"
    counts = Published(
        clips=860,
        subjects=94,
        emotions={"disgust": 250, "surprise": 187, "others": 161, "fear": 86, "anger": 64, "sad": 57, "happy": 55},
        source="the second version of its table",
    )

    def clip_of(self, line: Line) -> Clip:
        """As in the base class, with the onset in the clip's id."""
        return replace(super().clip_of(line), id=clip_id(line))


def clip_id(line: Line) -> str:
    """The id of the clip in one row of a table of part A; `J`, which occurs once, means the video `j`."""
    onset = frame_number(line.onset)
    return f"{DATABASE}/spNO.{subject_number(line)}/{line.clip.lower()}_{'none' if onset is None else onset}"
