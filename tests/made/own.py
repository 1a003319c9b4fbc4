"""Clips as a user has them: videos, or folders of images, of drawn faces, and a table."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from merbench_demo.release import DemoRelease

__all__ = ["COLUMNS", "drawn", "write_images", "write_own", "write_table", "write_video"]

COLUMNS = ("clip", "subject", "onset", "apex", "offset", "emotion")
FORMATS = {".mp4": "mp4v", ".avi": "MJPG"}
# Subject of the demo → how its user calls the subject. Each gives a clip of each of its classes.
SUBJECTS = {"demo-a/a01": "anna", "demo-a/a02": "ben", "demo-b/b02": "cleo"}
EMOTIONS = {"negative": "disgust", "positive": "happiness"}


def write_own(folder: Path, suffix: str = ".mp4") -> None:
    """`clips.csv`, `classes.toml` and `videos/` with a video of each of 6 clips."""
    demo = DemoRelease(None)
    clips = demo.clips()
    clips = clips[clips["subject"].isin(list(SUBJECTS)) & clips["emotion"].isin(list(EMOTIONS))]
    rows = []
    for (subject, emotion), own in clips.groupby(["subject", "emotion"], sort=False):
        frames = demo.read("frames", own["clip"].iloc[0])
        name = f"{SUBJECTS[subject]}/{EMOTIONS[emotion]}1{suffix}"
        write_video(folder / "videos" / name, list(frames))
        rows.append(
            {
                "clip": name,
                "subject": SUBJECTS[subject],
                "onset": 1,
                "apex": frames.apex - frames.numbers[0] + 1,
                "offset": len(frames),
                "emotion": EMOTIONS[emotion],
            }
        )
    write_table(folder / "clips.csv", rows)
    (folder / "classes.toml").write_text('disgust = "negative"\nhappiness = "positive"\n', "utf-8")


def drawn(count: int, seed: int = 0) -> list[np.ndarray]:
    """Images that differ from each other, uint8 `[32, 48, 3]`: plain squares, brighter from frame to frame."""
    return [np.full((32, 48, 3), 5 * seed + 20 * place, np.uint8) for place in range(count)]


def write_video(path: Path, frames: Sequence[np.ndarray], fps: float = 25) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*FORMATS[path.suffix]), fps, (width, height))
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[:, :, ::-1]))
    writer.release()


def write_images(folder: Path, frames: Sequence[np.ndarray], suffix: str = ".png") -> None:
    """`img1.png`, `img2.png` and so on, blue first as OpenCV writes them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames, start=1):
        assert cv2.imwrite(str(folder / f"img{number}{suffix}"), frame)


def write_table(path: Path, rows: Iterable[Mapping[str, object]], columns: Sequence[str] = COLUMNS) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
