"""Writes a new plugin: a small distribution that works as it is written, or a single file."""

from __future__ import annotations

import importlib.util
import keyword
import os
import re
from importlib import resources
from importlib.metadata import metadata
from pathlib import Path
from typing import Final

from merbench.errors import ConfigError, OutputError
from merbench.files import write_new

__all__ = ["KINDS", "write_plugin"]

# Kind -> the hook that its test asks. Its template's docstring has a command that tries it.
KINDS: Final = {
    "model": "merbench_models",
    "fit": "merbench_models",
    "estimator": "merbench_models",
    "feature": "merbench_features",
    "source": "merbench_sources",
    "protocol": "merbench_protocols",
}
COMMAND = re.compile(r"^    (merbench .*)$", re.MULTILINE)
VERSION = re.compile(r"Programming Language :: Python :: (3\.\d+)")
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
# Path in the distribution -> template in the folder `scaffold`.
FILES: Final = {
    "pyproject.toml": "pyproject",
    "README.md": "readme",
    ".gitignore": "gitignore",
    ".github/workflows/tests.yml": "workflow",
    "src/@MODULE@/__init__.py": "@KIND@",
    "tests/test_@MODULE@.py": "@TEST@",
}


def write_plugin(name: str, kind: str, into: Path, *, single_file: bool = False) -> list[Path]:
    """Write a plugin with one spec of a kind.

    Args:
        name: of distribution, plugin and spec: small letters, digits and dashes. The module has underscores.
        kind: one of `KINDS`.
        into: folder in which the distribution's folder NAME, or the file MODULE.py, is made.
        single_file: write only the module, for `--plugin FILE`.

    Returns:
        The paths of the files.

    Raises:
        ConfigError: the name is not valid, or is that of a module which exists.
        OutputError: the folder is not empty, the file exists, or it cannot be written.
    """
    values = _values(name, kind)
    folder = into if single_file else into / name
    if not single_file and os.path.lexists(folder) and not (folder.is_dir() and not any(folder.iterdir())):
        raise OutputError(f"{folder} is not an empty folder; nothing was written; choose another name or --into DIR")
    wanted = {"@MODULE@.py": "@KIND@"} if single_file else FILES
    return write_new(
        folder,
        {_filled(path, values): _filled(_template(_filled(one, values)), values) for path, one in wanted.items()},
    )


def _values(name: str, kind: str) -> dict[str, str]:
    """What the places in the templates become."""
    about = metadata("merbench")
    python = about["Requires-Python"]
    supported = [VERSION.fullmatch(one) for one in about.get_all("Classifier", [])]
    command = COMMAND.search(_template(kind))
    assert command
    return {
        "NAME": name,
        "MODULE": _module(name),
        "KIND": kind,
        "HOOK": KINDS[kind],
        "TEST": "test_source" if kind == "source" else "test",
        "PYTHON": python,
        "OLDEST": python.removeprefix(">="),
        "NEWEST": max((one[1] for one in supported if one), key=lambda version: int(version.partition(".")[2])),
        "TRY": command[1].replace("@NAME@", name),
    }


def _template(name: str) -> str:
    return (resources.files(__package__) / "scaffold" / f"{name}.txt").read_text("utf-8")


def _module(name: str) -> str:
    module = name.replace("-", "_")
    if not NAME.fullmatch(name) or keyword.iskeyword(module):
        raise ConfigError(f"a plugin cannot be called {name!r}; use small letters, digits and dashes, such as my-net")
    if importlib.util.find_spec(module):
        raise ConfigError(f"there is a Python module called {module} already; choose another name than {name!r}")
    return module


def _filled(text: str, values: dict[str, str]) -> str:
    return re.sub("@([A-Z]+)@", lambda found: values[found[1]], text)
