"""The descriptions of imports: one folder each, beside the locations of `merbench data add`.

A description names the table and the folder of frames. The files stay where they are, and are never changed.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from merbench.data.locations import DESCRIPTION, imports_path
from merbench.errors import ConfigError, OutputError, ReleaseError, and_more, nearest, one_line
from merbench.files import replace_text

__all__ = ["Import", "check_name", "list_imports", "read_import", "remove_import", "save_import"]

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


@dataclass(frozen=True, kw_only=True)
class Import:
    """Clips that the user imported.

    Attributes:
        name: of the source, the dataset and the database.
        table: the CSV file, as an absolute path.
        frames: the folder with the clips' folders and videos, as an absolute path.
        classes: the class names in the order of their indices.
        emotions: emotion (lower case, stripped) to class name.
    """

    name: str
    table: Path
    frames: Path
    classes: tuple[str, ...]
    emotions: Mapping[str, str]


def check_name(name: str) -> None:
    """Refuse a name that cannot be used in ids.

    Raises:
        ReleaseError: the name has other characters than a-z, 0-9 and hyphens, or is too long.
    """
    if not NAME.fullmatch(name):
        raise ReleaseError(f"{name!r} cannot be a name: use a-z, 0-9 and hyphens, at most 41; give one with --name")


def list_imports() -> list[Import]:
    """Every import of this user, by name.

    Raises:
        ConfigError: a description cannot be read.
    """
    return [read_import(path.parent) for path in sorted(imports_path().glob(f"*/{DESCRIPTION}"))]


def read_import(folder: Path) -> Import:
    """The import that is described in `folder`.

    Raises:
        ConfigError: the description is missing or cannot be read.
    """
    path = folder / DESCRIPTION
    try:
        given = json.loads(path.read_text("utf-8"))
        return Import(
            name=folder.name,
            table=Path(given["table"]),
            frames=Path(given["frames"]),
            classes=tuple(map(str, given["classes"])),
            emotions={str(emotion): str(name) for emotion, name in given["emotions"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"{type(error).__name__}: {one_line(error)}"
        raise ConfigError(f"{path} cannot be read ({reason}); remove {folder}, then import the clips again") from error


def save_import(one: Import) -> None:
    """Write the description of an import.

    Raises:
        OutputError: the file cannot be written.
    """
    path = imports_path() / one.name / DESCRIPTION
    content = {
        "table": str(one.table),
        "frames": str(one.frames),
        "classes": list(one.classes),
        "emotions": dict(one.emotions),
    }
    try:
        replace_text(path, json.dumps(content, indent=2) + "\n")
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}); nothing was imported") from error


def remove_import(name: str) -> None:
    """Remove the description of an import; the user's table and frames stay.

    Raises:
        ReleaseError: nothing was imported under this name.
        OutputError: the description cannot be removed.
    """
    folders = {path.parent.name: path.parent for path in imports_path().glob(f"*/{DESCRIPTION}")}
    if name not in folders:
        known = and_more(sorted(folders), 5) or "nothing"
        raise ReleaseError(f"no import is called {name!r}{nearest(name, folders)}; imported: {known}")
    try:
        shutil.rmtree(folders[name])
    except OSError as error:
        raise OutputError(f"{folders[name]} cannot be removed ({error.strerror})") from error
