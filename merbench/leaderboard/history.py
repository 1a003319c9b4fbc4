"""Read the records of an earlier git revision."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from merbench.errors import RecordError
from merbench.runs.record import MOST_BYTES, read_record
from merbench.runs.schema import Record

__all__ = ["committed_records"]

TOO_LARGE = f"it is larger than {MOST_BYTES // 2**20} MiB, or not a file"


def committed_records(folders: Sequence[Path], revision: str) -> dict[str, Record | str]:
    """The records that were in these folders at a revision.

    Args:
        folders: of records, each within a git repository.
        revision: any name that git accepts for a commit.

    Returns:
        `FOLDER/NAME` to the record, or to the reason why this merbench cannot read it.

    Raises:
        RecordError: git is not installed, a folder is in no repository, or the revision does not exist.
    """
    found: dict[str, Record | str] = {}
    for folder in folders:
        known = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        commit = known.decode().strip()
        for line in os.fsdecode(_git(folder, "ls-tree", "-r", "-l", "-z", commit, ".")).split("\0"):
            facts, _, name = line.partition("\t")
            if Path(name).match("record.json") or (name.endswith(".json") and "/" not in name):
                size = facts.split()[-1]  # - of a submodule
                fits = size.isdecimal() and int(size) <= MOST_BYTES
                found[str(folder / name)] = _read(folder, commit, name) if fits else TOO_LARGE
    return found


def _read(folder: Path, commit: str, name: str) -> Record | str:
    content = _git(folder, "cat-file", "blob", f"{commit}:./{name}")
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "record.json"
        copy.write_bytes(content)
        try:
            return read_record(copy)
        except RecordError as error:
            return str(error).replace(str(copy), "it")


def _git(folder: Path, *words: str) -> bytes:
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, check=False)
    except OSError as error:
        raise RecordError(f"cannot run git: {error.strerror}; it is needed to compare with a revision") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = said[0] if said else f"{words[-1].removesuffix('^{commit}')!r} is no commit"
        raise RecordError(f"git in {folder}: {reason}; give --since a commit of the repository that holds the records")
    return done.stdout
