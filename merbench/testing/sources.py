"""The checks of a source, on a release of it."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from merbench.data.datasets import reader_class, release_reader
from merbench.data.frames import Frames
from merbench.data.homes import lacking
from merbench.data.sources import SourceReader
from merbench.errors import ReleaseError
from merbench.features.clip import Value
from merbench.plugin.calls import Author, calling
from merbench.plugin.specs import Source
from merbench.plugin.validation import fault
from merbench.testing.findings import Check, CheckFailed, Undecided, require

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SOURCE_CHECKS", "SourceToys"]

Stamp = tuple[int, int]  # bytes, and time of change in ns


class SourceToys:
    """A source, and the folder of a release of it.

    Args:
        spec: the source.
        root: the release's folder; None if there is none on this machine, or the source is embedded.
    """

    def __init__(self, spec: Source, root: Path | None = None) -> None:
        self.spec, self.root = spec, None if spec.embedded else root

    def reader(self) -> SourceReader:
        """A new reader of the release; raises `Undecided` if there is none."""
        if self.root is None and not self.spec.embedded:
            raise Undecided(lacking(self.spec))
        return release_reader(self.spec, self.root)

    @functools.cached_property
    def clips(self) -> pd.DataFrame:
        """The clips of the release."""
        return self.reader().clips()

    def ends(self) -> list[str]:
        """The first and the last clip."""
        return list(dict.fromkeys([self.clips["clip"].iloc[0], self.clips["clip"].iloc[-1]]))


def spec_resolves(toys: SourceToys) -> str:
    """The spec has valid fields, and names a subclass of `merbench.SourceReader`."""
    require(not (wrong := fault(toys.spec, "sources")), wrong)
    return reader_class(toys.spec).__name__


def lists_its_clips(toys: SourceToys) -> str:
    """`clips` gives a clip table with at least one clip, of the declared databases only, and without labels."""
    clips = toys.clips
    require(len(clips) > 0, "it has no clips")
    others = sorted(set(clips["database"]) - set(toys.spec.databases))
    require(not others, f"it has clips of {', '.join(others)}, which databases={toys.spec.databases} does not name")
    require(bool((clips["label"] == -1).all()), "it sets labels: leave them at -1, a label scheme sets them")
    return f"{len(clips)} clips of {clips['subject'].nunique()} subjects"


def lists_the_same_clips_again(toys: SourceToys) -> str:
    """Another reader of the same release lists the same clips, in the same order."""
    require(toys.clips.equals(toys.reader().clips()), "the clips differ the second time")
    return f"{len(toys.clips)} clips"


def reads_what_it_provides(toys: SourceToys) -> str:
    """Each provided feature of the first and last clip is images that can be read, or an array of finite numbers."""
    reader, clips = toys.reader(), toys.ends()
    for feature in toys.spec.provides:
        values = [_read(reader, feature, clip) for clip in clips]
        shapes = {tuple(value.shape) for value in values if isinstance(value, np.ndarray)}
        require(len(shapes) < 2, f"{feature} has several shapes: {sorted(shapes)}")
    return f"{', '.join(toys.spec.provides) or 'no feature'} of {len(clips)} clip(s)"


def reads_the_same_again(toys: SourceToys) -> str:
    """Another reader gives the same arrays and images for the same clip."""
    first, second = toys.reader(), toys.reader()
    clip = toys.ends()[0]
    for feature in toys.spec.provides:
        one, other = _read(first, feature, clip), _read(second, feature, clip)
        require(_same(one, other), f"{feature} of {clip} differs the second time")
    return clip


def never_writes(toys: SourceToys) -> str:
    """Reading clips and features leaves every file and folder of the release as it is."""
    if toys.root is None:
        toys.reader()
        return "it has no files"
    before = dict(_files(toys.root))
    reader = toys.reader()
    clips = reader.clips()
    for feature in toys.spec.provides:
        _read(reader, feature, clips["clip"].iloc[0])
    reader.notes(), reader.published()
    after = dict(_files(toys.root))
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    require(not changed, f"it writes into the release: {', '.join(changed[:3])}")
    return f"{len(before)} files"


def refuses_another_folder(toys: SourceToys) -> str:
    """In an empty folder, `clips` raises a `ReleaseError`, and `recognises` says no."""
    if toys.spec.embedded:
        return "it reads no folder"
    with tempfile.TemporaryDirectory() as folder:
        with calling(Author.of(f"source {toys.spec.name}", "", toys.spec.reader), "recognises"):
            recognised = reader_class(toys.spec).recognises(Path(folder))
        require(not recognised, "it recognises an empty folder as its release")
        try:
            found = release_reader(toys.spec, Path(folder)).clips()
        except ReleaseError:
            return "refused"
    raise CheckFailed(f"it lists {len(found)} clips in an empty folder; raise merbench.ReleaseError")


def refuses_an_unknown_clip(toys: SourceToys) -> str:
    """A clip that the release does not have is a `ReleaseError` with the reason."""
    reader = toys.reader()
    clip = f"{toys.clips['subject'].iloc[0]}/no-such-clip"
    for feature in toys.spec.provides:
        try:
            reader.read(feature, clip)
        except ReleaseError:
            continue
        raise CheckFailed(f"it reads {feature} of {clip}, which is not in the release")
    return "refused"


def _read(reader: SourceReader, feature: str, clip: str) -> Value:
    value = reader.read(feature, clip)
    if isinstance(value, Frames):
        value[0], value[len(value) - 1]
    else:
        require(bool(np.isfinite(value).all()), f"{feature} of {clip} has values that are not finite")
    return value


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, Frames) and isinstance(other, Frames):
        return one.signature() == other.signature() and np.array_equal(one[0], other[0])
    return type(one) is type(other) and np.array_equal(np.asarray(one), np.asarray(other))


def _files(root: Path) -> Iterator[tuple[str, Stamp]]:
    """Every file and folder below a folder."""
    for path in sorted(root.rglob("*")):
        found = path.lstat()
        yield path.relative_to(root).as_posix(), (found.st_size, found.st_mtime_ns)


SOURCE_CHECKS: tuple[Check[SourceToys], ...] = (
    spec_resolves,
    lists_its_clips,
    lists_the_same_clips_again,
    reads_what_it_provides,
    reads_the_same_again,
    never_writes,
    refuses_another_folder,
    refuses_an_unknown_clip,
)
