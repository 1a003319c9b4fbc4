"""CASME II (Yan et al., PLoS ONE 2014): 255 clips in the table of 2019, of 26 subjects, at 200 frames per second.

`CASME2_RAW_selected/sub01/EP02_01f/img46.jpg`, or `Cropped/sub01/EP02_01f/reg_img46.jpg`, with the table's frame
numbers. A few folders of the cropped release are called `17` instead of `sub17`.
"""

from __future__ import annotations

from merbench import Published
from merbench_databases.tabled import TableRelease


class CASME2(TableRelease):
    """CASME II in a folder with its table and its frames."""

    database = "casme2"
    title = "CASME II"
    fps = 200.0
    table = r"casme2?[ _-]?(ii)?[ _-]?cod.*\.(xlsx|xls|csv)"
    table_name = "CASME2-coding-20190701.xlsx"
    subject_form = "sub{:02}"
    subject_folder = r"(?:sub)?0*(\d{1,2})"
    clip_folder = r"EP\d+(_\d+)*f?"
    hint = "name the folder that holds CASME2-coding-20190701.xlsx and CASME2_RAW_selected or Cropped"
    counts = Published(
        clips=255,
        subjects=26,
        emotions={
            "others": 99,
            "disgust": 63,
            "happiness": 32,
            "surprise": 28,
            "repression": 27,
            "sadness": 4,
            "fear": 2,
        },
        source="CASME2-coding-20190701.xlsx; earlier tables call three of the surprised clips sad",
    )
