"""Replaces the clips of a record by counts per subject, for datasets whose labels may not be published."""

from __future__ import annotations

import re
from pathlib import Path

from merbench.errors import OutputError, RecordError
from merbench.files import clear_partials, read_bounded
from merbench.runs.record import MOST_BYTES
from merbench.runs.schema import Record, SubjectConfusion
from merbench.runs.scoring import count
from merbench.runs.store import write_whole

__all__ = ["without_clips", "write_new"]

# `database/subject/clip`. URLs match too, so a warning with a URL is removed as well, which does no harm.
_CLIP_ID = re.compile(r"[^\s/]+/[^\s/]+/[^\s/]+")


def without_clips(record: Record) -> Record:
    """Return the record with the confusion matrices of each subject of each database instead of its predictions.

    All scores, intervals and paired tests follow from these matrices. The plan and so the id stay. Class scores,
    predictions of single clips, and warnings that name a clip are removed.

    Raises:
        RecordError: the record has no clips.
    """
    if not record.predictions:
        raise RecordError("the record has no clips to replace: it already has counts per subject")
    counts = count(record)
    at = {own: index for index, (_, own) in enumerate(counts.rows)}
    # In the order of the clips, which is the order of the databases, and so of the parts.
    subjects = [
        SubjectConfusion(
            subject=subject,
            confusion={policy: cells[at[subject]].tolist() for policy, cells in counts.cells.items()},
        )
        for subject in dict.fromkeys(one.subject for one in record.predictions)
    ]
    warnings = [warning for warning in record.warnings if not _CLIP_ID.search(warning)]
    return record.model_copy(update={"predictions": [], "subjects": subjects, "warnings": warnings})


def write_new(path: Path, text: str) -> None:
    """Write a text file unless a file with the same text exists.

    Raises:
        OutputError: the path cannot be written, or another file exists there.
    """
    try:
        found = read_bounded(path, MOST_BYTES)
    except FileNotFoundError:
        write_whole(path, text)
        return
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; choose another place with --out") from error
    clear_partials(path.parent, below=False)  # as a write does: nothing is written now
    if found != text.encode():
        raise OutputError(f"{path} exists and has other content; remove it or choose another place with --out")
