"""Small releases, in place of the licensed ones that a page adds."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from merbench_databases.casme2 import CASME2

from tests.made import made_clips, write_release

__all__ = ["RELEASES"]


def write_casme2(root: Path) -> None:
    """As many clips of each emotion as were published, in plain grey: enough to be counted."""
    emotions = [emotion for emotion, count in CASME2.counts.emotions.items() for _ in range(count)]
    subjects = [f"casme2/sub{place % 26 + 1:02}" for place in range(len(emotions))]
    clips = [f"{subject}/EP{place // 26 + 1:02}_01" for place, subject in enumerate(subjects)]
    table = pd.DataFrame({"clip": clips, "database": "casme2", "subject": subjects, "emotion": emotions})
    write_release("casme2", root, table, size=(16, 16), draw="plain")


def casme3a_clips() -> pd.DataFrame:
    """15 clips of 5 subjects and 3 emotions: as few as `subjects-5` can split."""
    return made_clips("casme3a", 5).assign(emotion=["disgust", "surprise", "others"] * 5)


def link_casme3a(root: Path) -> None:
    """The release of these clips, one for all pages, so that its features are computed once."""
    kept = Path(os.environ["MERBENCH_CACHE"]).parent / "casme3a"
    if not kept.is_dir():
        begun = kept.with_name(f"casme3a-{os.getpid()}")
        write_release("casme3a", begun, casme3a_clips(), size=(240, 320), frames="onset-apex-offset")
        with contextlib.suppress(OSError):  # another process was first
            begun.rename(kept)
    root.symlink_to(kept)


def write_smic(root: Path) -> None:
    """Two cameras of SMIC; the second shows one person less."""
    for source, subjects in (("smic-hs", 3), ("smic-vis", 2)):
        write_release(source, root, subjects=subjects, size=(240, 320), frames="onset-apex-offset")


def write_hsta_folds(root: Path) -> None:
    """Five folds of those clips, drawn clip by clip as HSTA's were."""
    root.mkdir()
    clips = casme3a_clips()
    names = clips["clip"].str.extract(r"/(?P<Subject>.+)/(?P<Filename>.+)_")
    table = names.join(clips[["onset", "apex", "offset", "emotion"]])
    for fold in range(5):
        test = table.index % 5 == fold
        table[test].to_csv(root / f"test_fold_{fold + 1}.csv", index=False)
        table[~test].to_csv(root / f"train_fold_{fold + 1}.csv", index=False)


# A folder that pages add → what makes it.
RELEASES: dict[str, Callable[[Path], None]] = {
    "CASME2": write_casme2,
    "CASME3": link_casme3a,
    "SMIC": write_smic,
    "emothion_as_label": write_hsta_folds,
}
