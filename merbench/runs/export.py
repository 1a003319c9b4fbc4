"""A record without its clips, for datasets whose labels may not be published: what each subject's clips came to."""

from __future__ import annotations

import re
from pathlib import Path

from merbench.errors import OutputError, RecordError
from merbench.files import read_bounded
from merbench.runs.record import MOST_BYTES
from merbench.runs.schema import Record, SubjectConfusion
from merbench.runs.scoring import count
from merbench.runs.store import write_whole

__all__ = ["without_clips", "write_new"]

# `database/subject/clip`. An address looks like one too, and a sentence with it goes as well: better one too many.
_CLIP_ID = re.compile(r"[^\s/]+/[^\s/]+/[^\s/]+")


def without_clips(record: Record) -> Record:
    """The record with each subject's confusion matrices in place of its predictions.

    Every score, interval and paired test follows from those. The id stays, for the plan does. Class scores and
    predictions of single clips go, and so do warnings that name a clip.

    Raises:
        RecordError: it has no clips.
    """
    if not record.predictions:
        raise RecordError("it has each subject's counts in place of its clips already: there is nothing to replace")
    counts = count(record)
    at = {subject: index for index, subject in enumerate(counts.subjects)}
    # In the order of the clips: it is that of the databases, and so of the parts.
    subjects = [
        SubjectConfusion(
            subject=subject,
            confusion={policy: confusions[at[subject]].tolist() for policy, confusions in counts.confusions.items()},
        )
        for subject in dict.fromkeys(one.subject for one in record.predictions)
    ]
    warnings = [warning for warning in record.warnings if not _CLIP_ID.search(warning)]
    return record.model_copy(update={"predictions": [], "subjects": subjects, "warnings": warnings})


def write_new(path: Path, text: str) -> None:
    """Writes a text file where there is none; one with the same text is left as it is.

    Raises:
        OutputError: the place cannot be written, or holds something else.
    """
    try:
        found = read_bounded(path, MOST_BYTES)
    except FileNotFoundError:
        write_whole(path, text)
        return
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; choose another place with --out") from error
    if found != text.encode():
        raise OutputError(f"{path} is there already and is another file; remove it or choose another place with --out")
