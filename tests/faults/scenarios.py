"""The commands that are disturbed, what they need, and what must come of them in the end."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from merbench.cli import main
from merbench.data.datasets import canonical_clips, open_dataset
from merbench.features.compute import arrays_digest, compute
from merbench.features.resolve import resolve
from merbench.leaderboard.reported import NOTES_FILE
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry

__all__ = ["LEFT", "SCENARIOS", "Material", "Scenario", "files_below", "find_toys", "plain_record", "plugins"]

HERE = Path(__file__).parent
PLUGINS = (HERE.parent / "features" / "toys.py", HERE / "tiny.py")
CLIPS, IMAGES, SUBJECTS = 6, 2, 3
FIGURES = 12  # lines of reported.csv
FEATURES = ("toy-sum", "toy-video")
LEFT = re.compile(r"\.partial$|^\..*\.(new|old)$")  # names of what is half-written
# What two runs of one plan may differ in; the rest of `environment` too, but for how the folds were grouped.
VOLATILE = ("digest", "environment")


@dataclass(frozen=True)
class Material:
    """What all scenarios share; nobody writes to it.

    Attributes:
        root: its folder.
    """

    root: Path

    @property
    def shelf(self) -> Path:
        """The folder that MERBENCH_DATA names."""
        return self.root / "data"

    @property
    def records(self) -> list[Path]:
        """Of a network and of an estimator."""
        return [self.root / "records" / name for name in ("network.json", "estimator.json")]

    @property
    def reported(self) -> Path:
        """A few published figures."""
        return self.root / "reported.csv"

    @property
    def log(self) -> Path:
        """Predictions on the composite, as somebody hands them in."""
        return self.root / "log.txt"

    def enter(self, folder: Path) -> None:
        """Lets this process keep everything below `folder`."""
        os.environ |= {
            "MERBENCH_CACHE": str(folder / "cache"),
            "MERBENCH_DATA": str(self.shelf),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }

    def make(self) -> None:
        """Writes everything."""
        for number in range(1, CLIPS + 1):
            _write_clip(self.shelf / "toys", number)
        self.log.write_text("\n".join(_log_lines()) + "\n")
        published = HERE.parents[1] / "leaderboards"
        shutil.copyfile(published / NOTES_FILE, self.root / NOTES_FILE)
        self.reported.write_text("".join((published / "reported.csv").open().readlines()[: 1 + FIGURES]))
        self.enter(self.root)
        (self.root / "records").mkdir()
        for kept, argv in zip(self.records, (NETWORK, ESTIMATOR), strict=True):
            assert main([*plugins(), *argv, "--out", str(self.root / "runs")]) == 0
            (made,) = (self.root / "runs").glob(f"{argv[argv.index('--model') + 1]}-*/record.json")
            shutil.copyfile(made, kept)
        assert main([*plugins(), *build_argv(self.root, self)]) == 0


def plugins() -> list[str]:
    """The options that load the toys."""
    return [word for path in PLUGINS for word in ("--plugin", str(path))]


def _write_clip(release: Path, number: int) -> None:
    folder = release / f"s{number % SUBJECTS}-{number:04}-{('negative', 'positive')[number // SUBJECTS % 2]}"
    folder.mkdir(parents=True)
    draw = np.random.default_rng(number)
    for image in range(1, IMAGES + 1):
        cv2.imwrite(str(folder / f"{image}.png"), draw.integers(0, 200, (8, 8, 3), dtype=np.uint8))


def _log_lines() -> list[str]:
    clips = canonical_clips(Registry(load(allow=())).datasets.get("composite"))
    assert clips is not None
    lines: list[str] = []
    for subject, rows in clips.groupby("subject", sort=False):
        lines.append(subject.replace("/", " "))
        pairs = zip(rows["clip"], rows["label"], strict=True)
        lines += [f"{clip.rpartition('/')[2]} {label} {label}" for clip, label in pairs]
    return lines


def plain_record(content: dict[str, Any]) -> dict[str, Any]:
    """A record without times, dates and memory, and the digest that covers them."""
    plain = {name: value for name, value in content.items() if name not in VOLATILE}
    plain["engine"] = content["environment"].get("engine")
    plain["folds"] = [{name: value for name, value in fold.items() if name != "seconds"} for fold in content["folds"]]
    return plain


@dataclass(frozen=True)
class Scenario:
    """A command.

    Attributes:
        argv: its arguments, for a folder to work in and the shared material.
        state: what it makes of the folder, as JSON can hold it; called where the command ran.
        before: lays out what the command finds.
        again: a word of the error with which the command says that all is done already; empty where it answers.
    """

    argv: Callable[[Path, Material], list[str]]
    state: Callable[[Path], Any]
    before: Callable[[Path, Material], None] = lambda folder, material: folder.mkdir()
    again: str = ""


def records_below(folder: Path) -> dict[str, Any]:
    """Every record below a folder, without what two runs differ in."""
    found = sorted(folder.rglob("record.json"))
    return {path.parent.name: plain_record(json.loads(path.read_text("utf-8"))) for path in found}


def files_below(folder: Path) -> dict[str, str]:
    """Every file below a folder, by its digest; what is half-written too."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def arrays_kept(folder: Path) -> str:
    """The digest of the features that are kept, or computed where they are not."""
    registry = Registry(load(files=PLUGINS))
    dataset = open_dataset(registry, "toys")
    resolved = [resolve(one, registry, dataset.provides, "toys", "bench") for one in FEATURES]
    return arrays_digest(compute(dataset, resolved, jobs=1))


NETWORK = ["run", "--dataset", "toys", "--model", "tiny", "--device", "cpu", "--epoch-policy", "inner", "--jobs", "1"]
ESTIMATOR = ["run", "--dataset", "toys", "--model", "toy-points", "--jobs", "1"]
EXTRACT = ["features", "extract", "--dataset", "toys", "--jobs", "1", *(w for f in FEATURES for w in ("--feature", f))]


def build_argv(folder: Path, material: Material) -> list[str]:
    """Builds `site` of `records`."""
    places = {"--records": folder / "records", "--reported": material.reported, "--out": folder / "site"}
    return ["leaderboard", "build", *(str(word) for pair in places.items() for word in pair)]


def _old_site(folder: Path, material: Material) -> None:
    shutil.copytree(material.root / "site", folder / "site")
    (folder / "records").mkdir()
    os.link(material.records[0], folder / "records" / "network.json")


def _empty_board(folder: Path, material: Material) -> None:
    (folder / "records").mkdir(parents=True)
    os.link(material.records[1], folder / "records" / "estimator.json")


SCENARIOS = {
    "run of a network": Scenario(lambda folder, material: [*NETWORK, "--out", str(folder / "out")], records_below),
    "run of an estimator": Scenario(lambda folder, material: [*ESTIMATOR, "--out", str(folder / "out")], records_below),
    "features extract": Scenario(lambda folder, material: EXTRACT, arrays_kept),
    "leaderboard build": Scenario(build_argv, files_below, _old_site),
    "leaderboard add": Scenario(
        lambda folder, material: ["leaderboard", "add", str(material.records[0]), "--to", str(folder / "records")],
        files_below,
        _empty_board,
        "there already",
    ),
    "results export": Scenario(
        lambda folder, material: ["results", "export", str(material.records[0]), "--out", str(folder / "record.json")],
        files_below,
    ),
    "results import": Scenario(
        lambda folder, material: [
            *("results", "import", str(material.log), "--model", "sent", "--out", str(folder / "in" / "record.json"))
        ],
        records_below,
    ),
    "data add": Scenario(
        lambda folder, material: ["data", "add", "toys", str(material.shelf / "toys")],
        files_below,
    ),
}


def find_toys() -> None:
    """Lets the plugins' targets be imported, here and in other processes."""
    sys.path[:] = [*dict.fromkeys([*sys.path, *(str(path.parent) for path in PLUGINS)])]
