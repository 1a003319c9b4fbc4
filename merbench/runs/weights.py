"""Files that a run starts from: checkpoints, one for each fold, and files that options name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from merbench.errors import OptionError, ReleaseError
from merbench.plugin.specs import Model, TorchModel
from merbench.runs.schema import Plan

__all__ = ["FILE", "find_weights", "given_files", "starts_from", "weights_digest", "without_path"]

FILE = re.compile(r"(.+) sha256:[0-9a-f]{64}", re.DOTALL)  # how a plan names the file behind an option


def find_weights(model: Model, folder: Path | None, folds: Sequence[str]) -> dict[str, Path]:
    """Fold name to `FOLDER/SUBJECT.pth`, SUBJECT being the last part of the fold's name as official releases have it.

    Raises:
        OptionError: the model is not a network.
        ReleaseError: no such folder, or folds without a checkpoint (all of them named).
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
            f"--weights {folder}: no checkpoint for {len(missing)} of {len(files)} folds: {', '.join(missing[:8])}"
            f"{' …' if len(missing) > 8 else ''}; name one file per subject, or run part of the folds with --folds"
        )
    if len(set(files.values())) < len(files):
        raise OptionError(
            "--weights: two folds of this protocol share a subject name; checkpoints cannot be told apart"
        )
    return files


def weights_digest(files: dict[str, Path]) -> str | None:
    """sha256 (hex) over fold names and checkpoint contents; None where there are no checkpoints."""
    if not files:
        return None
    digest = hashlib.sha256()
    for fold, path in sorted(files.items()):
        digest.update(fold.encode() + _file_digest(path))
    return digest.hexdigest()


def without_path(value: Any) -> Any:
    """What a plan says of an option: of one that names a file there is, its name and sha256, and no path.

    The file decides the outcome, and where it lies does not. Lists and mappings are looked through.
    """
    if isinstance(value, Mapping):
        plain = {name: without_path(one) for name, one in value.items()}
        return plain if any(plain[name] is not value[name] for name in plain) else value
    if isinstance(value, list | tuple):
        items = type(value)(map(without_path, value)) if type(value) in (list, tuple) else value
        return items if any(one is not other for one, other in zip(items, value, strict=True)) else value
    if not isinstance(value, str) or not (Path(value).suffix or len(Path(value).parts) > 1):
        return value  # a word: no path, even where a file happens to be called so
    try:
        if not (path := Path(value).expanduser()).is_file():
            return value
    except (OSError, RuntimeError):  # a folder that may not be entered, a name too long, nobody's home
        return value
    return f"{path.name} sha256:{_file_digest(path).hex()}"  # as FILE reads it


def given_files(plan: Plan) -> list[str]:
    """The names of the files that a run's options gave to its model, such as pretrained weights."""
    told = (FILE.fullmatch(value) for value in _texts(plan.options))
    return [match[1] for match in told if match]


def starts_from(files: Sequence[str]) -> str:
    """What such files mean, in a sentence for a record and its row."""
    return f"starts from a given file ({', '.join(files)}): what it was made from is not known"


def _texts(value: Any) -> list[str]:
    """Every text in an option, however deep."""
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
