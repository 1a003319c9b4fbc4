"""Where a run keeps what it has finished: every file appears whole or not at all."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

from pydantic import ValidationError

from merbench.errors import OutputError
from merbench.files import clear_partials, replace_text
from merbench.runs.schema import FoldResult, Plan

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
        self.path = out / re.sub(r"[^\w.-]+", "-", "-".join(words))
        self.record = self.path / "record.json"
        self.schedule = self.path / "schedule.json"

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
        clear_partials(self.path)
        write_whole(self.path / "plan.json", plan.model_dump_json(indent=1) + "\n")

    def finished(self, stage: str, name: str) -> FoldResult | None:
        """The finished fold `name` of a stage (`folds`, or `inner`), or None where there is none that can be read.

        A file of another run or fold under this one's name is none; whether the clips are the fold's is the caller's
        to see.
        """
        try:
            result = FoldResult.model_validate_json(self._file(stage, name).read_text("utf-8"))
        except (FileNotFoundError, ValidationError, UnicodeDecodeError):
            return None
        except OSError as error:
            raise OutputError(f"cannot read {self._file(stage, name)}: {error.strerror}") from error
        return result if (result.id, result.summary.name) == (self.id, name) else None

    def finish(self, stage: str, result: FoldResult) -> None:
        """Keeps a finished fold."""
        write_whole(self._file(stage, result.summary.name), result.model_dump_json() + "\n")

    def _file(self, stage: str, name: str) -> Path:
        # The hash keeps names apart that differ only in characters a file name cannot have.
        word = re.sub(r"[^\w.-]+", "-", name)[:60]
        return self.path / stage / f"{word}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.json"
