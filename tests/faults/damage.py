"""Bits that flip, and files cut short, in what merbench itself wrote: the same result, or one line."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.child import Outcome, command, fork
from tests.faults.findings import Finding, timed
from tests.faults.scenarios import SCENARIOS, Material, Scenario, files_below, plugins
from tests.faults.share import Died, share

__all__ = ["DAMAGES", "TARGETS", "Damage", "Target", "damaged"]

SECTOR = 512  # bytes
HEADER = 128  # bytes, in which half of the flips are


def damaged(content: bytes, other: bytes, draw: random.Random) -> tuple[str, bytes]:
    """The content as a bad disk gives it back, and in a word what was done; `other` is a file of the same kind."""
    name = draw.choices(list(DAMAGES), [weight for weight, _ in DAMAGES.values()])[0]
    return name, DAMAGES[name][1](content, other, draw)


def _flip(content: bytes, other: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(min(len(content), draw.choice((HEADER, len(content)))))
    return content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :]


def _cut(content: bytes, other: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(len(content))]


def _zeros(content: bytes, other: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(content))
    return content[:at] + bytes(len(content) - at)


def _sector(content: bytes, other: bytes, draw: random.Random) -> bytes:
    at = draw.randrange(len(content)) // SECTOR * SECTOR
    return content[:at] + draw.randbytes(min(SECTOR, len(content) - at)) + content[at + SECTOR :]


def _swapped(content: bytes, other: bytes, draw: random.Random) -> bytes:
    return other


# In a word, how often of ten, and what is done.
DAMAGES = {
    "flip": (6, _flip),
    "cut": (1, _cut),
    "zeros": (1, _zeros),
    "sector": (1, _sector),
    "swap": (1, _swapped),
}


@dataclass(frozen=True)
class Target:
    """A kind of file.

    Attributes:
        made_by: the scenario whose command writes it.
        files: which they are, as a pattern.
        argv: of the command that reads them.
        state: what it must give where it succeeds.
        without: patterns of what is removed first, so that the files are read.
    """

    made_by: str
    files: str
    argv: Callable[[Path, Material], list[str]]
    state: Callable[[Path], Any]
    without: tuple[str, ...] = ()


def _again(name: str, files: str, *without: str) -> Target:
    """The command that made the files is given again."""
    scenario: Scenario = SCENARIOS[name]
    return Target(name, files, scenario.argv, scenario.state, without)


def _record(folder: Path) -> Any:
    (path,) = folder.glob("out/*/record.json")
    return json.loads(path.read_bytes())


def _verify(folder: Path, material: Material) -> list[str]:
    return ["results", "verify", *map(str, folder.glob("out/*/record.json"))]


def _site(folder: Path) -> Any:
    return files_below(folder / "site")


def _run_where_added(folder: Path, material: Material) -> list[str]:
    del os.environ["MERBENCH_DATA"]
    return SCENARIOS["run of an estimator"].argv(folder, material)


NETWORK, BUILD = "run of a network", "leaderboard build"
TARGETS = {
    "finished fold": _again(NETWORK, "out/*/folds/*.json", "out/*/record.json"),
    "finished fold (inner)": _again(NETWORK, "out/*/inner/*.json", "out/*/record.json"),
    "grouping.json": _again(NETWORK, "out/*/grouping.json", "out/*/record.json"),
    "plan.json": _again(NETWORK, "out/*/plan.json", "out/*/record.json"),
    "record.json, run again": Target(NETWORK, "out/*/record.json", SCENARIOS[NETWORK].argv, _record),
    "record.json, verified": Target(NETWORK, "out/*/record.json", _verify, _record),
    "record on a leaderboard": Target(BUILD, "records/*.json", SCENARIOS[BUILD].argv, _site),
    "page of a leaderboard": Target(BUILD, "site/**/*", SCENARIOS[BUILD].argv, _site),
    "feature of a clip": _again("features extract", "cache/**/*.clip", "cache/**/*.dataset"),
    "feature of a dataset": _again("features extract", "cache/**/*.dataset"),
    "data.json": Target(
        "data add", "config/merbench/data.json", _run_where_added, SCENARIOS["run of an estimator"].state
    ),
}


class Damage:
    """Damages files that were written without a fault, and gives a command that reads them.

    Args:
        material: that the commands need.
        scratch: a folder to work in.
        seed: of what is done to the files.
    """

    def __init__(self, material: Material, scratch: Path, seed: int) -> None:
        self.material, self.scratch, self.seed = material, scratch, seed
        self.wanted: dict[str, Any] = {}

    def prepare(self, targets: Sequence[str]) -> None:
        """Writes the files, and sees what the commands give while these are whole."""
        for name in targets:
            target = TARGETS[name]
            made = SCENARIOS[target.made_by]
            folder = self.scratch / f"whole-{name}"
            made.before(folder, self.material)
            assert self._command(folder, made.argv, lambda folder: None).code == 0
            for pattern in target.without:
                for path in folder.glob(pattern):
                    path.unlink()
            work = self._copy(name)
            outcome = self._command(work, target.argv, target.state)
            assert outcome.code == 0, outcome.err
            self.wanted[name] = outcome.told["state"]
            shutil.rmtree(work)

    def run(self, targets: Sequence[str], count: int, jobs: int) -> Iterator[tuple[str, str | Finding, float]]:
        """What came of `count` cases, shared evenly among the targets, and the seconds that each took."""

        def one(place: int) -> tuple[str, str, float]:
            started = timed()
            return *self.disturb(targets[place % len(targets)], place), timed() - started

        for place, result in share(one, count, jobs):
            name = targets[place % len(targets)]
            repeat = f"--seed {self.seed} --repeat 'damage/{name}/{place}'"
            if isinstance(result, Died):
                yield name, Finding(f"the bench died with {result.code}", repeat), 0.0
            else:
                outcome, fault, seconds = result
                yield name, Finding(fault, repeat) if fault else outcome, seconds

    def disturb(self, name: str, number: int, tell: Callable[[str], None] = lambda text: None) -> tuple[str, str]:
        """How the command ended, and what is wrong; the second is empty where nothing is."""
        target, draw = TARGETS[name], random.Random(f"{self.seed}/{name}/{number}")
        folder = self._copy(name)
        try:
            files = sorted(path for path in folder.glob(target.files) if path.is_file() and path.stat().st_size)
            path, other = draw.choice(files), draw.choice(files)
            how, content = damaged(path.read_bytes(), other.read_bytes(), draw)
            path.unlink()  # it is a link to the whole one
            path.write_bytes(content)
            outcome = self._command(folder, target.argv, target.state)
            tell(f"{how} of {path}: ended with {outcome.code}\n{outcome.err}")
            if outcome.fault:
                return "failed", f"{how}: {outcome.fault}"
            if outcome.code == 0 and outcome.told["state"] != self.wanted[name]:
                return "failed", f"{how}: something else, in silence"
            return "one line" if outcome.code else "the same", ""
        finally:
            shutil.rmtree(folder)

    def _copy(self, name: str) -> Path:
        folder = self.scratch / f"work-{os.getpid()}"
        shutil.copytree(self.scratch / f"whole-{name}", folder, copy_function=os.link)
        return folder

    def _command(
        self, folder: Path, argv: Callable[[Path, Material], list[str]], state: Callable[[Path], Any]
    ) -> Outcome:
        def work(tell: Callable[..., None]) -> int:
            self.material.enter(folder)
            code = command([*plugins(), *argv(folder, self.material)])
            if code == 0:
                tell({"state": state(folder)})
            return code

        return fork(work, self.scratch)
