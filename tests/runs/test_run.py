"""A run that is interrupted anywhere and taken up again gives the record of one that was not."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from merbench.runs.seal import sealed

# Forks a child for each command and the moment at which it is to be killed: it dies by SIGKILL before or after a file
# takes its name. What commands import is imported once, before.
KILLED_AT = """
import json, os, signal, sys
import torch._dynamo, sklearn.model_selection
import merbench.cli, merbench.engine.folds, merbench.runs.run, merbench.runs.prepare
torch.set_num_threads(1)
take_name = os.replace
def kill_at(moment):
    left = [moment]
    def replace(*names):
        def count():
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left[0] -= 1
        count()
        take_name(*names)
        count()
    os.replace = replace
for moment, argv in json.loads(sys.argv[1]):
    child = os.fork()
    if not child:
        kill_at(moment)
        os._exit(merbench.cli.main(argv))
    print(os.waitpid(child, 0)[1], flush=True)
"""

# Ctrl-C as a terminal sends it, to the command and its workers, once a few files are there.
INTERRUPTED = """
import os, signal, sys
import merbench.cli
take_name, left = os.replace, [int(sys.argv[1])]
def replace(*names):
    take_name(*names)
    left[0] -= 1
    if not left[0]:
        os.killpg(0, signal.SIGINT)
os.replace = replace
sys.exit(merbench.cli.main(sys.argv[2:]))
"""


def in_own_session(folder: Path, script: str, *argv: str) -> tuple[int, str, str]:
    """Runs a script; its exit code, and what it wrote to stdout and stderr.

    It has two processes to train in; the runs of this process have one, and give the same. It writes into
    files, and whatever it started is ended with it: the workers of a killed command live on for a while, and would hold
    a pipe open.
    """
    given = {**os.environ, "LOKY_MAX_CPU_COUNT": "2"}
    with (folder / "stdout").open("w") as told, (folder / "stderr").open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", script, *argv],
            stdout=told,
            stderr=errors,
            cwd=folder,
            env=given,
            start_new_session=True,
        )
        try:
            code = process.wait()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return code, (folder / "stdout").read_text(), (folder / "stderr").read_text()


def folds_in(record: Path, stage: str = "folds") -> list[Path]:
    return sorted((record.parent / stage).glob("*.json"))


def copied(record: Path, folder: Path) -> Path:
    """A copy of a run under another folder of results."""
    return Path(shutil.copytree(record.parent, folder / record.parent.name)) / record.name


@pytest.mark.parametrize("kind", ["batched", "inner", "sequential", "estimator", "fit"])
def test_a_run_that_lost_folds_gives_the_record_of_one_that_did_not(
    kind, kinds, undisturbed, run, without_times, tmp_path
):
    record = copied(undisturbed(kind), tmp_path)
    record.unlink()
    stages = ["inner", "folds"] if kind in ("inner", "fit") else ["folds"]
    for stage in stages:
        for path in folds_in(record, stage)[1::3]:
            path.unlink()
    kept = {path: path.stat().st_mtime_ns for stage in stages for path in folds_in(record, stage)}
    assert run(tmp_path, *kinds[kind]) == record
    assert without_times(record) == without_times(undisturbed(kind))
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "a finished fold was written again"


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("batched", "4 fold(s) train at once; "),
        (
            "sequential",
            "folds train one at a time: convolutions are 100% of its arithmetic, and on a CPU they are slower for many",
        ),
        ("estimator", ""),
    ],
)
def test_a_run_says_how_many_folds_train_at_once_or_why_only_one(
    kind, wanted, kinds, undisturbed, run, tmp_path, capsys
):
    copied(undisturbed(kind), tmp_path).unlink()
    capsys.readouterr()
    run(tmp_path, *kinds[kind])
    lines = [line.removeprefix("merbench: ") for line in capsys.readouterr().err.splitlines() if " train " in line]
    assert len(lines) == bool(wanted)
    assert all(line.startswith(wanted) for line in lines)


def test_the_inner_stage_alone_is_taken_up_as_well(kinds, undisturbed, run, without_times, tmp_path):
    record = copied(undisturbed("inner"), tmp_path)
    record.unlink()
    shutil.rmtree(record.parent / "folds")
    run(tmp_path, *kinds["inner"])
    assert without_times(record) == without_times(undisturbed("inner"))


def damaged(record: Path) -> dict[str, Any]:
    first, second, *_ = folds_in(record)
    content = json.loads(first.read_text())
    return {
        "truncated": first.read_bytes()[:-40],
        "empty": b"",
        "of another fold": second.read_bytes(),
        "of another run": json.dumps(sealed({**content, "id": "0" * 64})).encode(),
        "without a clip": json.dumps(sealed({**content, "predictions": content["predictions"][1:]})).encode(),
        "of other clips": json.dumps(
            sealed({**content, "predictions": json.loads(second.read_text())["predictions"]})
        ).encode(),
        "of other groups": json.dumps(sealed({**content, "grouping": "batched, 3 at once"})).encode(),
        "without a digest": json.dumps({**content, "digest": None}).encode(),
    }


@pytest.mark.parametrize(
    "damage",
    [
        "truncated",
        "empty",
        "of another fold",
        "of another run",
        "without a clip",
        "of other clips",
        "of other groups",
        "without a digest",
    ],
)
def test_a_fold_file_that_is_not_the_folds_own_is_computed_anew(
    damage, kinds, undisturbed, run, without_times, tmp_path
):
    record = copied(undisturbed("batched"), tmp_path)
    folds_in(record)[0].write_bytes(damaged(record)[damage])
    record.unlink()
    run(tmp_path, *kinds["batched"])
    assert without_times(record) == without_times(undisturbed("batched"))
    found, wanted = (json.loads(folds_in(one)[0].read_text()) for one in (record, undisturbed("batched")))
    assert found["predictions"] == wanted["predictions"]


@pytest.mark.parametrize("content", ['{"mode":', '{"mode": "batched", "at_once": 0}', '{"at_once": "many"}', "[]"])
def test_a_schedule_that_cannot_be_read_is_made_again(content, kinds, undisturbed, run, without_times, tmp_path):
    record = copied(undisturbed("batched"), tmp_path)
    (record.parent / "grouping.json").write_text(content)
    record.unlink()
    run(tmp_path, *kinds["batched"])
    assert without_times(record) == without_times(undisturbed("batched"))


# Two folds: the files of a run are the plan, the grouping, the folds of every stage and the record. Moment 2n is just
# before the file n has its name, when it lies half-written beside it; 2n + 1 just after. `tests/faults` kills runs of
# networks whose folds train at once, and of estimators, at every operation.
MOMENTS = [("batched", 4), ("batched", 7), ("inner", 6), ("sequential", 5)]


def test_killed_at_any_moment_the_same_command_gives_the_same_record(kinds, run, without_times, tmp_path):
    argv = {kind: (*kinds[kind], "--folds", "demo-a/a0[12]") for kind, _ in MOMENTS}
    out = {(kind, moment): tmp_path / f"{kind} {moment}" for kind, moment in MOMENTS}
    commands = [(one[1], ["run", "--dataset", "demo", *argv[one[0]], "--out", str(out[one])]) for one in MOMENTS]
    _, told, errors = in_own_session(tmp_path, KILLED_AT, json.dumps(commands))
    assert told.split() == [str(int(signal.SIGKILL))] * len(MOMENTS), errors
    wanted = {kind: without_times(run(tmp_path / kind, *argv[kind])) for kind in argv}
    for kind, moment in MOMENTS:
        where = out[kind, moment]
        assert len(list(where.rglob(".*.partial"))) == 1 - moment % 2, where.name
        assert without_times(run(where, *argv[kind])) == wanted[kind], where.name
        assert not list(where.rglob("*.partial")), where.name


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("kind", ["batched", "sequential"])
def test_interrupted_it_says_how_to_continue_and_does(kind, kinds, undisturbed, run, without_times, tmp_path):
    wanted = without_times(undisturbed(kind))  # first, for the features: the files that they write would be counted
    argv = ["run", "--dataset", "demo", *kinds[kind], "--out", str(tmp_path)]
    code, told, errors = in_own_session(tmp_path, INTERRUPTED, "4", *argv)
    assert code == 130, errors
    assert told == ""
    assert len(re.findall("the same command continues", errors)) == 1
    assert "Traceback" not in errors
    assert not list(tmp_path.glob("*/record.json"))
    assert len(list(tmp_path.glob("*/folds/*.json"))) >= 2
    assert without_times(run(tmp_path, *kinds[kind])) == wanted


def by_clip(record: Path) -> dict[str, dict[str, Any]]:
    return {one["clip"]: one for one in json.loads(record.read_text())["predictions"]}


@pytest.mark.parametrize("kind", ["batched", "sequential", "estimator"])
def test_a_fold_alone_predicts_what_it_does_among_others(kind, kinds, undisturbed, run, tmp_path):
    alone = by_clip(run(tmp_path, *kinds[kind], "--folds", "demo-a/a05"))
    among = by_clip(undisturbed(kind))
    assert alone
    for clip, one in alone.items():
        assert one["truth"] == among[clip]["truth"]
        for policy, given in one["policies"].items():
            wanted = among[clip]["policies"][policy]
            # Alone, each fold runs the same arithmetic and nothing may differ. In a stack, one matrix product serves
            # all folds, and its order of summation changes with their number: a few units in the last place of
            # float32, that a few Adam steps carry along; 1e-4 of a probability is far from what another seed changes.
            tolerance = 1e-4 if kind == "batched" else 0
            assert given["scores"] == pytest.approx(wanted["scores"], abs=tolerance, rel=0), (clip, policy)


def test_another_seed_changes_more_than_rounding(kinds, undisturbed, run, tmp_path):
    other = by_clip(run(tmp_path, *kinds["batched"], "--seed", "1"))
    here = by_clip(undisturbed("batched"))
    apart = [
        abs(a - b)
        for clip in here
        for a, b in zip(*(which[clip]["policies"]["last"]["scores"] for which in (here, other)), strict=True)
    ]
    assert max(apart) > 1e-2


@pytest.mark.parametrize("kind", ["batched", "inner", "sequential", "estimator"])
def test_the_policies_are_those_that_the_run_can_fill(kind, undisturbed):
    record = json.loads(undisturbed(kind).read_text())
    wanted = {"batched": ["last", "oracle"], "inner": ["last", "inner", "oracle"], "estimator": ["last"]}
    wanted["sequential"] = wanted["batched"]
    for one in record["predictions"]:
        assert list(one["policies"]) == wanted[kind]
    assert list(record["scores"]) == wanted[kind]
    for fold in record["folds"]:
        assert list(fold["epochs"]) == wanted[kind]
        assert len(fold["loss"]) == (0 if kind == "estimator" else 2)


def test_the_inner_policy_takes_one_of_the_full_runs_epochs(undisturbed):
    plain, inner = (by_clip(undisturbed(kind)) for kind in ("batched", "inner"))
    assert {clip: one["policies"]["last"] for clip, one in inner.items()} == {
        clip: one["policies"]["last"] for clip, one in plain.items()
    }
    record = json.loads(undisturbed("inner").read_text())
    chosen = {fold["name"]: fold["epochs"]["inner"] for fold in record["folds"]}
    assert set(chosen.values()) <= {1, 2}
    for one in inner.values():
        if chosen[one["fold"]] == 2:
            assert one["policies"]["inner"] == one["policies"]["last"]


CENTROID = """
import merbench

class Centroid:
    def fit(self, X, y):
        from sklearn.neighbors import NearestCentroid
        self.of = NearestCentroid().fit(X.reshape(len(X), -1), y)
        self.classes_ = self.of.classes_

    def predict(self, X):
        return self.of.predict(X.reshape(len(X), -1))

    def decision_function(self, X):
        return self.of.decision_function(X.reshape(len(X), -1))

@merbench.hookimpl
def merbench_models():
    yield merbench.EstimatorModel(name="centroid", estimator="centroid:Centroid", features=("flow-28",))
"""


def test_a_note_on_folds_is_in_the_record_with_their_number_and_survives_a_resume(run, without_times, tmp_path):
    (tmp_path / "centroid.py").write_text(CENTROID)
    argv = ("--plugin", str(tmp_path / "centroid.py"), "--model", "centroid")
    record = run(tmp_path / "out", *argv)
    (said,) = [one for one in json.loads(record.read_text())["warnings"] if "disagrees" in one]
    assert re.fullmatch(r"predict disagrees with .*: the scores are 1 for .* \(in \d+ of 24 folds\)", said)
    before = without_times(record)
    folds_in(record)[0].unlink()
    record.unlink()
    assert without_times(run(tmp_path / "out", *argv)) == before
