"""Writes a preview page of a dataset."""

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
from merbench.preview.drawn import Drawn, drawn_inputs, fullest
from merbench.preview.page import MARKER, answer_page, page
from merbench.preview.pictures import pictures, pictures_of
from merbench.preview.spool import Spool, Spooled
from merbench.progress import Progress, Silent
from merbench.runs.predict import Answered

__all__ = ["Written", "write_answer", "write_preview"]

HEAD = 2000  # bytes at the beginning of a page that hold its marker


@dataclass(frozen=True)
class Written:
    """A page that was written.

    Attributes:
        path: the page.
        bytes: its size.
        clips: number of clips that it shows.
        pictures: number of pictures in it.
        broken: clips that it names without pictures, with reasons.
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
    """Writes `out/NAME.html`: pictures of a dataset's clips, for every feature that can be drawn.

    Args:
        registry: of all plugins.
        name: of the dataset.
        out: a folder; made if missing. Only an earlier preview in it is replaced.
        pattern: chooses the clips; see `merbench.preview.choice.chosen`.
        jobs: number of processes; None for one per core, 1 for this process alone.
        progress: receives finished clips.

    Raises:
        UnknownName, UnresolvableFeature, ReleaseError: the dataset is missing, or no feature of it can be drawn.
        OptionError: no clip matches the pattern.
        OutputError: another file is in the way, `out` cannot be written, or the feature store is full.
        PluginError: a feature or its drawing fails.
    """
    dataset, drawn = fullest(registry, name)
    clips = chosen(dataset.clips, pattern)
    path = out / f"{dataset.spec.name}.html"
    _check_place(path)
    with _writing(path), _spool(out) as spool:
        pictures, broken = _draw(dataset, list(clips["clip"]), drawn, spool, jobs, progress or Silent())
        _check_place(path)  # again: another file may have been put there meanwhile
        with replacing(path) as file:
            for piece in page(dataset, clips, drawn, pictures, broken):
                file.write(piece.encode("utf-8"))
        count = sum(map(len, pictures.values()))
        return Written(path, path.stat().st_size, len(pictures), count, broken)


def write_answer(path: Path, given: Answered) -> None:
    """Writes a page with the answer for a clip and pictures of what the models saw.

    Args:
        path: the page; made with its folder if missing. Only an earlier page of merbench is replaced.
        given: the answer, and what the models saw.

    Raises:
        OutputError: another file is in the way, or the page cannot be written.
        PluginError: the drawing of a feature fails.
    """
    drawn = drawn_inputs(given.features)
    _check_place(path)
    found = pictures(drawn, given.values)
    with _writing(path), replacing(path) as file:
        file.write(answer_page(given.answer, drawn, found).encode("utf-8"))


def _check_place(path: Path) -> None:
    """Raises OutputError if the file at `path` is not a preview, or cannot be read."""
    folder = path.parent
    try:
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder} is a file; name a folder: --out")
        if path.is_symlink() or path.exists():
            with path.open("rb") as file:
                if MARKER.encode() in file.read(HEAD):
                    return
            raise OutputError(f"{path} is not a page with pictures by merbench; move it away, or choose another folder")
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror}; choose another folder") from error


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror}; nothing was changed there; make room, or choose another folder"
        ) from error


@contextlib.contextmanager
def _spool(out: Path) -> Iterator[Spool]:
    """A nameless file in the folder of the page, which needs as much space anyway."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=out) as file:
        yield Spool(file)


def _draw(
    dataset: OpenDataset, clips: Sequence[str], drawn: Sequence[Drawn], spool: Spool, jobs: int | None, told: Progress
) -> tuple[dict[str, list[Spooled]], dict[str, str]]:
    """The pictures of each clip, and the broken clips with reasons."""
    root = store_path()
    if not writable(root):
        told.note(f"{root} cannot be written, so features are computed again every time")
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
