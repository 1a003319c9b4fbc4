"""Takes a record into a leaderboard."""

from __future__ import annotations

import re
from pathlib import Path

from merbench.errors import RecordError
from merbench.leaderboard.entries import has_public_labels, read_verified, record_files
from merbench.registry import Registry
from merbench.runs.record import read_record
from merbench.runs.schema import Plan, Record
from merbench.runs.store import write_whole

__all__ = ["add_record"]


def add_record(path: Path, folder: Path, registry: Registry) -> tuple[Path, list[str]]:
    """Verifies a record and copies it into a folder of records.

    Returns:
        Where it is now, and what could not be checked, in sentences.

    Raises:
        RecordError: it is not valid, tells the truth of clips that may not be published, or is there already.
        OutputError: the folder cannot be written.
    """
    record, unchecked = read_verified(path, registry)
    if record.predictions and not has_public_labels(record, registry):
        raise RecordError(
            f"{path} tells the truth of clips of {record.plan.dataset}, which may not be published; add instead what "
            f"this writes: merbench results export {path}"
        )
    for other in record_files([folder]) if folder.is_dir() else []:
        if read_record(other).id == record.id:
            raise RecordError(f"{path} is there already: {other} is the same record; remove that first to replace it")
    target = folder / file_name(record)
    write_whole(target, record.to_json())
    return target, unchecked


def file_name(record: Record) -> str:
    """`model-dataset-recipe-seedN-ID.json`; the id keeps apart what would otherwise have one name."""
    plan = record.plan
    run = (plan.recipe, f"seed{plan.seed}") if isinstance(plan, Plan) else ("submitted",)
    words = "-".join((plan.model, plan.dataset, *run))
    return f"{re.sub(r'[^A-Za-z0-9.+]+', '-', words)[:120].strip('-.')}-{record.id[:12]}.json"
