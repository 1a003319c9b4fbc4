"""The base class of all video releases: annotated clips, and a folder with the frames of each."""

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

# Names of folders that say whether frames are cropped to aligned faces; the folder nearest to the frames decides.
CROPPED = re.compile("crop", re.IGNORECASE)
RAW = re.compile(r"(?<![a-z])raw|(?:un|no[nt]?)[ _-]?crop", re.IGNORECASE)
ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz")
ALIGNED = re.compile(r"reg_", re.IGNORECASE)  # prefix of the names of aligned frames (CASME, CASME II, SMIC)


@dataclass(frozen=True)
class Clip:
    """One annotated clip, with ids as in the clip table, frames after errata, and the `key` to its folder; `unread`
    says which part of its annotation could not be understood."""

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
        """Why its frames are impossible or could not be understood; empty for a good clip."""
        return impossible(self.span) or self.unread


@dataclass(frozen=True)
class Tree:
    """A folder with the clips' frames in its subfolders; `cropped` says whether they show aligned faces."""

    folder: Path
    cropped: bool


class VideoRelease(merbench.SourceReader):
    """A release of image sequences. Provides `frames`: `merbench.Frames` of the annotated clip, onset to offset.

    A subclass finds the clips (`find_clips`) and the folder of each (`folder_of`).

    Attributes:
        database: its name in clip ids, e.g. `casme2`.
        title: its name in sentences, e.g. `CASME II`.
        fps: frames per second; None if unknown.
        hint: which folder to name, at the end of an error.
        counts: its contents according to its authors.
    """

    database: str
    title: str
    fps: float | None
    hint: str
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
            merbench.ReleaseError: the folder is missing.
        """

    @classmethod
    @abstractmethod
    def is_tree(cls, folder: Path, root: Path) -> bool:
        """Whether the frames of this database lie in the subfolders of `folder`, judged by names only."""

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """Whether the frames of this database are in the folder, judged by names only."""
        return bool(topmost(folder, lambda one: cls.is_tree(one, folder)))

    def clips(self) -> pd.DataFrame:
        """Every annotated clip, with the frame numbers of the release after errata.

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
            merbench.ReleaseError: the annotation is impossible, or the clip has fewer than two frames.
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
        """Which of several folders is read, how many clips were repaired, and how many have missing frames."""
        found = [*self.remarks(), *self._repairs(), *self._substitutes()]
        return {"frames": "; ".join(found)} if found else {}

    def published(self) -> merbench.Published:
        """The contents of the release according to its authors."""
        return self.counts

    def remarks(self) -> list[str]:
        """Sentences about the folder that is read, if there are several."""
        others = [tree.folder.relative_to(self.folder).as_posix() for tree in self._trees if tree != self.tree]
        if not others:
            return []
        read = self.tree.folder.relative_to(self.folder).as_posix()
        return [f"{self.title}: read from {read}, and not from {', '.join(others[:3])}"]

    def renumbered(self, names: dict[int, str], clip: Clip) -> dict[int, str]:
        """The files of a clip's folder by the frame numbers of the annotation."""
        return names

    @property
    def folder(self) -> Path:
        """The release's folder."""
        if self.root is None:
            raise merbench.ReleaseError(f"{self.title} needs a folder")
        return self.root

    @property
    def near(self) -> Path:
        """The folder that is searched for frames first: the root may contain releases of several databases."""
        return self.folder

    @property
    def tree(self) -> Tree:
        """The tree that is read: raw frames if there are both raw and cropped frames.

        Raises:
            merbench.ReleaseError: there is no tree.
        """
        if not self._trees:
            raise merbench.ReleaseError(
                f"{self.folder} is not a release of {self.title}: {_instead(self.folder)}; {self.hint}"
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
                raise merbench.ReleaseError(
                    f"{self.folder}: clip {one.id} is listed twice in the table; remove one row"
                )
            found[one.id] = replace(one, span=span, erratum=erratum)
        if not found:
            raise merbench.ReleaseError(f"{self.folder} has no clip of {self.title}; {self.hint}")
        return found

    def _files(self, clip: Clip) -> dict[int, Path]:
        """The clip's frames from onset to offset, by number."""
        folder = self.folder_of(clip)
        names, (onset, offset) = self.renumbered(self._listed(folder), clip), clip.span.ends
        within = [number for number in sorted(names) if onset <= number <= offset]
        if len(within) < 2:
            there = f"{len(names)} in its folder" if names else "its folder has no image"
            raise merbench.ReleaseError(f"it has {len(within)} of its frames, but at least two are needed ({there})")
        return {number: folder / names[number] for number in within}

    def _listed(self, folder: Path) -> dict[int, str]:
        if self._last[0] != folder:  # a folder of CAS(ME)3 contains many clips, which follow each other in the table
            self._last = (folder, frame_names(folder))
        return self._last[1]

    def _repairs(self) -> list[str]:
        done = [one.erratum for one in self._clips.values() if one.erratum and one.erratum.repair != "keep"]
        return [f"{self.title}: errata repair {len(done)} clip(s) of its table"] if done else []

    def _substitutes(self) -> list[str]:
        lacking = sum(map(self._lacks, self._clips.values()))
        if not lacking:
            return []
        return [f"{self.title}: {lacking} clip(s) have no onset, apex or offset frame; the nearest frame is taken"]

    def _lacks(self, clip: Clip) -> bool:
        try:
            files = self._files(clip) if not clip.fault else {}
        except merbench.ReleaseError:
            return False
        return bool(files) and any(number is not None and number not in files for number in clip.span)


def _instead(folder: Path) -> str:
    """A possible reason why a folder has no frames."""
    paths = sorted(folder.iterdir())
    packed = [path.name for path in paths if path.suffix.lower() in ARCHIVES]
    links = [path.name for path in paths if leads_out(path, folder)]
    if links:
        return f"{', '.join(links[:3])} is a link that leads out of it"
    return "it contains no frames of it" + (f", and {packed[0]} is not unpacked" if packed else "")


def within_clip(names: dict[int, str], span: Span) -> dict[int, str]:
    """Frames that are numbered within the clip, by their numbers in the recording; other frames are returned unchanged.

    Frames are numbered within the clip if the largest number fits into the clip's length and is below its offset, and
    the smallest is below its onset.
    """
    if not names or span.onset is None or span.offset is None:
        return names
    if max(names) > span.offset - span.onset + 1 or max(names) >= span.offset or min(names) >= span.onset:
        return names
    return {number + span.onset - 1: name for number, name in names.items()}
