"""A nested choice sees no test subject, and its record says what it chose among and what each fold took."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from merbench.cli import main
from merbench.errors import OptionError, RecordError
from merbench.leaderboard.citation import command, sweep_file
from merbench.leaderboard.claims import claim_of
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.changes import assignments
from merbench.runs.nested import choose, nested_plan
from merbench.runs.prepare import Job, Request, prepare
from merbench.runs.record import read_record
from merbench.runs.run import held_out
from merbench.runs.schema import Candidate, FoldResult, FoldSummary, Plan, PolicyPrediction, Prediction
from merbench.runs.weights import given_files
from merbench.sweeps.file import read_sweep
from merbench.sweeps.runs import runs_of
from tests.runs.test_store import plan
from tests.sweeps.conftest import SMALL, Sweep

GRID = 'model = "steady"\nset.step = [1, 2, 3]'
NET = "model = 'net'\ndevice = 'cpu'\nset.lr = [0.1, 0.001]"


def nested_records() -> dict[Path, dict[str, Any]]:
    found = {path: json.loads(path.read_text()) for path in Path("results").glob("*/record.json")}
    return {path: one for path, one in found.items() if "candidates" in one["plan"]}


def candidates() -> dict[int, dict[str, Any]]:
    """The records of the candidates by their step."""
    found = [json.loads(path.read_text()) for path in Path("results").glob("*/record.json")]
    return {one["plan"]["options"]["step"]: one for one in found if "step" in one["plan"]["options"]}


def test_each_fold_has_the_predictions_of_the_candidate_that_it_took(sweep: Sweep) -> None:
    assert sweep(GRID, "--nested") == 0
    (record,) = nested_records().values()
    assert [one["options"] for one in record["plan"]["candidates"]] == [{"step": 1}, {"step": 2}, {"step": 3}]
    assert "step" not in record["plan"]["options"]
    taken = {fold["name"]: fold["candidate"] + 1 for fold in record["folds"]}
    assert len(taken) == 4
    of_step = {step: {row["clip"]: row for row in one["predictions"]} for step, one in candidates().items()}
    assert record["predictions"] == [of_step[taken[row["fold"]]][row["clip"]] for row in record["predictions"]]


def test_the_choice_is_that_of_the_best_uf1_on_held_out_training_clips(sweep: Sweep) -> None:
    assert sweep(GRID, "--nested") == 0
    ((path, record),) = nested_records().items()
    registry = Registry(load(files=[SMALL]))
    jobs = [
        prepare(registry, Request(model="steady", dataset="little", settings=[f"step={step}"])) for step in (1, 2, 3)
    ]
    results = [held_out(job, Path("again")) for job in jobs]
    for fold in record["folds"]:
        scores = [uf1(one[fold["name"]]) for one in results]
        assert fold["candidate"] == scores.index(max(scores))
    assert path.parent.name.startswith("steady-little-default-seed0-")


def uf1(result: FoldResult) -> float:
    """UF1 over the classes of the held-out clips, counted one by one."""
    pairs = [(row.truth, row.policies["last"].predicted) for row in result.predictions]
    found = []
    for label in {truth for truth, _ in pairs}:
        right = sum(truth == label == guess for truth, guess in pairs)
        found.append(
            2 * right / (sum(truth == label for truth, _ in pairs) + sum(guess == label for _, guess in pairs))
        )
    return round(sum(found) / len(found), 12)


def test_no_clip_of_a_test_subject_is_predicted_to_choose(sweep: Sweep) -> None:
    assert sweep(GRID, "--nested") == 0
    held = [json.loads(path.read_text()) for path in Path("results").glob("*/inner/*.json")]
    assert len(held) == 12
    for one in held:
        tested = one["summary"]["name"]
        assert one["predictions"]
        assert not [row for row in one["predictions"] if row["clip"].startswith(f"{tested}/")]


def test_the_record_verifies_and_says_in_words_what_was_chosen(
    sweep: Sweep, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep(GRID, "--nested") == 0
    ((path, record),) = nested_records().items()
    assert main(["--plugin", str(SMALL), "results", "verify", str(path)]) == 0
    counted = [sum(fold["candidate"] == place for fold in record["folds"]) for place in range(3)]
    assert record["warnings"][0] == (
        "settings were chosen in each fold, by UF1 on held-out training subjects: "
        f"step=1 in {counted[0]}; step=2 in {counted[1]}; step=3 in {counted[2]}"
    )
    told = capsys.readouterr().out
    assert "step=chosen in each fold" in told
    assert "a setting chosen in each fold saw the training side only" in told


def test_a_nested_sweep_that_is_finished_computes_nothing_again(sweep: Sweep) -> None:
    assert sweep(GRID, "--nested") == 0
    before = {path: path.stat().st_mtime_ns for path in Path("results").rglob("*.json")}
    assert sweep(GRID, "--nested") == 0
    assert {path: path.stat().st_mtime_ns for path in Path("results").rglob("*.json")} == before


def test_the_candidates_decide_the_id(sweep: Sweep) -> None:
    assert sweep(GRID, "--nested") == 0
    assert sweep('model = "steady"\nset.step = [1, 2]', "--nested") == 0
    first, second = nested_records().values()
    assert first["id"] != second["id"]


def test_the_seeds_of_a_nested_choice_are_one_line_of_the_table(
    sweep: Sweep, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sweep(f"{GRID}\nseed = [0, 1]", "--nested", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["seeds"] == 2


def test_a_model_without_settings_to_choose_stays_as_it_is(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    text = f'{GRID}\n[[include]]\nmodel = "broken"\n[[include]]\nmodel = "steady"\nprotocol = "subjects-5"\nset = {{}}'
    assert sweep(text.replace("subjects-5", "loso"), "--nested", "--json") == 2
    found = json.loads(capsys.readouterr().out)
    assert len(found["rows"]) == 2
    assert list(found["failed"]) == ["broken (step=1) on little, seed 0"] + [
        f"broken (step={step}) on little, seed 0" for step in (2, 3)
    ]


def test_without_two_settings_of_a_model_nested_is_refused(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep('model = "steady"\nset.step = 1', "--nested") == 2
    assert "--nested chooses among values of set.NAME, and no two runs differ" in capsys.readouterr().err
    assert not Path("results").exists()


def test_a_record_whose_fold_names_no_candidate_is_refused(sweep: Sweep, folder: Path) -> None:
    assert sweep(GRID, "--nested") == 0
    ((path, record),) = nested_records().items()
    for candidate in (3, None):
        record["folds"][0]["candidate"] = candidate
        record["schema"] = 1  # has no digest
        record.pop("digest", None)
        path.write_text(json.dumps(record))
        with pytest.raises(RecordError, match="each fold must have one of the candidates"):
            read_record(path)


def test_with_the_policy_inner_a_candidate_is_not_trained_a_third_time(sweep: Sweep) -> None:
    text = f"{NET}\nepoch-policy = 'inner'"
    assert sweep(text) == 0
    before = {path: path.stat().st_mtime_ns for path in Path("results").glob("*/*/*.json")}
    assert sweep(text, "--nested") == 0
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(list(Path("results").glob("*/*/*.json"))) == len(before)
    (record,) = nested_records().values()
    assert list(record["scores"]) == ["last", "inner", "oracle"]
    assert [one["settings"] for one in record["plan"]["candidates"]] == [{"lr": 0.1}, {"lr": 0.001}]


def test_with_the_policy_last_a_candidate_is_judged_by_its_last_epoch(sweep: Sweep) -> None:
    assert sweep(NET, "--nested") == 0
    held = [json.loads(path.read_text()) for path in Path("results").glob("*/inner/*.json")]
    assert [one["summary"]["epochs"] for one in held] == [{"last": 3}] * 8
    (record,) = nested_records().values()
    assert list(record["scores"]) == ["last", "oracle"]


def test_a_chosen_setting_of_the_recipe_is_not_called_as_published(sweep: Sweep) -> None:
    assert sweep(NET, "--nested") == 0
    (path,) = nested_records()
    plan = read_record(path).plan
    assert isinstance(plan, Plan)
    assert claim_of(plan, Registry(load(files=[SMALL]))) == ("own settings", "")
    assert command(plan) == ""


@pytest.mark.parametrize(
    "text", [GRID, f"{NET}\nset.bias = [true, false]", "model = 'steady'\nset.eight = ['twice', 'thrice']"]
)
def test_the_page_of_a_nested_choice_has_the_file_that_makes_it_again(text: str, sweep: Sweep, folder: Path) -> None:
    assert sweep(text, "--nested") == 0
    ((path, record),) = nested_records().items()
    plan = read_record(path).plan
    assert isinstance(plan, Plan)
    (folder / "again.toml").write_text(sweep_file(plan))
    registry = Registry(load(files=[SMALL]))
    plans = [prepare(registry, run.request).plan for run in runs_of(read_sweep(folder / "again.toml"))]
    assert nested_plan(plans).digest() == record["id"]


def test_the_page_of_a_nested_choice_names_its_candidates(sweep: Sweep) -> None:
    assert sweep(GRID, "--nested") == 0
    (path,) = nested_records()
    Path("board/records").mkdir(parents=True)
    path.rename("board/records/nested.json")
    build = ("leaderboard", "build", "--records", "board/records", "--out", "site")
    assert main(["--plugin", str(SMALL), *build]) == 0
    (page,) = Path("site/entries").glob("*.html")
    shown = " ".join(re.sub("<[^>]*>", " ", page.read_text()).split())
    for words in ("merbench sweep sweep.toml --nested", "candidate 2 / options / step", "step=chosen in each fold"):
        assert words in html.unescape(shown)


def test_a_variant_of_a_feature_can_be_chosen(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep("model = 'steady'\nset.eight = ['twice', 'thrice']", "--nested") == 0
    ((path, record),) = nested_records().items()
    first, second = record["plan"]["candidates"]
    assert [one["features"] for one in (first, second)] == [["eight@twice v1 (four)"], ["eight@thrice v1 (four)"]]
    assert first["data_digest"] != second["data_digest"]
    assert record["plan"]["features"] == ["eight@twice v1 (four)", "eight@thrice v1 (four)"]
    assert "eight=chosen in each fold" in capsys.readouterr().out
    assert main(["--plugin", str(SMALL), "results", "verify", str(path)]) == 0


def test_files_that_candidates_start_from_are_known() -> None:
    text = f"start.pth sha256:{'0' * 64}"
    candidates = [
        Candidate(settings={}, options={"start": one}, features=[], data_digest="0" * 64) for one in (text, "")
    ]
    assert given_files(plan(candidates=candidates)) == ["start.pth"]


def test_a_fold_chosen_setting_cannot_be_typed_on_a_command_line(sweep: Sweep) -> None:
    assert sweep(GRID, "--nested") == 0
    (path,) = nested_records()
    found = read_record(path).plan
    assert isinstance(found, Plan)
    with pytest.raises(OptionError, match="were chosen in each fold; take the record of a candidate"):
        assignments(found, Registry(load(files=[SMALL])))


def test_a_full_disk_stops_a_nested_choice_with_one_line(sweep: Sweep, capsys: pytest.CaptureFixture[str]) -> None:
    assert sweep(GRID) == 0
    capsys.readouterr()
    for folder in Path("results").glob("steady-*"):
        (folder / "inner").write_text("in the way")
    assert sweep(GRID, "--nested") == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "cannot write" in told.err.splitlines()[-1]


def of_fold(*predicted: int) -> FoldResult:
    rows = [
        Prediction(
            clip=f"d/s/{place}", fold="f", truth=truth, policies={"last": PolicyPrediction(predicted=one, scores=[])}
        )
        for place, (one, truth) in enumerate(zip(predicted, (0, 0, 1, 1), strict=True))
    ]
    summary = FoldSummary(name="f", seconds=0, epochs={}, loss=[])
    return FoldResult(id="0" * 64, grouping="", summary=summary, predictions=rows)


@pytest.mark.parametrize(
    ("answers", "taken"),
    [
        (((0, 0, 1, 0), (0, 0, 1, 1)), 1),
        (((0, 0, 1, 1), (0, 0, 1, 1)), 0),
        (((0, 0, 0, 0), (0, 1, 0, 1)), 1),  # UF1 1/3 and 1/2; the accuracy is the same
    ],
    ids=["the best", "the first on a tie", "by UF1"],
)
def test_of_the_candidates_the_one_with_the_best_uf1_is_taken(answers: tuple[tuple[int, ...], ...], taken: int) -> None:
    assert choose([{"f": of_fold(*one)} for one in answers], "last") == {"f": taken}


def test_candidates_that_differ_in_more_than_settings_are_refused(folder: Path) -> None:
    registry = Registry(load(files=[SMALL]))

    def job(**other: Any) -> Job:
        return prepare(registry, Request(model="steady", dataset="little", **other))

    with pytest.raises(OptionError, match="differ in more than settings"):
        nested_plan([job().plan, job(seed=1).plan])
    assert np.all([one.options == {"step": step} for step, one in enumerate(_two(job), 1)])


def _two(job: Any) -> Any:
    return nested_plan([job(settings=["step=1"]).plan, job(settings=["step=2"]).plan]).candidates
