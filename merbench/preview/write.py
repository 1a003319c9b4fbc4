"""The command as a whole: what to draw of which clips, and the page in its place."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from merbench.data.datasets import OpenDataset
from merbench.errors import OutputError, ReleaseError
from merbench.features.clip import Value
from merbench.features.extract import cores, of_each
from merbench.features.resolve import walk
from merbench.features.store import store_path, temporary_store, writable
from merbench.files import replacing
from merbench.plugin.registry import Registry
from merbench.preview.choice import chosen
from merbench.preview.drawn import Drawn, fullest
from merbench.preview.page import MARKER, page
from merbench.preview.pictures import pictures_of
from merbench.preview.spool import Spool, Spooled
from merbench.progress import Progress, Silent

__all__ = ["Written", "write_preview"]

HEAD = 2000  # bytes of a page among which its marker stands


@dataclass(frozen=True)
class Written:
    """What came of it.

    Attributes:
        path: the page.
        bytes: its size.
        clips: how many it shows.
        pictures: how many there are in it.
        broken: clips that it only names, with the reason.
    """

    path: Path
    bytes: int
    clips: int
    pictures: int
    broken: dict[str, str]


def write_preview(
    registry: Registry,
    name: str,
    out: Path,
    *,
    pattern: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Written:
    """Writes `out/NAME.html`: pictures of a dataset's clips, of every feature that can be drawn.

    Args:
        registry: where names are looked up.
        name: of the dataset.
        out: a folder, made where there is none. Of files in it, only an earlier preview is replaced.
        pattern: which clips, as `merbench.preview.choice.chosen` has it.
        jobs: processes; None for all cores, 1 for this process alone.
        progress: told of clips.

    Raises:
        UnknownName, UnresolvableFeature, ReleaseError: the dataset is not there, or nothing of it can be drawn.
        OptionError: no clip matches the pattern.
        OutputError: the place holds something else, or cannot be written; or the feature store is full.
        PluginError: a feature or its drawing fails.
    """
    dataset, drawn = fullest(registry, name)
    clips = chosen(dataset.clips, pattern)
    path = out / f"{dataset.spec.name}.html"
    _check_place(path)
    with _writing(path), _spool(out) as spool:
        pictures, broken = _draw(dataset, list(clips["clip"]), drawn, spool, jobs, progress or Silent())
        _check_place(path)  # once more: somebody may have put something there in the meantime
        with replacing(path) as file:
            for piece in page(dataset, clips, drawn, pictures, broken):
                file.write(piece.encode("utf-8"))
        count = sum(map(len, pictures.values()))
        return Written(path, path.stat().st_size, len(pictures), count, broken)


def _check_place(path: Path) -> None:
    """Raises OutputError where something lies at `path` that is no preview, or that cannot be looked at."""
    folder = path.parent
    try:
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder} is a file; name a folder: --out")
        if path.is_symlink() or path.exists():
            with path.open("rb") as file:
                if MARKER.encode() in file.read(HEAD):
                    return
            raise OutputError(
                f"{path} is no page of merbench data preview; move it away, or choose another folder: --out"
            )
    except OSError as error:
        raise OutputError(f"cannot look at {path}: {error.strerror}; choose another folder: --out") from error


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror}; nothing was changed there; make room, or choose another folder: "
            "--out"
        ) from error


@contextlib.contextmanager
def _spool(out: Path) -> Iterator[Spool]:
    """A file without a name beside the page, where there must be room for as much anyway."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=out) as file:
        yield Spool(file)


def _draw(
    dataset: OpenDataset, clips: Sequence[str], drawn: Sequence[Drawn], spool: Spool, jobs: int | None, told: Progress
) -> tuple[dict[str, list[Spooled]], dict[str, str]]:
    """The pictures of each clip; and the clips that have none, with the reason."""
    root = store_path()
    if not writable(root):
        told.note(f"nothing can be kept in {root}, so features are computed again every time")
        root = temporary_store(root)
    told.start(len(clips), 0)
    pictures: dict[str, list[Spooled]] = {}
    broken: dict[str, str] = {}
    work = _work(dataset, clips, sorted({one.name for d in drawn for one in walk([d.feature]) if not one.spec}), broken)
    function = partial(pictures_of, drawn=tuple(drawn), root=root)
    with contextlib.closing(of_each(function, work, min(jobs or cores(), len(clips)))) as found:
        for one in found:
            told.advance(1)
            if one.broken:
                broken[one.clip] = one.broken
            else:
                pictures[one.clip] = [spool.add(picture) for picture in one.pictures]
    return pictures, {clip: broken[clip] for clip in clips if clip in broken}


def _work(
    dataset: OpenDataset, clips: Sequence[str], raw: Sequence[str], broken: dict[str, str]
) -> Iterator[tuple[str, Mapping[str, Value]]]:
    for clip in clips:
        try:
            yield clip, {name: dataset.read(name, clip) for name in raw}
        except ReleaseError as error:
            broken[clip] = str(error)
