"""Read records from git: those of an earlier revision, and those that were replaced or removed since."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from merbench.errors import RecordError, one_line
from merbench.runs.record import MOST_BYTES, read_record
from merbench.runs.schema import Record

__all__ = ["Removed", "committed_records", "removed_records"]

TOO_LARGE = f"it is larger than {MOST_BYTES // 2**20} MiB, or not a file"
MOST_REMOVED = 200  # versions of files that are read, the newest ones
REASON = 300  # letters of a commit's subject
# Each commit as its id and day, then the files that it changed or deleted.
LOG = ("-c", "log.showSignature=false", "log")
CHANGES = (*LOG, "-z", "--no-renames", "--diff-filter=DM", "--name-only", "--relative", "--format=%x01%H %cs")
COMMIT = re.compile("\x01([0-9a-f]{40,64}) (\\d{4}-\\d\\d-\\d\\d)\0\n")


@dataclass(frozen=True)
class Removed:
    """A record that a commit deleted or replaced: the day (`YYYY-MM-DD`) and the subject of the commit say why."""

    record: Record
    date: str
    reason: str


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
            if _is_record(name):
                size = facts.split()[-1]  # - of a submodule
                fits = size.isdecimal() and int(size) <= MOST_BYTES
                found[str(folder / name)] = _read(folder, commit, name) if fits else TOO_LARGE
    return found


def removed_records(folders: Sequence[Path], present: Collection[str]) -> tuple[list[Removed], str]:
    """The records that git had in these folders and that are no longer there, newest first, each once.

    Args:
        folders: of records.
        present: full ids of the records that are there.

    Returns:
        The records, and why git cannot give them, in one sentence; empty if it can. A version that this merbench cannot
        read is left out.
    """
    found: dict[str, Removed] = {}
    for folder in folders:
        if missing := _missing(folder):
            return [], missing
        for commit, date, name in islice(_changes(folder), MOST_REMOVED):
            record = _read(folder, f"{commit}^", name)
            if isinstance(record, Record) and record.id not in {*present, *found}:
                found[record.id] = Removed(record, date, _subject(folder, commit))
    return list(found.values()), ""


def _missing(folder: Path) -> str:
    """Why git has no history of a folder; empty if it has."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--is-shallow-repository", "--verify", "HEAD"],
            cwd=folder,
            capture_output=True,
            check=False,
        )
    except OSError:
        return "git is not installed"
    if done.stdout.startswith(b"true"):
        return f"{folder} is in a shallow clone; get the other commits: git fetch --unshallow"
    return f"{folder} is in no git repository with commits" if done.returncode else ""


def _changes(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Commit, day and name of each record file that a commit changed or deleted, newest first."""
    said = os.fsdecode(_git(folder, *CHANGES, "--", "."))
    _, *parts = COMMIT.split(said)
    for commit, date, names in zip(*(parts[start::3] for start in range(3)), strict=True):
        yield from ((commit, date, name) for name in names.split("\0") if _is_record(name))


def _subject(folder: Path, commit: str) -> str:
    said = _git(folder, *LOG, "-1", "--format=%s", commit)
    return one_line(said.decode(errors="replace"))[:REASON]


def _is_record(name: str) -> bool:
    return Path(name).match("record.json") or (name.endswith(".json") and "/" not in name)


def commit_of(folder: Path) -> str:
    """The last commit that changed a folder, marked `+` if its files differ from it; empty if git has none."""
    try:
        commit = _git(folder, "log", "-1", "--format=%H", "--", ".").decode().strip()
        changed = commit and _git(folder, "status", "--porcelain", "--", ".").strip()
    except RecordError:
        return ""
    return f"{commit}+" if changed else commit


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
