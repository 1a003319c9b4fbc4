"""SAMM (Davison et al., IEEE TAC 2018): 159 micro-movements of 29 subjects, grey, at 200 frames per second.

`SAMM/006/006_1_2/006_05562.jpg`; the frame number has four or five digits and is that of the table.
"""

from __future__ import annotations

from merbench import Published
from merbench_databases.tabled import TableRelease


class SAMM(TableRelease):
    """SAMM in a folder with its table and its frames."""

    database = "samm"
    title = "SAMM"
    fps = 200.0
    table = r"samm[ _-].*facs.*\.(xlsx|xls|csv)"
    table_name = "SAMM_Micro_FACS_Codes_v2.xlsx"
    sheet = "MICRO_ONLY"
    subject_form = "{:03}"
    subject_folder = r"0*(\d{1,3})"
    clip_folder = r"\d{1,3}_\d+_\d+"
    hint = "name the folder that holds SAMM_Micro_FACS_Codes_v2.xlsx and the folders 006 to 037"
    counts = Published(
        clips=159,
        subjects=29,
        emotions={
            "anger": 57,
            "other": 26,
            "happiness": 26,
            "surprise": 15,
            "contempt": 12,
            "disgust": 9,
            "fear": 8,
            "sadness": 6,
        },
        source="SAMM_Micro_FACS_Codes_v2.xlsx",
    )
