"""Valid records on the composite's canonical clips, with predictions that a test chooses."""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from merbench.data.clips import clip_table, clips_digest, labels_digest
from merbench.data.datasets import canonical_clips
from merbench.leaderboard.entries import make_entry
from merbench.leaderboard.reported import COLUMNS, read_reported
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry, load_target
from merbench.protocols import folds_digest
from merbench.runs.schema import (
    Code,
    Digests,
    FoldSummary,
    Plan,
    PolicyPrediction,
    Prediction,
    Record,
    Submission,
    SubmissionDigests,
)
from merbench.runs.scoring import score_predictions

CLASSES = ["negative", "positive", "surprise"]
NOTHING = "0" * 64  # a digest of what no test looks at
MakeRecord = Callable[..., Record]


@functools.cache
def registry_of_all() -> Registry:
    return Registry(load())


@functools.cache
def clips_of_dataset(dataset: str) -> pd.DataFrame:
    listed = canonical_clips(registry_of_all().datasets.get(dataset))
    assert listed is not None
    return clip_table(listed)


def folds_of(clips: pd.DataFrame, protocol: str) -> tuple[list[str], str]:
    """The fold of each clip, and the digest of the folds."""
    folds = load_target(registry_of_all().protocols.get(protocol).splitter, owner="test")().folds(clips)
    names = {int(position): fold.name for fold in folds for position in fold.test}
    return [names[position] for position in range(len(clips))], folds_digest(clips, folds)


@functools.cache
def whole(dataset: str, protocol: str) -> tuple[list[str], str]:
    return folds_of(clips_of_dataset(dataset), protocol)


def likely(predicted: int) -> list[float]:
    """Class scores that agree with a prediction."""
    return [0.5 if label == predicted else 0.25 for label in range(3)]


def guesses(truth: Sequence[int], accuracy: float, seed: int) -> list[int]:
    """Predictions that are right with a given probability, and otherwise one of the other classes."""
    rng = np.random.default_rng(seed)
    shift = np.where(rng.random(len(truth)) < accuracy, 0, rng.integers(1, 3, len(truth)))
    return ((np.array(truth) + shift) % 3).tolist()


def made_record(
    model: str = "net",
    *,
    dataset: str = "composite",
    protocol: str = "loso",
    accuracy: float = 0.7,
    draw: int = 0,
    oracle: float | None = 0.9,
    clips: int | None = None,
    table: pd.DataFrame | None = None,
    declared: str | None = None,
    predicted: Sequence[int] | None = None,
    environment: dict[str, Any] | None = None,
    warnings: Sequence[str] = (),
    **plan: Any,
) -> Record:
    """A record whose scores, digests and folds follow from its predictions.

    Args:
        accuracy, draw: of the predictions of policy `last`; `oracle` is the accuracy of those under `oracle`, or None.
        clips: only the first so many.
        table: these clips, in place of the dataset's own.
        declared: the declared policy of predictions handed in, in place of a run.
        predicted: the predictions, in place of guessed ones.
        plan: fields of the plan.
    """
    every = clips_of_dataset(dataset) if table is None else table
    canonical = table is None and clips is None
    table = every[:clips].reset_index(drop=True)
    folds, digest = whole(dataset, protocol) if canonical else folds_of(table, protocol)
    truth = table["label"].tolist()
    answers = {"last": list(predicted) if predicted is not None else guesses(truth, accuracy, draw)}
    if declared:
        answers = {"submitted": answers["last"]}
    elif oracle is not None:
        answers["oracle"] = guesses(truth, oracle, draw + 1)
    predictions = [
        Prediction(
            clip=clip,
            fold=folds[place],
            truth=truth[place],
            policies={
                policy: PolicyPrediction(predicted=rows[place], scores=[] if declared else likely(rows[place]))
                for policy, rows in answers.items()
            },
        )
        for place, clip in enumerate(table["clip"])
    ]
    digests = {"clips": clips_digest(table), "labels": labels_digest(table), "folds": digest}
    base = {
        "model": model,
        "dataset": dataset,
        "protocol": protocol,
        "classes": CLASSES,
        "folds": "*",
        "clips_total": len(every),
    }
    made = _submission(base, digests, declared, plan) if declared else _plan(base, digests, plan)
    ran = [] if declared else dict.fromkeys(folds)
    return Record(
        id=made.digest(),
        plan=made,
        environment={"finished": "2026-11-21T09:00:00+00:00", "seconds": 60.0, **(environment or {})},
        predictions=predictions,
        scores=score_predictions(predictions, CLASSES, made.groups),
        folds=[FoldSummary(name=name, seconds=1.0, epochs={"last": 2}, loss=[1.0, 0.5]) for name in ran],
        warnings=list(warnings),
    )


def _plan(base: dict[str, Any], digests: dict[str, str], changes: dict[str, Any]) -> Plan:
    fields = {
        "kind": "torch",
        "recipe": "quick",
        "settings": {"epochs": 2},
        "options": {},
        "features": ["flow-28"],
        "seed": 0,
        "epoch_policy": "last",
        "precision": "fp32",
        "device": "cpu",
        "weights": None,
        "digests": Digests(**digests, data=NOTHING),
        "code": {"merbench:core": Code(distribution="merbench", version="0.1.0", digest=NOTHING)},
    }
    return Plan.model_validate({**base, **fields, **changes})


def _submission(base: dict[str, Any], digests: dict[str, str], declared: str, changes: dict[str, Any]) -> Submission:
    fields = {
        "kind": "rescored",
        "epoch_policy": "submitted",
        "declared_policy": declared,
        "paper": "",
        "link": "",
        "source": NOTHING,
        "digests": SubmissionDigests(**digests),
    }
    return Submission.model_validate({**base, **fields, **changes})


@pytest.fixture(scope="session")
def make_record() -> MakeRecord:
    return made_record


@pytest.fixture(scope="session")
def renamed() -> Callable[[str, str], pd.DataFrame]:
    """The composite's clips, the first one of them under another id, whose subject may be another too."""

    def rename(subject: str, name: str) -> pd.DataFrame:
        table = clips_of_dataset("composite").copy()
        table.loc[0, ["subject", "clip"]] = [subject, f"{subject}/{name}"]
        return clip_table(table)

    return rename


@pytest.fixture(scope="session")
def registry() -> Registry:
    return registry_of_all()


@pytest.fixture
def save(tmp_path: Path) -> Callable[[Record, str], Path]:
    """Writes a record as `records/NAME.json` below the test's folder."""

    def write(record: Record, name: str) -> Path:
        path = tmp_path / "records" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(record.to_json(), "utf-8")
        return path

    return write


def git(folder: Path, *words: str) -> None:
    name = ["-c", "user.name=Lab", "-c", "user.email=lab@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *name, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty git repository: the test's folder."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    git(tmp_path, "init", "-q")
    return tmp_path


@pytest.fixture
def commit(repository: Path) -> Callable[[], None]:
    """Commits everything in the repository."""

    def all_of_it() -> None:
        git(repository, "add", "-A")
        git(repository, "commit", "-q", "--allow-empty", "-m", "records")

    return all_of_it


@pytest.fixture(scope="session")
def figures(tmp_path_factory):
    """Two reported figures: one that a board shows, one that it leaves out."""
    folder = tmp_path_factory.mktemp("reported")
    cells = dict.fromkeys(COLUMNS, "") | {
        "method": "Paper's net", "approach": "network", "year": "2020", "dataset": "composite", "protocol": "composite",
        "part": "full", "metric": "uf1", "value": "0.9", "epoch_policy": "not stated", "paper": "A paper",
        "table": "Table 1", "evidence": "paper", "link": "https://example.org/paper", "notes": "slip",
    }  # fmt: skip
    variant = cells | {"variant": "without <flow>", "value": "0.8"}
    lines = [",".join(line) for line in (cells, cells.values(), variant.values())]
    (folder / "reported.csv").write_text("\n".join(lines) + "\n")
    (folder / "reported-notes.csv").write_text("id,text\nslip,The paper slips & says so.\n")
    return read_reported(folder / "reported.csv")


@pytest.fixture(scope="session")
def entry_of(registry):
    return lambda record: make_entry(record, registry)
