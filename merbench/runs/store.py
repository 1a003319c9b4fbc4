"""Where a run keeps what it has finished: every file appears whole or not at all."""

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

__all__ = ["RunFolder", "write_whole"]


def write_whole(path: Path, text: str) -> None:
    """Writes a text file atomically: a reader, or a kill at any moment, sees the old file or the new one.

    Raises:
        OutputError: the place is read-only, full, or not a folder.
    """
    try:
        replace_text(path, text)
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror}; what is finished is kept: make room or choose another place with "
            "--out, then run the same command again"
        ) from error


class RunFolder:
    """The folder of one run, `OUT/model-dataset-recipe-seed-id`, with its plan, finished folds and record."""

    def __init__(self, out: Path, plan: Plan) -> None:
        self.id = plan.digest()
        words = (plan.model, plan.dataset, plan.recipe, f"seed{plan.seed}", self.id[:12])
        self.path = out / file_name("-".join(words))
        self.record = self.path / "record.json"
        self._schedule = self.path / "schedule.json"

    def has_record(self) -> bool:
        """Whether the run was finished."""
        try:
            return self.record.exists()
        except OSError as error:
            raise OutputError(f"cannot look into {self.path}: {error.strerror}; choose another place: --out") from error

    def start_over(self) -> None:
        """Removes everything that an earlier run of the same plan left."""
        try:
            shutil.rmtree(self.path, ignore_errors=False)
        except FileNotFoundError:
            return
        except OSError as error:
            raise OutputError(f"cannot remove {self.path}: {error.strerror}; remove it by hand") from error

    def open(self, plan: Plan) -> None:
        """Makes the folder, writes the plan, and clears away what a kill left half-written."""
        self.clear()
        write_whole(self.path / "plan.json", plan.model_dump_json(indent=1) + "\n")

    def clear(self) -> None:
        """Removes what killed processes left half-written."""
        clear_partials(self.path)

    def finished(self, stage: str, name: str) -> FoldResult | None:
        """The finished fold `name` of a stage (`folds`, or `inner`), or None where there is none that can be read.

        A file that was changed after it was written does not count, nor does the file of another run or fold. Whether
        the clips are the fold's is the caller's to see.
        """
        try:
            result = FoldResult.model_validate(_read_sealed(self._file(stage, name)))
        except ValidationError:
            return None
        return result if (result.id, result.summary.name) == (self.id, name) else None

    def finish(self, stage: str, result: FoldResult) -> None:
        """Keeps a finished fold."""
        _write_sealed(self._file(stage, result.summary.name), result.model_dump(mode="json"))

    def kept_schedule(self) -> dict[str, Any] | None:
        """The schedule that an earlier call kept, or None if there is none that can be read."""
        kept = _read_sealed(self._schedule)
        if kept is None or kept.pop("id", None) != self.id:
            return None
        return kept

    def keep_schedule(self, schedule: dict[str, Any]) -> None:
        """Keeps how the folds are computed, for the runs that continue this one."""
        _write_sealed(self._schedule, {"id": self.id, **schedule})

    def _file(self, stage: str, name: str) -> Path:
        # The hash keeps names apart that differ only in characters a file name cannot have.
        word = file_name(name, most=60)
        return self.path / stage / f"{word}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.json"


def _write_sealed(path: Path, content: dict[str, Any]) -> None:
    write_whole(path, json.dumps(sealed(content)) + "\n")


def _read_sealed(path: Path) -> dict[str, Any] | None:
    """What was written there, without its digest; None if nothing is there, or not what was written.

    Raises:
        OutputError: the file cannot be read.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        if isinstance(error, FileNotFoundError | NotADirectoryError):  # whoever writes there says what is wrong
            return None
        raise OutputError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not is_sealed(content):
        return None
    del content["digest"]
    return content
