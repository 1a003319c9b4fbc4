"""SMIC (Li et al., FG 2013): HS at 100 frames per second, VIS and NIR at 25. It has no table; folders name everything.

`SMIC_all_raw/HS/s1/micro/negative/s1_ne_01/image090823.bmp`, or `SMIC_all_cropped/HS/...` with `reg_image...`; numbers
may be padded. Onset and offset are the first and the last frame of a clip; there is no official apex.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from merbench import Published, ReleaseError
from merbench_databases.errata import Span
from merbench_databases.folders import by_number, frame_names, matches, matching, named, subfolders
from merbench_databases.video import Clip, VideoRelease

SUBJECT = r"s0*(\d{1,2})"
CLIP = re.compile(r"s0*(\d{1,2})_(ne|po|sur)_0*(\d{1,2})", re.ASCII | re.IGNORECASE)
EMOTIONS = {"ne": "negative", "po": "positive", "sur": "surprise"}


class SMIC(VideoRelease):
    """One camera of SMIC, in a folder that contains the camera's folder."""

    camera: str

    @classmethod
    def is_tree(cls, folder: Path, root: Path) -> bool:
        """Whether the folder has the camera's name and contains a subject's folder with `micro` in it."""
        if not matches(rf"(SMIC[ _-]?)?{cls.camera}([ _-](all|raw|crop|cropped))*", folder.name):
            return False
        try:
            subjects = matching(subfolders(folder, root), SUBJECT)
            return any(named(subfolders(one, root), "micro") for one in subjects)
        except ReleaseError:
            return False

    def find_clips(self) -> Iterator[Clip]:
        """The clips, from their folders, by subject, emotion and number."""
        for id_, (subject, emotion, folder) in self._folders.items():
            numbers = sorted(frame_names(folder))
            yield Clip(
                id=id_,
                subject=f"{self.database}/s{subject:02}",
                key=(subject, id_),
                span=Span(numbers[0], None, numbers[-1]) if numbers else Span(None, None, None),
                emotion=emotion,
            )

    def folder_of(self, clip: Clip) -> Path:
        """The folder in which the clip was found."""
        return self._folders[clip.id][2]

    @cached_property
    def _folders(self) -> dict[str, tuple[int, str, Path]]:
        """Clip id → (subject, emotion, folder)."""
        found: dict[str, tuple[int, str, Path]] = {}
        for number, subject in sorted(by_number(subfolders(self.tree.folder, self.folder), SUBJECT).items()):
            micro = named(subfolders(subject, self.folder), "micro")
            for emotion, folder in self._emotions(micro).items() if micro else ():
                for name, path in subfolders(folder, self.folder).items():
                    id_ = self._id(name, number, emotion, path)
                    if id_ in found:
                        raise ReleaseError(f"{path} and {found[id_][2].name} are both the clip {id_}; remove one")
                    found[id_] = (number, emotion, path)
        return dict(sorted(found.items()))

    def _emotions(self, micro: Path) -> dict[str, Path]:
        """Emotion to folder, for one subject; clips in another folder are an error, not silently left out."""
        there = subfolders(micro, self.folder)
        found = {emotion: folder for emotion in EMOTIONS.values() if (folder := named(there, emotion))}
        for path in there.values():
            if path not in found.values() and any(map(CLIP.fullmatch, subfolders(path, self.folder))):
                raise ReleaseError(f"{path} contains clips, but is not a folder of {', '.join(EMOTIONS.values())}")
        return found

    def _id(self, name: str, subject: int, emotion: str, path: Path) -> str:
        match = CLIP.fullmatch(name.strip())
        if not match:
            raise ReleaseError(f"{path} has no name of a SMIC clip, such as s1_ne_01")
        if int(match[1]) != subject or EMOTIONS[match[2].lower()] != emotion:
            raise ReleaseError(f"{path} lies in the folder of another subject or emotion; move it back")
        return f"{self.database}/s{subject:02}/s{subject:02}_{match[2].lower()}_{int(match[3]):02}"


class HS(SMIC):
    """The high-speed camera, which the composite uses."""

    camera = "HS"
    database = "smic"
    title = "SMIC-HS"
    fps = 100.0
    hint = "name SMIC_all_raw or SMIC_all_cropped, the folder that holds HS"
    counts = Published(
        clips=164,
        subjects=16,
        emotions={"negative": 70, "positive": 51, "surprise": 43},
        source="the ground truth of MEGC2019",
    )


class VIS(SMIC):
    """The camera for visible light."""

    camera = "VIS"
    database = "smic-vis"
    title = "SMIC-VIS"
    fps = 25.0
    hint = "name SMIC_all_raw or SMIC_all_cropped, the folder that holds VIS"
    counts = Published(
        clips=71, subjects=8, emotions={"positive": 28, "negative": 24, "surprise": 19}, source="the table of SMIC"
    )


class NIR(SMIC):
    """The camera for near infrared."""

    camera = "NIR"
    database = "smic-nir"
    title = "SMIC-NIR"
    fps = 25.0
    hint = "name SMIC_all_raw or SMIC_all_cropped, the folder that holds NIR"
    counts = Published(clips=71, subjects=8, source="Li et al., FG 2013")
