"""Files that a run starts from: a checkpoint for each fold, and files named by options."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from merbench.errors import OptionError, ReleaseError, and_more
from merbench.plugin.specs import Model, TorchModel
from merbench.runs.schema import Plan

__all__ = ["FILE", "find_weights", "given_files", "starts_from", "weights_digest", "without_path"]

FILE = re.compile(r"(.+) sha256:[0-9a-f]{64}", re.DOTALL)  # how a plan names the file behind an option


def find_weights(model: Model, folder: Path | None, folds: Sequence[str]) -> dict[str, Path]:
    """Map fold names to `FOLDER/SUBJECT.pth`; SUBJECT is the last part of the fold's name, as in official releases.

    Raises:
        OptionError: the model is not a network, or two folds share a subject name.
        ReleaseError: the folder does not exist, or folds have no checkpoint.
    """
    if folder is None:
        return {}
    if not isinstance(model, TorchModel):
        raise OptionError(f"--weights: {model.name} is not a network and has no checkpoints")
    if not folder.is_dir():
        raise ReleaseError(f"--weights {folder}: no such folder")
    files = {fold: folder / f"{fold.rsplit('/', 1)[-1]}.pth" for fold in folds}
    missing = [path.name for path in files.values() if not path.is_file()]
    if missing:
        raise ReleaseError(
            f"--weights {folder}: no checkpoint for {len(missing)} of {len(files)} folds: {and_more(missing, 8)}"
            "; name one file per subject, or run part of the folds with --folds"
        )
    if len(set(files.values())) < len(files):
        raise OptionError(
            "--weights: two folds of this protocol share a subject name, so they would use the same checkpoint"
        )
    return files


def weights_digest(files: dict[str, Path]) -> str | None:
    """sha256 (hex) of fold names and checkpoint contents; None without checkpoints."""
    if not files:
        return None
    digest = hashlib.sha256()
    for fold, path in sorted(files.items()):
        digest.update(fold.encode() + _file_digest(path))
    return digest.hexdigest()


def without_path(value: Any) -> Any:
    """Replace the path of an existing file in an option by the file's name and sha256, also in lists and mappings.

    The content of the file decides the outcome, its folder does not.
    """
    if isinstance(value, Mapping):
        plain = {name: without_path(one) for name, one in value.items()}
        return plain if any(plain[name] is not value[name] for name in plain) else value
    if isinstance(value, list | tuple):
        items = type(value)(map(without_path, value)) if type(value) in (list, tuple) else value
        return items if any(one is not other for one, other in zip(items, value, strict=True)) else value
    if not isinstance(value, str) or not (Path(value).suffix or len(Path(value).parts) > 1):
        return value  # a word is not a path, even if a file has this name
    try:
        if not (path := Path(value).expanduser()).is_file():
            return value
    except (OSError, RuntimeError):  # no permission, a name that is too long, or an unknown user's home
        return value
    return f"{path.name} sha256:{_file_digest(path).hex()}"  # matches FILE


def given_files(plan: Plan) -> list[str]:
    """The names of the files that a run's options gave to its model, such as pretrained weights."""
    options = [plan.options, *(one.options for one in plan.candidates or ())]
    told = (FILE.fullmatch(value) for value in _texts(options))
    return [match[1] for match in told if match]


def starts_from(files: Sequence[str]) -> str:
    """Say what such files mean, for a record and its row."""
    return f"starts from a given file ({', '.join(files)}), whose training data are not known"


def _texts(value: Any) -> list[str]:
    """Every string in an option, at any depth."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return [text for one in inner for text in _texts(one)]


def _file_digest(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise ReleaseError(f"--weights: {path.name} cannot be read: {error.strerror}") from error
