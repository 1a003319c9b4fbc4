"""Every kind of file that merbench reads and did not write, with examples to mutate."""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from merbench_databases.casme2 import CASME2
from merbench_databases.hsta import HSTAFolds
from merbench_databases.htnet_release import IMAGES, LANDMARKS, POINTS, TABLE, HTNetRelease
from merbench_timm.weights import _read as read_timm
from safetensors.torch import save

from merbench.data import locations
from merbench.data.datasets import canonical_clips
from merbench.data.frames import read_image
from merbench.engine.checkpoints import predict_from
from merbench.leaderboard.reported import NOTES_FILE, read_reported
from merbench.leaderboard.verdicts import VERDICTS_FILE, read_verdicts
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.clip_ids import ClipIds
from merbench.runs.logs import read_content, read_predicted
from merbench.runs.prepare import Request, prepare
from merbench.runs.record import read_record
from merbench.runs.submissions import Declaration, submit
from merbench.runs.verify import verify
from tests.faults.scenarios import PLUGINS, Material
from tests.made import made_clips, write_release

__all__ = ["Changed", "Reader", "readers"]


class Changed(Exception):
    """A file that says something else than it did, and passes every check that there is of it."""


@dataclass(frozen=True)
class Reader:
    """A kind of file.

    Attributes:
        examples: contents of such files.
        name: of the file, from a folder that has what else is needed.
        read: reads it as a command does, in the process that calls it; it is given its path.
        weight: how often, of all mutations: cheap readers get many.
        form: of `mutator.FORMS`.
    """

    examples: Sequence[bytes]
    name: str
    read: Callable[[Path], Any]
    weight: int
    form: str = "plain"


def readers(material: Material, folder: Path) -> dict[str, Reader]:
    """All of them; what they need beside the file is laid out in `folder`, of which each process takes a copy."""
    return {
        **_records(material),
        **_submissions(material),
        **_annotations(folder),
        **_reported(material, folder),
        **_images(),
        **_flow(folder),
        **_checkpoints(),
        **_configuration(material),
    }


def _records(material: Material) -> dict[str, Reader]:
    registry = Registry(load(files=PLUGINS))
    whole = [path.read_bytes() for path in material.records]
    known = [json.loads(content) for content in whole]

    def read(path: Path) -> None:
        record = read_record(path)
        verify(record, registry)
        # A record of schema 1 has no digest. Two changes at once can make such a one, but no damage to a disk does.
        if record.schema_ > 1 and json.loads(record.to_json()) not in known:
            raise Changed("a record that was changed is verified")

    return {"record": Reader(whole, "record.json", read, 50, "json")}


def _submissions(material: Material) -> dict[str, Reader]:
    registry = Registry(load(allow=()))
    listed = canonical_clips(registry.datasets.get("composite"))
    assert listed is not None
    ids = ClipIds(listed, "composite")
    log = material.log.read_bytes()
    few = b"".join(log.splitlines(keepends=True)[:40])
    table = "".join(f"{clip},{label}\r\n" for clip, label in zip(listed["clip"][:30], listed["label"], strict=False))
    csv = f"clip,prediction\r\n{table}".encode()

    def rows(path: Path) -> None:
        read_predicted(read_content(path), ids, "truth-prediction")

    def whole(path: Path) -> None:
        submit(path, Declaration(model="sent"), registry)

    return {
        "submission log": Reader([few, few.replace(b"\n", b"\r\n")], "log.txt", rows, 200),
        "submission csv": Reader([csv, b"\xef\xbb\xbf" + csv], "predictions.csv", rows, 200),
        "submission, scored": Reader([log], "log.txt", whole, 2),
    }


def _annotations(folder: Path) -> dict[str, Reader]:
    release = folder / "casme2"
    clips = made_clips("casme2", 2).iloc[:4]
    write_release("casme2", release, clips, size=(16, 16), draw="plain", frames="onset-apex-offset")
    (table,) = release.glob("*.xlsx")
    folds = made_clips("casme3a", 2)
    names = folds["clip"].str.extract(r"/(?P<Subject>.+)/(?P<Filename>.+)_")
    lines = names.join(folds[["onset", "apex", "offset", "emotion"]]).to_csv(index=False).encode()
    return {
        "annotation csv": Reader(
            [lines], "train_fold_1.csv", lambda path: HSTAFolds(path.parent).side(1, "train"), 200
        ),
        "annotation xlsx": Reader(
            [table.read_bytes()], f"casme2/{table.name}", lambda path: CASME2(path.parent).clips(), 10, "zip"
        ),
    }


def _reported(material: Material, folder: Path) -> dict[str, Reader]:
    notes, figures = (material.root / NOTES_FILE).read_bytes(), material.reported.read_bytes()
    (folder / "figures").mkdir()
    (folder / "figures" / NOTES_FILE).write_bytes(notes)
    few = b"\n".join(notes.splitlines()[:9])
    (folder / "notes").mkdir()
    (folder / "notes" / "reported.csv").write_bytes(figures.splitlines(keepends=True)[0])
    (folder / "verdicts").mkdir()
    (folder / "verdicts" / NOTES_FILE).write_bytes(b"id,text\nseen,Seen in train.py.\n")
    verdicts = b"method,published,verdict,proof,link\nNet,2019,chosen on test,seen,https://example.org/t.py\nOld,,,,\n"
    return {
        "reported-verdicts.csv": Reader(
            [verdicts], f"verdicts/{VERDICTS_FILE}", lambda path: read_verdicts(path.with_name("reported.csv")), 50
        ),
        "reported.csv": Reader([figures], "figures/reported.csv", read_reported, 100),
        "reported-notes.csv": Reader(
            [few], f"notes/{NOTES_FILE}", lambda path: read_reported(path.with_name("reported.csv")), 50
        ),
    }


def _images() -> dict[str, Reader]:
    draw = np.random.default_rng(0)
    smooth = cv2.GaussianBlur(draw.integers(0, 256, (24, 20, 3), dtype=np.uint8), (5, 5), 0)
    four = np.dstack([smooth, smooth[:, :, :1]])
    grey = smooth[:, :, 0]

    def encoded(kind: str, *images: np.ndarray, options: Sequence[int] = ()) -> list[bytes]:
        return [cv2.imencode(kind, image, list(options))[1].tobytes() for image in images]

    def read(path: Path) -> None:
        image = read_image(path, path.parent)
        assert image.dtype == np.uint8
        assert image.ndim == 3

    jpeg = encoded(".jpg", smooth, grey) + encoded(".jpg", smooth, options=[cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
    return {
        "frame, png": Reader(encoded(".png", smooth, grey, four), "1.png", read, 100, "png"),
        "frame, jpeg": Reader(jpeg, "1.jpg", read, 150),
        "frame, bmp": Reader(encoded(".bmp", smooth, grey), "1.bmp", read, 100),
    }


def _flow(folder: Path) -> dict[str, Reader]:
    root = folder / "flow"
    (root / IMAGES).mkdir(parents=True)
    clips = [
        "casme2,sub01,EP02_01f,0,,sub01_EP02_01f.jpg,",
        "smic,s1,s1_ne_01,1,,s1_s1_ne_01.jpg,",
        "samm,6,6_1_2,2,,,",
    ]
    header = "dataset,sub,filename_o,label,apex,imagename,sub_filename"
    table = "\n".join([header, *clips]).encode() + b"\n"
    (root / TABLE).write_bytes(table)
    image = np.random.default_rng(0).integers(0, 256, (28, 28, 3), dtype=np.uint8)
    png = cv2.imencode(".png", image)[1].tobytes()
    picture = f"flow/{IMAGES}/sub01_EP02_01f .png"
    (folder / picture).write_bytes(png)
    spots = ["database,subject,clip,mtcnn_detected", *(f"{point}_{axis}" for point in POINTS for axis in "xy")]
    rows = [f"casme2,sub01,EP02_01f,1{',9.5' * 10}", f"smic,s1,s1_ne_01,0{',11.25' * 10}"]
    landmarks = "\n".join([",".join(spots), *rows]).encode() + b"\n"
    clip = "casme2/sub01/EP02_01f"
    for copy in ("marked", "tabled"):
        shutil.copytree(root, folder / copy)
    return {
        "flow image": Reader([png], picture, lambda path: _release(path, 2).read("flow-28", clip), 150, "png"),
        "flow table": Reader([table], f"tabled/{TABLE}", lambda path: _release(path).clips(), 50),
        "flow landmarks": Reader(
            [landmarks], f"marked/{LANDMARKS}", lambda path: _release(path).read("landmarks-28", clip), 100
        ),
    }


def _release(path: Path, up: int = 0) -> HTNetRelease:
    return HTNetRelease(path.parents[up])


def _checkpoints() -> dict[str, Reader]:
    registry = Registry(load(files=PLUGINS))
    job = prepare(registry, Request(model="tiny", dataset="toys", device="cpu", jobs=1))
    state = job.task.build().state_dict()

    def read(path: Path) -> None:
        predict_from(job.task, job.folds[0], path)

    def saved(**options: Any) -> bytes:
        file = io.BytesIO()
        torch.save(state, file, **options)
        return file.getvalue()

    new, old = saved(), saved(_use_new_zipfile_serialization=False)
    return {
        "checkpoint": Reader([new], "s1.pth", read, 25, "zip"),
        "checkpoint, old": Reader([old], "s1.pth", read, 50),
        "pretrained, pth": Reader([new], "w.pth", read_timm, 25, "zip"),
        "pretrained, safetensors": Reader([save(state)], "w.safetensors", read_timm, 50),
    }


def _configuration(material: Material) -> dict[str, Reader]:
    sources = {"casme2": "/data/CASME2", "toys": str(material.shelf / "toys"), "samm": "/data/samm"}

    def read(path: Path) -> None:
        os.environ["XDG_CONFIG_HOME"] = str(path.parents[1])
        os.environ.pop(locations.VARIABLE, None)
        for name in sources:
            if (found := locations.locate(name)) is not None:
                found.is_dir()

    text = json.dumps({"sources": sources}, indent=2).encode()
    return {"data.json": Reader([text], "home/merbench/data.json", read, 200, "json")}
