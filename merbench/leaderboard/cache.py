"""Keep what a build computed for the next builds. What is missing or damaged is computed again.

A result is kept under the digest of everything that decides it: its inputs, and the code of merbench and of all
plugins. So a result is never out of date, and anybody may delete the folder.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from merbench.errors import ConfigError
from merbench.features.store import store_path
from merbench.files import clear_partials, replacing
from merbench.plugin.digests import CORE
from merbench.plugin.registry import Registry

__all__ = ["Cache", "open_cache"]

FOLDER = "leaderboard"
PRUNED = "pruned"  # its time is that of the last `prune`
DIGEST = 32  # bytes, before the content of each file
MOST_BYTES = 2**30  # of all files; 1,000 records of the composite need a sixth
UNUSED = 30 * 24 * 3600.0  # seconds after which a result that no build used is removed
TOUCHED = 24 * 3600.0  # seconds after which a use is noted again, and unused results are looked for
WHOLE = 2**20  # bytes; a larger data file of a plugin counts by its size and time of change
LIBRARIES = ("jinja2", "markupsafe", "numpy", "pandas", "pydantic")  # decide the bytes of results


@dataclass(frozen=True)
class Cache:
    """Results by key, one file each.

    Attributes:
        folder: of the files; it need not exist.
        code: digest of the code that computes the results.
    """

    folder: Path
    code: str

    def key(self, *inputs: str | bytes) -> str:
        """sha256 (hex) of the code and of what decides a result; the first input names the kind of result."""
        digest = hashlib.sha256()
        for one in (self.code, *inputs):
            content = one.encode("utf-8", "surrogatepass") if isinstance(one, str) else one
            digest.update(len(content).to_bytes(8, "little") + content)
        return digest.hexdigest()

    def read(self, key: str) -> bytes | None:
        """The result; None if it is not kept, or its file is damaged or cannot be read."""
        path = self._path(key)
        try:
            with path.open("rb") as file:
                if time.time() - os.fstat(file.fileno()).st_mtime > TOUCHED:
                    os.utime(path)
                found = file.read()
        except OSError:
            return None
        content = memoryview(found)[DIGEST:]
        # With the key, so that a file under another file's name is not taken for it.
        return bytes(content) if _seal(key, content) == found[:DIGEST] else None

    def write(self, key: str, content: bytes) -> None:
        """Keep a result; where the folder cannot be written, it is not kept."""
        with suppress(OSError), replacing(self._path(key), sync=False) as file:
            file.write(_seal(key, content))
            file.write(content)

    def text(self, key: str, compute: Callable[[], str]) -> str:
        """The text that is kept under a key, or else the text that `compute` returns."""
        kept = self.read(key)
        if kept is not None:
            with suppress(UnicodeDecodeError):
                return kept.decode()
        text = compute()
        with suppress(UnicodeEncodeError):
            self.write(key, text.encode())
        return text

    def prune(self) -> None:
        """Once a day, remove the results that no build used for a long time, and the oldest ones above `MOST_BYTES`."""
        pruned = self.folder / PRUNED
        with suppress(OSError):
            if pruned.exists() and time.time() - pruned.stat().st_mtime < TOUCHED:
                return
            clear_partials(self.folder)
            pruned.touch()
            found = sorted(self._files(), reverse=True)
            oldest, total = time.time() - UNUSED, 0
            for used, size, path in found:
                total += size
                if used < oldest or total > MOST_BYTES:
                    with suppress(OSError):
                        os.unlink(path)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _files(self) -> Iterator[tuple[float, int, str]]:
        """When each file was used, its size and its path."""
        for place in os.scandir(self.folder):
            if place.is_dir(follow_symlinks=False):
                for one in os.scandir(place):
                    with suppress(OSError):  # another build may remove it
                        found = one.stat(follow_symlinks=False)
                        yield found.st_mtime, found.st_size, one.path


def _seal(key: str, content: bytes | memoryview) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGEST, key=bytes.fromhex(key)).digest()


def open_cache(registry: Registry) -> Cache | None:
    """The cache of builds with these plugins; None if there is no folder for it, or the source of a plugin cannot be
    found.
    """
    plugins = [one for one in registry.plugins if one.status == "loaded"]
    parts = [
        platform.python_version(),
        *(repr((one.distribution, one.name, one.version, one.module)) for one in plugins),
    ]
    try:
        parts += [f"{library} {importlib.metadata.version(library)}" for library in LIBRARIES]
        packages = sorted({CORE, *(one.module.partition(".")[0] for one in plugins)})
        parts += [_package_digest(package) for package in packages]
        return Cache(store_path().parent / FOLDER, hashlib.sha256("\n".join(parts).encode()).hexdigest())
    except (ConfigError, ImportError, OSError, ValueError):
        return None


def _package_digest(package: str) -> str:
    """sha256 (hex) of every file of a package: clip lists and folds are data beside the code."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise ImportError(package)
    roots = [*map(Path, spec.submodule_search_locations or ())]
    files = [path for root in roots for path in sorted(root.rglob("*")) if path.suffix != ".pyc" and path.is_file()]
    digest = hashlib.sha256()
    for path in files or ([Path(spec.origin)] if spec.origin else []):
        found = path.stat()
        whole = path.suffix == ".py" or found.st_size <= WHOLE
        content = path.read_bytes() if whole else f"{found.st_size} {found.st_mtime_ns}".encode()
        digest.update(f"{path}\0{len(content)}\0".encode("utf-8", "surrogateescape") + content)
    return digest.hexdigest()
