"""The folder of a run with its finished folds; every file is written completely or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from merbench.errors import OutputError
from merbench.files import clear_partials, file_name, replace_text
from merbench.runs.schema import FoldResult, Plan
from merbench.runs.seal import is_sealed, sealed

__all__ = ["RunFolder", "fold_file", "read_sealed", "write_sealed", "write_whole"]


def write_whole(path: Path, text: str) -> None:
    """Write a text file atomically: even after a kill, the path has the old file or the new file.

    Raises:
        OutputError: the folder is read-only, full, or not a folder.
    """
    try:
        replace_text(path, text)
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror}; finished work is kept: free disk space or choose another place "
            "with --out, then run the same command again"
        ) from error


def fold_file(folder: Path, name: str, suffix: str) -> Path:
    """The file of the fold `name` in a folder with a file for each fold."""
    # The hash distinguishes names that differ only in characters not allowed in file names.
    return folder / f"{file_name(name, most=60)}-{hashlib.sha256(name.encode()).hexdigest()[:8]}{suffix}"


class RunFolder:
    """The folder of one run, with its plan, finished folds and record: `OUT/model-dataset-recipe-seed-id`, or a copy of
    another name."""

    def __init__(self, out: Path, plan: Plan, name: str = "") -> None:
        self.id = plan.digest()
        words = (plan.model, plan.dataset, plan.recipe, f"seed{plan.seed}", self.id[:12])
        self.path = out / (name or file_name("-".join(words)))
        self.record = self.path / "record.json"
        self._grouping = self.path / "grouping.json"

    def has_record(self) -> bool:
        """Whether the run was finished."""
        try:
            return self.record.exists()
        except OSError as error:
            raise OutputError(f"cannot read {self.path}: {error.strerror}; choose another place: --out") from error

    def start_over(self) -> None:
        """Remove the files of an earlier run of the same plan."""
        try:
            shutil.rmtree(self.path, ignore_errors=False)
        except FileNotFoundError:
            return
        except OSError as error:
            raise OutputError(f"cannot remove {self.path}: {error.strerror}; remove it by hand") from error

    def open(self, plan: Plan) -> None:
        """Make the folder, remove half-written files, and write the plan."""
        self.clear()
        write_whole(self.path / "plan.json", plan.model_dump_json(indent=1) + "\n")

    def clear(self) -> None:
        """Remove the half-written files of killed processes."""
        clear_partials(self.path)

    def finished(self, stage: str, name: str) -> FoldResult | None:
        """Read the finished fold `name` of a stage (`folds` or `inner`); None if no valid file exists.

        A file that was changed, or that belongs to another run or fold, is not valid. The caller must check the clips.
        """
        try:
            result = FoldResult.model_validate(read_sealed(self._file(stage, name)))
        except ValidationError:
            return None
        return result if (result.id, result.summary.name) == (self.id, name) else None

    def finish(self, stage: str, result: FoldResult) -> None:
        """Save a finished fold."""
        write_sealed(self._file(stage, result.summary.name), result.model_dump(mode="json"))

    def kept_grouping(self) -> dict[str, Any] | None:
        """Read the grouping that an earlier call saved; None if no valid file exists."""
        kept = read_sealed(self._grouping)
        if kept is None or kept.pop("id", None) != self.id:
            return None
        return kept

    def keep_grouping(self, grouping: dict[str, Any]) -> None:
        """Save how the folds are computed, for calls that continue this run."""
        write_sealed(self._grouping, {"id": self.id, **grouping})

    def _file(self, stage: str, name: str) -> Path:
        return fold_file(self.path / stage, name, ".json")


def write_sealed(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file with its digest; raises the errors of `write_whole`."""
    write_whole(path, json.dumps(sealed(content)) + "\n")


def read_sealed(path: Path) -> dict[str, Any] | None:
    """Read a sealed file without its digest; None if the file does not exist or was changed.

    Raises:
        OutputError: the file cannot be read.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        if isinstance(error, FileNotFoundError | NotADirectoryError):  # a later write reports the error
            return None
        raise OutputError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not is_sealed(content):
        return None
    del content["digest"]
    return content
