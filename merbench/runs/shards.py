"""A shard: a share of the units of a run, which is computed by itself. All shards of a run have the same plan."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from merbench.errors import OptionError, RecordError, and_more
from merbench.runs.schema import Digest, Line, Name, Plan, Strict
from merbench.runs.store import RunFolder, read_sealed, write_sealed

__all__ = ["AGAIN", "FinishedShard", "Shard", "ShardEnvironment", "ShardNote", "read_shards"]

Thing = TypeVar("Thing")
AGAIN = "give the command of the shard again"


@dataclass(frozen=True, order=True)
class Shard:
    """Shard `number` of `count`; the first has number 1."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard that `I/N` names.

        Raises:
            OptionError: the text has another form, or I is not between 1 and N.
        """
        found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise OptionError(f"{text!r} is not a shard I/N, where I is a number from 1 to N, such as 1/2")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def of(self, units: Sequence[Thing]) -> Sequence[Thing]:
        """Every N-th unit, from the I-th on, so that shards are alike if units become longer."""
        return units[self.number - 1 :: self.count]


class ShardEnvironment(BaseModel):
    """The environment of a record, of which these fields are summed up over shards."""

    model_config = ConfigDict(extra="allow", frozen=True)

    hardware: dict[str, Any]
    system: str
    python: str
    finished: Line
    peak_memory_bytes: Annotated[int, Field(ge=0)]
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    resumed: bool


class ShardNote(Strict):
    """What a merge must know of a finished shard beside its folds.

    `folds` are those of the shard; `all_folds` and `clips` are those of the run, in the order of the record. `software`
    has the versions that decide digits.
    """

    id: Digest
    number: Annotated[int, Field(ge=1)]
    count: Annotated[int, Field(ge=1)]
    folds: list[Name]
    all_folds: list[Name]
    clips: list[Name]
    warnings: list[Line]
    software: dict[Line, Line]
    environment: ShardEnvironment

    @property
    def shard(self) -> Shard:
        """The shard."""
        return Shard(self.number, self.count)

    def write(self, folder: RunFolder) -> None:
        """Save the note beside the folds: the shard is finished."""
        name = f"{self.number}-of-{self.count}.json"
        write_sealed(folder.path / "shards" / name, self.model_dump(mode="json"))


@dataclass(frozen=True)
class FinishedShard:
    """A shard that was read from the folder of a run; the folder may hold several."""

    folder: RunFolder
    plan: Plan
    note: ShardNote

    def __str__(self) -> str:
        return f"shard {self.note.shard} in {self.folder.path}"


def read_shards(path: Path) -> list[FinishedShard]:
    """Read the finished shards in the folder of a run, or in a folder of results with a single run.

    Raises:
        RecordError: the folder holds no run or several, no shard of the run is finished, or a file was changed.
    """
    place = _run_folder(path)
    try:
        plan = Plan.model_validate_json((place / "plan.json").read_bytes())
    except (OSError, ValidationError) as error:
        raise RecordError(f"{place / 'plan.json'} cannot be read, or is no plan; {AGAIN}") from error
    folder = RunFolder(place.parent, plan, place.name)
    files = sorted((place / "shards").glob("*.json"))
    if not files:
        finished = f": it was run without --shard, and its record is {folder.record}" if folder.has_record() else ""
        raise RecordError(f"{place} has no finished shard{finished or f'; {AGAIN}'}")
    return [FinishedShard(folder, plan, _note(file, folder.id)) for file in files]


def _run_folder(path: Path) -> Path:
    path = path if path.name else path.absolute()
    try:
        runs = [path] if (path / "plan.json").exists() else [one.parent for one in sorted(path.glob("*/plan.json"))]
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror}") from error
    if not runs:
        raise RecordError(f"{path} is not the folder of a run; name a folder that merbench run --shard made")
    if len(runs) > 1:
        raise RecordError(f"{path} has several runs; name one of them: {and_more([one.name for one in runs], 3)}")
    return runs[0]


def _note(file: Path, run_id: str) -> ShardNote:
    content = read_sealed(file)
    try:
        note = ShardNote.model_validate(content)
    except ValidationError as error:
        raise RecordError(f"{file} was changed after it was written; {AGAIN}") from error
    if note.id != run_id:
        raise RecordError(f"{file} belongs to another plan than the file plan.json; {AGAIN}")
    return note
