"""CASME (Yan et al., FG 2013): 195 clips of 19 subjects, at 60 frames per second.

`Cropped/sub01/EP01_5/reg_EP01_5-185.jpg`, raw without `reg_`; the table has two apex columns, of which the
first counts.
"""

from __future__ import annotations

from merbench import Published
from merbench_databases.tabled import TableRelease


class CASME(TableRelease):
    """CASME in a folder with its table and its frames."""

    database = "casme"
    title = "CASME"
    fps = 60.0
    table = r"(?!.*casme[ _-]?(2|3|ii|sq)).*casme.*\.(xlsx|xls|csv)"
    table_name = "CASME.xlsx"
    subject_form = "sub{:02}"
    subject_folder = r"(?:sub)?0*(\d{1,2})"
    clip_folder = r"EP\d+(_\d+)*f?"
    hint = "name the folder that holds its table and Cropped or Raw"
    counts = Published(clips=195, subjects=19, source="Yan et al., FG 2013; tables with fewer clips are in use")
