"""What all video releases have in common: annotated clips, a folder of frames for each, and the way between them."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import merbench
from merbench_databases.errata import Span, impossible, repaired
from merbench_databases.folders import frame_names, leads_out, topmost

if TYPE_CHECKING:
    import pandas as pd

    from merbench_databases.errata import Erratum

# In the names of folders, of which the nearest to the frames that says either counts: aligned faces, or not.
CROPPED = re.compile("crop", re.IGNORECASE)
RAW = re.compile(r"(?<![a-z])raw|(?:un|no[nt]?)[ _-]?crop", re.IGNORECASE)
ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz")
ALIGNED = re.compile(r"reg_", re.IGNORECASE)  # what the names of aligned frames begin with (CASME, CASME II, SMIC)


@dataclass(frozen=True)
class Clip:
    """One annotated clip: ids as in the clip table, `key` to find its folder by, frames after errata; `unread` says
    what of its annotation could not be understood."""

    id: str
    subject: str
    key: tuple[int, str]
    span: Span
    emotion: str
    action_units: str = ""
    erratum: Erratum | None = None
    unread: str = ""

    @property
    def fault(self) -> str:
        """What is impossible about its frames, or could not be understood; empty where nothing is."""
        return impossible(self.span) or self.unread


@dataclass(frozen=True)
class Tree:
    """A folder whose sub-folders hold the clips' frames; `cropped` where they show aligned faces."""

    folder: Path
    cropped: bool


class VideoRelease(merbench.SourceReader):
    """A release of image sequences. Provides `frames`: `merbench.Frames` of the annotated clip, onset to offset.

    A subclass finds the clips (`find_clips`), and the folder of each (`folder_of`).

    Attributes:
        database: its name in clip ids, e.g. `casme2`.
        title: its name in sentences, e.g. `CASME II`.
        fps: frames per second; None where that is not known.
        mend: which folder to name, as an error ends.
        counts: what its authors say is in it.
    """

    database: str
    title: str
    fps: float | None
    mend: str
    counts: merbench.Published

    def __init__(self, root: Path | None) -> None:
        super().__init__(root)
        self._last: tuple[Path | None, dict[int, str]] = (None, {})

    @abstractmethod
    def find_clips(self) -> Iterator[Clip]:
        """Every annotated clip, in the order of the release.

        Raises:
            merbench.ReleaseError: the folder is not this release, or its table cannot be read.
        """

    @abstractmethod
    def folder_of(self, clip: Clip) -> Path:
        """The folder with the frames of a clip.

        Raises:
            merbench.ReleaseError: it is missing.
        """

    @classmethod
    @abstractmethod
    def is_tree(cls, folder: Path, root: Path) -> bool:
        """Whether the frames of this database lie in the sub-folders of `folder`, by the look of their names."""

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """Whether the frames of this database are in the folder, by the look of names."""
        return bool(topmost(folder, lambda one: cls.is_tree(one, folder)))

    def clips(self) -> pd.DataFrame:
        """Every annotated clip; frame numbers as the release has them, repaired where an erratum says so.

        Raises:
            merbench.ReleaseError: the folder is not this release, or its table cannot be read.
        """
        found = list(self._clips.values())
        return merbench.clip_table(
            {
                "clip": [one.id for one in found],
                "database": [self.database] * len(found),
                "subject": [one.subject for one in found],
                "onset": [one.span.onset for one in found],
                "apex": [one.span.apex for one in found],
                "offset": [one.span.offset for one in found],
                "fps": [self.fps] * len(found),
                "emotion": [one.emotion or None for one in found],
                "action_units": [one.action_units or None for one in found],
            }
        )

    def read(self, feature: str, clip: str) -> merbench.Frames:
        """The frames of one clip; no image is opened yet.

        Raises:
            merbench.ReleaseError: the annotation is impossible, or the clip has fewer than two frames; why.
        """
        if feature != "frames":
            raise merbench.ReleaseError(f"{self.title} has no feature {feature!r}")
        if clip not in self._clips:
            raise merbench.ReleaseError(f"{self.title} has no clip {clip}")
        one = self._clips[clip]
        if one.fault:
            raise merbench.ReleaseError(one.fault)
        files, (onset, offset) = self._files(one), one.span.ends
        return merbench.Frames(
            files,
            root=self.folder,
            onset=onset,
            apex=one.span.apex,
            offset=offset,
            fps=self.fps,
            cropped=self.tree.cropped or bool(ALIGNED.match(next(iter(files.values())).name)),
        )

    def notes(self) -> dict[str, str]:
        """Which frames are read where there is a choice, what was repaired, and how many clips miss a frame."""
        found = [*self.remarks(), *self._repairs(), *self._substitutes()]
        return {"frames": "; ".join(found)} if found else {}

    def published(self) -> merbench.Published:
        """What the authors say is in the release."""
        return self.counts

    def remarks(self) -> list[str]:
        """Sentences on where the release was read from, where there was a choice."""
        others = [tree.folder.relative_to(self.folder).as_posix() for tree in self._trees if tree != self.tree]
        if not others:
            return []
        read = self.tree.folder.relative_to(self.folder).as_posix()
        return [f"{self.title}: read from {read}, and not from {', '.join(others[:3])}"]

    def renumbered(self, names: dict[int, str], clip: Clip) -> dict[int, str]:
        """The files of a clip's folder by the frame numbers that its annotation uses."""
        return names

    @property
    def folder(self) -> Path:
        """The release's folder."""
        if self.root is None:
            raise merbench.ReleaseError(f"{self.title} is not embedded: it needs a folder")
        return self.root

    @property
    def near(self) -> Path:
        """Where the frames are looked for first: a folder may hold the releases of several databases."""
        return self.folder

    @property
    def tree(self) -> Tree:
        """The tree that is read: the raw frames, where there are both raw and cropped ones.

        Raises:
            merbench.ReleaseError: there is none.
        """
        if not self._trees:
            raise merbench.ReleaseError(
                f"{self.folder} is not a release of {self.title}: {_instead(self.folder)}; {self.mend}"
            )
        return self._trees[0]

    @cached_property
    def _trees(self) -> list[Tree]:
        places = dict.fromkeys((self.near, self.folder))
        found = next((one for place in places if (one := topmost(place, self._is_tree))), [])
        return sorted((Tree(one, self._cropped(one)) for one in found), key=lambda tree: tree.cropped)

    def _is_tree(self, folder: Path) -> bool:
        return self.is_tree(folder, self.folder)

    def _cropped(self, folder: Path) -> bool:
        names = reversed(folder.relative_to(self.folder.parent).parts)
        says = next((name for name in names if RAW.search(name) or CROPPED.search(name)), "")
        return bool(says) and not RAW.search(says)

    @cached_property
    def _clips(self) -> dict[str, Clip]:
        found: dict[str, Clip] = {}
        for one in self.find_clips():
            span, erratum = repaired(one.id, one.span)
            if one.id in found:
                raise merbench.ReleaseError(f"{self.folder}: clip {one.id} stands twice in the table; remove one row")
            found[one.id] = replace(one, span=span, erratum=erratum)
        if not found:
            raise merbench.ReleaseError(f"{self.folder} has no clip of {self.title}; {self.mend}")
        return found

    def _files(self, clip: Clip) -> dict[int, Path]:
        """The clip's frames from onset to offset, by number."""
        folder = self.folder_of(clip)
        names, (onset, offset) = self.renumbered(self._listed(folder), clip), clip.span.ends
        within = [number for number in sorted(names) if onset <= number <= offset]
        if len(within) < 2:
            there = f"{len(names)} in its folder" if names else "its folder has no image"
            raise merbench.ReleaseError(f"it has {len(within)} of its frames, and two at least are needed ({there})")
        return {number: folder / names[number] for number in within}

    def _listed(self, folder: Path) -> dict[int, str]:
        if self._last[0] != folder:  # a folder of CAS(ME)3 holds many clips, one after the other in its table
            self._last = (folder, frame_names(folder))
        return self._last[1]

    def _repairs(self) -> list[str]:
        done = [one.erratum for one in self._clips.values() if one.erratum and one.erratum.repair != "keep"]
        return [f"{self.title}: errata repair {len(done)} clip(s) of its table"] if done else []

    def _substitutes(self) -> list[str]:
        lacking = sum(map(self._lacks, self._clips.values()))
        if not lacking:
            return []
        return [f"{self.title}: {lacking} clip(s) lack their onset, apex or offset frame; the nearest one is taken"]

    def _lacks(self, clip: Clip) -> bool:
        try:
            files = self._files(clip) if not clip.fault else {}
        except merbench.ReleaseError:
            return False
        return bool(files) and any(number is not None and number not in files for number in clip.span)


def _instead(folder: Path) -> str:
    """Why a folder may have no frames in it."""
    paths = sorted(folder.iterdir())
    packed = [path.name for path in paths if path.suffix.lower() in ARCHIVES]
    links = [path.name for path in paths if leads_out(path, folder)]
    if links:
        return f"{', '.join(links[:3])} is a link that leads out of it"
    return "it holds no frames of it" + (f", and {packed[0]} is not unpacked" if packed else "")


def within_clip(names: dict[int, str], span: Span) -> dict[int, str]:
    """Frames that are numbered within the clip, by their numbers in the recording; others as they are.

    The largest number tells: it fits into the clip's length, and is not one that the clip has in the recording; and so
    does the smallest, which lies before the onset.
    """
    if not names or span.onset is None or span.offset is None:
        return names
    if max(names) > span.offset - span.onset + 1 or max(names) >= span.offset or min(names) >= span.onset:
        return names
    return {number + span.onset - 1: name for number, name in names.items()}
