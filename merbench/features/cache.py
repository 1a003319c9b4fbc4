"""Where features are kept between runs, how much there is, and how it is cleared away."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from merbench.errors import ConfigError, OutputError
from merbench.features.resolve import Resolved, split_reference
from merbench.files import clear_partials, partial_name

__all__ = ["FULL", "VARIABLE", "Kept", "cache_path", "clear", "feature_folder", "full", "kept", "writable"]

VARIABLE = "MERBENCH_CACHE"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Kept:
    """What is kept of one feature.

    Attributes:
        name, variant, version: as the feature's plugin gives them; the variant may be empty.
        clips: how many results; a clip counts again where its files or the inputs of the feature were others.
        bytes: on disk.
        folder: where they lie.
    """

    name: str
    variant: str
    version: int
    clips: int
    bytes: int
    folder: Path


def cache_path() -> Path:
    """The folder of the feature store; it need not exist.

    Raises:
        ConfigError: MERBENCH_CACHE names something that is not a folder.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        import platformdirs

        return platformdirs.user_cache_path("merbench") / "features"
    folder = Path(named).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{VARIABLE} names {folder}, which is not a folder; name one, or unset it")
    return folder / "features"


def feature_folder(root: Path, feature: Resolved) -> Path:
    """Where one feature's results lie below `root`: `flow-28@tvl1-v1`."""
    version = feature.spec.version if feature.spec else 0
    return root / f"{quote(feature.name, safe='')}@{quote(feature.variant, safe='')}-v{version}"


def writable(root: Path) -> bool:
    """Whether anything can be kept below `root`; found by writing a file, for which others may have been killed.

    Raises:
        OutputError: it could, but the disk is full.
    """
    probe = partial_name(root)
    try:
        root.mkdir(parents=True, exist_ok=True)
        clear_partials(root, below=False)
        probe.write_bytes(b"merbench")
    except OSError as error:
        if error.errno in FULL:
            raise full(root, error) from error
        return False
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    return True


def full(root: Path, error: OSError) -> OutputError:
    """The error of a store that takes no more."""
    return OutputError(
        f"the feature cache {root} cannot be written: {error.strerror}; what is finished is kept: make room "
        f"(merbench features clear) or name another place with {VARIABLE}, then run the same command again"
    )


def kept(root: Path) -> list[Kept]:
    """Every feature of which anything is kept, by name."""
    from merbench.features.store import entries

    found = []
    for folder in sorted(root.glob("*@*-v*")) if root.is_dir() else ():
        label, _, version = folder.name.rpartition("-v")
        name, variant = split_reference(label)
        if folder.is_dir() and version.isdecimal():
            found.append(Kept(unquote(name), unquote(variant), int(version), *entries(folder), folder))
    return found


def clear(chosen: list[Kept]) -> None:
    """Removes what is kept of the chosen features; a run that is reading it keeps what it has open.

    Raises:
        OutputError: a folder cannot be removed.
    """
    for one in chosen:
        try:
            shutil.rmtree(one.folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise OutputError(f"cannot remove {one.folder}: {error.strerror}; remove it by hand") from error
