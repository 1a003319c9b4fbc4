"""The weights that a run keeps: a safetensors file for each fold, with the plan of the run in its header.

No code is in such a file. A file appears whole or not at all, and a digest of its tensors shows later damage.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from merbench.errors import OptionError, OutputError, PluginError, RecordError, one_line
from merbench.files import replacing
from merbench.progress import Progress
from merbench.runs.prepare import Job
from merbench.runs.schema import Plan
from merbench.runs.seal import is_sealed, sealed
from merbench.runs.store import RunFolder, fold_file
from merbench.runs.weights import given_files

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["KeptWeights", "announce", "can_keep", "check_kept", "has_weights"]
__all__ += ["read_weights", "weights_file", "write_weights"]

FORMAT = "merbench weights 1"
ENTRY = "merbench"  # of the header
AGAIN = "run again with --keep-weights --fresh"


@dataclass(frozen=True)
class KeptWeights:
    """The weights of one fold's network after its last epoch.

    Attributes:
        fold: its name.
        plan: of the run that kept them.
        tensors: by name, on the CPU, see `Group.weights`.
    """

    fold: str
    plan: Plan
    tensors: Mapping[str, Tensor]


def weights_file(run: Path, fold: str) -> Path:
    """The file with the weights of a fold below the folder of a run; it exists if the run kept them."""
    return fold_file(run / "weights", fold, ".safetensors")


def can_keep(job: Job, progress: Progress) -> bool:
    """Whether the run has weights to keep; a note says why not.

    Raises:
        OptionError: nothing is trained, or the network could not be built again.
    """
    plan = job.plan
    if job.weights:
        raise OptionError("--keep-weights: --weights trains nothing, so there are no new weights; leave one out")
    if plan.kind == "fit" and not job.task.predictor:
        progress.note(
            f"note: {plan.model} names no predictor=..., so no weights are kept; merbench predict fits it again"
        )
        return False
    if plan.kind == "estimator":
        progress.note(f"note: {plan.model} is an estimator, so no weights are kept; merbench predict fits it again")
        return False
    if files := given_files(plan):
        raise OptionError(
            f"--keep-weights: {plan.model} is built from a file ({', '.join(files)}) that weights cannot contain; "
            "leave out --keep-weights"
        )
    return True


def announce(job: Job, folder: RunFolder) -> str:
    """How much the weights take, in one sentence.

    Raises:
        PluginError: a tensor of the network cannot be kept.
        OutputError: the disk has too little room.
    """
    import safetensors.torch

    from merbench.engine.kept import untrained

    tensors = untrained(job.task)
    try:
        safetensors.torch.save({name: tensor.new_zeros(1) for name, tensor in tensors.items()})  # knows their types
    except (ValueError, KeyError, RuntimeError, TypeError) as error:
        raise PluginError(f"{job.task.author}: its weights cannot be kept ({one_line(error)[:200]})") from error
    needed = sum(tensor.nbytes for tensor in tensors.values()) * len(job.folds)
    disk = next(path for path in folder.path.absolute().parents if path.exists())
    free = shutil.disk_usage(disk).free
    take = f"{_size(needed)} for {len(job.folds)} folds"
    if needed > free:
        raise OutputError(f"the weights need {take}, but {disk} has {_size(free)} free; choose another disk with --out")
    return f"the weights take {take}"


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"


def check_kept(folder: RunFolder, job: Job) -> None:
    """Refuse if a finished run did not keep the weights of every fold.

    Raises:
        OptionError: weights are missing.
    """
    if missing := [fold.name for fold in job.folds if not has_weights(folder, fold.name)]:
        raise OptionError(
            f"the run is finished, but the weights of {len(missing)} of {len(job.folds)} folds were not kept; "
            "to train it again, add --fresh"
        )


def write_weights(folder: RunFolder, plan: Plan, fold: str, tensors: Mapping[str, Tensor]) -> None:
    """Save the weights of a fold.

    Raises:
        OutputError: the file cannot be written.
    """
    import safetensors.torch

    path, plain = weights_file(folder.path, fold), dict(tensors)
    header = sealed({"format": FORMAT, "fold": fold, "plan": plan.model_dump(mode="json"), "tensors": _digest(plain)})
    # One entry: safetensors writes several in an order that differs from process to process.
    content = safetensors.torch.save(plain, {ENTRY: json.dumps(header)})
    try:
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror}; finished work is kept: free disk space or choose another place "
            "with --out, then run the same command again"
        ) from error


def has_weights(folder: RunFolder, fold: str) -> bool:
    """Whether whole weights of the fold and of this run are in the folder."""
    try:
        kept = read_weights(weights_file(folder.path, fold))
    except RecordError:
        return False
    return kept.fold == fold and kept.plan.digest() == folder.id


def read_weights(path: Path) -> KeptWeights:
    """Read a file of weights. Only tensors and text are read; no code is run.

    Raises:
        RecordError: the file is missing, is no file of weights, or was cut or changed.
    """
    text, tensors = _read(path)
    try:
        header = json.loads(text)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise RecordError(f"{path} was not kept by merbench run --keep-weights")
    if not is_sealed(header) or header.get("tensors") != _digest(tensors):
        raise RecordError(f"{path} was changed after it was written: its digest does not match; {AGAIN}")
    try:
        return KeptWeights(str(header.get("fold")), Plan.model_validate(header.get("plan")), tensors)
    except ValidationError as error:
        raise RecordError(f"{path} has no valid plan; {AGAIN}") from error


def _read(path: Path) -> tuple[str, dict[str, Any]]:
    from safetensors import SafetensorError, safe_open

    try:
        if not path.is_file():
            raise RecordError(f"{path} does not exist, or is no file")
        with safe_open(path, framework="pt") as file:
            return (file.metadata() or {}).get(ENTRY, ""), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror or one_line(error)}") from error
    except (SafetensorError, ValueError, RuntimeError) as error:
        raise RecordError(f"{path} is no safetensors file, or was cut ({one_line(error)[:200]}); {AGAIN}") from error


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """sha256 (hex) of the names, types, shapes and bytes of tensors, in the order of the names."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
