"""Find releases on this machine: as `merbench data` recorded them, or in the folder that MERBENCH_DATA names."""

from __future__ import annotations

import json
import os
import reprlib
from pathlib import Path

from merbench.errors import ConfigError, OutputError, one_line
from merbench.files import locked, replace_text

__all__ = ["DESCRIPTION", "VARIABLE", "add", "config_path", "imports_path", "locate"]

VARIABLE = "MERBENCH_DATA"
DESCRIPTION = "import.json"  # of one import, in its sub-folder


def config_path() -> Path:
    """The user's file of recorded releases; it may not exist."""
    import platformdirs

    return platformdirs.user_config_path("merbench") / "data.json"


def imports_path() -> Path:
    """The user's folder of imports, with a sub-folder for each; it may not exist."""
    return config_path().with_name("own")


def add(source_name: str, path: Path) -> Path:
    """Record that the release of `source_name` is at `path`, and return the absolute path.

    The file is replaced in one step, so that a crash leaves the old file. Other processes that add a release wait.

    Raises:
        ConfigError: the present file cannot be read; it is not overwritten.
        OutputError: the file cannot be written.
    """
    absolute = path.expanduser().resolve()
    try:
        with locked(config_path()):
            recorded = {**_recorded(), source_name: absolute}
            text = json.dumps({"sources": {name: str(recorded[name]) for name in sorted(recorded)}}, indent=2)
            replace_text(config_path(), text + "\n")
    except OSError as error:
        raise OutputError(
            f"{config_path()} cannot be written ({error.strerror}); the release was not recorded"
        ) from error
    return absolute


def locate(source_name: str) -> Path | None:
    """The folder of a source's release, or None if it is not known. A recorded folder may have been removed since.

    Raises:
        ConfigError: the user's file cannot be read, a folder that it names cannot be accessed, or MERBENCH_DATA does
            not name a folder.
    """
    if (imports_path() / source_name / DESCRIPTION).is_file():
        return imports_path() / source_name
    shelf = _shelf()
    if shelf is not None and (shelf / source_name).is_dir():
        return shelf / source_name
    folder = _recorded().get(source_name)
    if folder is not None:
        _check(source_name, folder)
    return folder


def _check(source_name: str, folder: Path) -> None:
    """Refuse a folder whose state is unknown, such as one below a folder without permission."""
    try:
        folder.stat()
    except (FileNotFoundError, NotADirectoryError):
        return  # it was removed
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"{config_path()}: the folder of {source_name}, {reprlib.repr(str(folder))}, cannot be accessed "
            f"({reason}); add it again: merbench data add {source_name} PATH"
        ) from error


def _shelf() -> Path | None:
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    shelf = Path(named).expanduser().resolve()
    if not shelf.is_dir():
        raise ConfigError(
            f"{VARIABLE} names {shelf}, which is not a folder; set it to one with a sub-folder per source, or unset it"
        )
    return shelf


def _recorded() -> dict[str, Path]:
    path = config_path()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): Path(folder) for name, folder in content["sources"].items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"{type(error).__name__}: {one_line(error)}"
        raise ConfigError(
            f"{path} cannot be read ({reason}); fix or remove it, then add your releases again"
        ) from error
