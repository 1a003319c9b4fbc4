"""Releases with a table that has a row for each clip."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import merbench
from merbench_databases.annotations import Line, frame_number, is_empty, read_lines
from merbench_databases.errata import Span
from merbench_databases.folders import by_number, matches, matching, named, subfolders, walk
from merbench_databases.tables import TableError
from merbench_databases.video import Clip, VideoRelease

SUBJECT = re.compile(r"[A-Za-z_. ]*([0-9]{1,4})")


class TableRelease(VideoRelease):
    """A release with a table that has a row for each clip, and with frames in `subject/clip` folders."""

    table: str  # regular expression for the whole name of the table's file, ignoring case
    table_name: str  # an example of such a name
    sheet = ""
    subject_form: str  # format of a subject, e.g. `sub{:02}`
    subject_folder: str  # regular expression for its folder, with the number as its group
    clip_folder: str  # regular expression for a clip's folder
    inner: tuple[str, ...] = ()  # names of a folder in a clip's folder that may contain the frames

    @classmethod
    def is_tree(cls, folder: Path, root: Path) -> bool:
        """Whether the folder contains a subject's folder that contains a clip's folder."""
        try:
            subjects = matching(subfolders(folder, root), cls.subject_folder)
            return any(matches(cls.clip_folder, name.strip()) for one in subjects for name in subfolders(one, root))
        except merbench.ReleaseError:
            return False

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """Whether the folder contains the table and the frames."""
        return bool(cls._tables(folder)) and super().recognises(folder)

    def find_clips(self) -> Iterator[Clip]:
        """The rows of the table; errors are as in the base class."""
        path = self._table
        try:
            for line in read_lines(path, self.folder, self.sheet):
                yield self.clip_of(line)
        except TableError as error:
            raise merbench.ReleaseError(f"{path}{error}") from error
        self._subjects  # noqa: B018  raises if there are no frames, or two folders of one subject

    def clip_of(self, line: Line) -> Clip:
        """The clip in one row."""
        number = subject_number(line)
        subject = f"{self.database}/{self.subject_form.format(number)}"
        span = Span(frame_number(line.onset), frame_number(line.apex), frame_number(line.offset))
        # If an unreadable apex counted as missing, it would silently be estimated.
        unread = span.apex is None and not is_empty(line.apex)
        return Clip(
            id=f"{subject}/{line.clip}",
            subject=subject,
            key=(number, line.clip),
            span=span,
            emotion=line.emotion.lower(),
            action_units=line.action_units,
            unread="its apex in the table is not a frame number" if unread else "",
        )

    def folder_of(self, clip: Clip) -> Path:
        """`subject/clip`: the subject is found by its number, the clip by its exact name."""
        number, name = clip.key
        if number not in self._subjects:
            raise merbench.ReleaseError(f"the folder of its subject is missing in {self.tree.folder.name}")
        folder = named(self._subfolders(self._subjects[number]), name)
        if folder is None:
            raise merbench.ReleaseError(f"its folder is missing: {self._subjects[number].name}/{name}")
        inner = self._subfolders(folder) if self.inner else {}
        return next((found for one in self.inner if (found := named(inner, one))), folder)

    def remarks(self) -> list[str]:
        """As in the base class, and which table is read if there are several."""
        others = [path.name for path in self._tables(self.folder) if path != self._table]
        read = f"{self.title}: the table is {self._table.name}, and not {', '.join(others[:3])}"
        return [*super().remarks(), *([read] if others else [])]

    @property
    def near(self) -> Path:
        """The folder of the table."""
        return self._table.parent

    @property
    def _table(self) -> Path:
        found = self._tables(self.folder)
        if not found:
            raise merbench.ReleaseError(
                f"{self.folder} is not a release of {self.title}: the table ({self.table_name}) is missing; {self.hint}"
            )
        return found[-1]  # the latest version, by its name

    @classmethod
    def _tables(cls, folder: Path) -> list[Path]:
        """The tables in the folder, or else in its subfolders, sorted by name."""
        near = list(walk(folder, depth=1))
        for level in (near[:1], near[1:]):
            found = [path for one in level for path in _files_in(one) if matches(cls.table, path.name)]
            if found:
                return sorted(found, key=lambda path: path.name.lower())
        return []

    @cached_property
    def _subjects(self) -> dict[int, Path]:
        return by_number(self._subfolders(self.tree.folder), self.subject_folder)

    @cached_property
    def _known_folders(self) -> dict[Path, dict[str, Path]]:
        return {}

    def _subfolders(self, folder: Path) -> dict[str, Path]:
        if folder not in self._known_folders:
            self._known_folders[folder] = subfolders(folder, self.folder)
        return self._known_folders[folder]


def subject_number(line: Line) -> int:
    """The integer in a row's subject (`1`, `01`, `sub01`, `spNO.1`).

    Raises:
        TableError: the subject has another form.
    """
    match = SUBJECT.fullmatch(line.subject)
    if not match:
        raise TableError(f", line {line.number}: {reprlib.repr(line.subject)} is not a subject")
    return int(match[1])


def _files_in(folder: Path) -> list[Path]:
    try:
        # Skips hidden files, and the lock files of spreadsheet programs.
        return [path for path in folder.iterdir() if not path.name.startswith((".", "~$")) and not path.is_dir()]
    except OSError:
        return []
