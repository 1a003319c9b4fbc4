"""Add a record to a leaderboard."""

from __future__ import annotations

import contextlib
from pathlib import Path

from merbench.errors import OutputError, RecordError
from merbench.files import clear_partials, read_bounded, replace_text
from merbench.files import file_name as plain_name
from merbench.leaderboard.entries import read_verified, record_files, refusal
from merbench.plugin.registry import Registry
from merbench.runs.record import MOST_BYTES, read_record, unlike
from merbench.runs.schema import Plan, Record

__all__ = ["add_record"]


def add_record(path: Path, folder: Path, registry: Registry) -> tuple[Path, list[str]]:
    """Verify a record and copy it into a folder of records.

    Returns:
        The path of the copy, and what could not be verified, in sentences.

    Raises:
        RecordError: the record is not valid, contains labels that may not be published, or is in the folder already.
        OutputError: the folder cannot be written.
    """
    record, unchecked = read_verified(path, registry)
    if why := refusal(record, registry):
        raise RecordError(f"{path}: {why}")
    target = folder / file_name(record)
    clear_partials(folder, below=False)  # even if nothing is written, because the record is there already
    try:
        for other in record_files([folder]) if folder.is_dir() else []:
            if other == target or _names(other, record):
                raise RecordError(
                    f"{path} is there already: {_difference(record, other)}; to replace it, remove that file first"
                )
        replace_text(target, record.to_json())
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror}; choose another folder: --to") from error
    return target, unchecked


def _names(other: Path, record: Record) -> bool:
    """Whether a file contains the record's id. The file is not parsed: it may be broken, and there may be a thousand.
    64 digits do not occur by accident.
    """
    try:
        return record.id.encode() in read_bounded(other, MOST_BYTES)
    except OSError:  # the build cannot read the file either, and reports it
        return False


def _difference(record: Record, other: Path) -> str:
    """How the record differs from the file that contains its id."""
    with contextlib.suppress(RecordError):
        there = read_record(other)
        if there.id == record.id:
            difference = unlike(record, there)
            return f"{other} has the same id, but {difference}" if difference else f"{other} is the same record"
    return f"{other} contains the same id"


def file_name(record: Record) -> str:
    """`model-dataset-recipe-seedN-ID.json`; the id separates records that would otherwise have the same name."""
    plan = record.plan
    run = (plan.recipe, f"seed{plan.seed}") if isinstance(plan, Plan) else ("submitted",)
    words = plain_name("-".join((plan.model, plan.dataset, *run)), kept="A-Za-z0-9.+", most=120)
    return f"{words.strip('-.')}-{record.id[:12]}.json"
