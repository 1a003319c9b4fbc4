"""Whether a leaderboard is fit to be published, and what became of what was published before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from merbench.leaderboard.check import Findings, check
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.export import without_clips
from merbench.runs.seal import sealed

ROOT = Path(__file__).parents[2]
TITLE = "net on composite, protocol loso, recipe quick, seed 0"


@pytest.fixture
def records(tmp_path) -> Path:
    folder = tmp_path / "records"
    folder.mkdir()
    return folder


@pytest.fixture
def found(records, registry):
    """What a check of the test's records finds."""

    def of(since: str = "", reported: Path | None = None, registry: Registry = registry) -> Findings:
        return check([records], reported, registry, since)

    return of


def edit(path: Path, change) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(sealed(content)))


def test_valid_records_leave_nothing_to_mend(found, save, make_record):
    save(make_record(), "one")
    save(make_record(seed=1, draw=1), "two")
    assert found() == Findings(records=2)


def test_an_empty_folder_is_fine(found):
    assert found() == Findings()


def test_every_broken_record_is_named_with_its_reason_and_the_others_are_still_read(found, save, make_record):
    save(make_record(), "good")
    of_another_schema, truncated, nan = (save(make_record(), name) for name in ("a", "b", "c"))
    edit(of_another_schema, lambda content: content.update(schema=4))
    truncated.write_text(truncated.read_text()[:5000])
    nan.write_text(nan.read_text().replace('"uf1": 0.', '"uf1": NaN, "x": 0.', 1))
    problems = found().problems
    assert len(problems) == 3
    assert problems[0] == f"{of_another_schema} is a record of schema 4; this merbench reads schemas 1, 2 and 3"
    assert problems[1].startswith(f"{truncated} is not JSON: ")
    assert problems[2] == f"{nan} is not JSON: NaN is not a JSON number"


def predict(content, predicted: int) -> None:
    content["predictions"][0]["policies"]["last"] |= {"predicted": predicted, "scores": []}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda content: content["scores"]["last"]["full"].update(uf1=0.99),
            "scores.last.full.uf1: the record says 0.",
        ),
        (
            lambda content: predict(content, 1 - content["predictions"][0]["policies"]["last"]["predicted"]),
            "scores.last",
        ),
        (lambda content: content["predictions"][0].update(clip="casme2/sub01/nothing"), "plan.digests.clips: "),
        (lambda content: content["predictions"][0].update(clip="casme2/nobody/EP02_01f"), "plan.digests.clips: "),
        (lambda content: content["predictions"][0].update(truth=2), "plan.digests.labels: "),
        (lambda content: content["plan"].update(model="better"), "id: the record says "),
        (lambda content: content["predictions"].pop(), "plan.digests.clips: "),
        (lambda content: content["predictions"].append(content["predictions"][0]), "is listed twice"),
        (lambda content: content["folds"].pop(), "folds: the record says "),
    ],
)
def test_a_record_that_was_edited_is_named_with_what_does_not_follow(found, save, make_record, change, reason):
    path = save(make_record(), "edited")
    edit(path, change)
    (problem,) = found().problems
    assert problem.startswith(str(path))
    assert reason in problem


@pytest.mark.parametrize("subject", ["casme2/sub01", "casme2/nobody"])
def test_clips_and_subjects_that_do_not_exist_are_named_even_where_all_else_follows(
    found, save, make_record, renamed, subject
):
    path = save(make_record(table=renamed(subject, "nothing")), "forged")
    (problem,) = found().problems
    assert problem.startswith(f"{path}: predictions: {subject}/nothing has truth ")
    assert problem.endswith("the list of composite says no such clip")


def test_counts_of_a_subject_that_does_not_exist_are_named(found, save, make_record, renamed):
    path = save(without_clips(make_record(table=renamed("casme2/nobody", "nothing"))), "forged")
    assert found().problems == [f"{path}: subjects: casme2/nobody is not a subject of composite"]


def test_two_results_of_one_id_are_named_with_how_many_clips_differ(found, save, make_record):
    first, second = make_record(draw=0), make_record(draw=1)
    one, two = save(first, "one"), save(second, "two")
    answers = [[row.policies for row in record.predictions] for record in (first, second)]
    differing = sum(
        any(here[policy].predicted != there[policy].predicted for policy in here)
        for here, there in zip(*answers, strict=True)
    )
    assert found().problems == [
        f"{two} and {one} have one id ({first.id[:12]}), but their predictions differ for {differing} clips: the "
        "model does not give the same result twice; remove both"
    ]


def test_one_record_under_two_names_is_named_with_both(found, save, make_record):
    one, two = save(make_record(), "one"), save(make_record(), "two")
    assert found().problems == [f"{two} and {one} are the same record ({make_record().id[:12]}); remove one of them"]


def test_predictions_under_another_model_s_name_are_a_note_for_the_reviewer(found, save, make_record):
    one, two = save(make_record(), "a"), save(make_record(model="mine"), "b")
    findings = found()
    assert findings.problems == []
    assert findings.notes == [f"{two} predicts exactly what {one} does, under another model's name"]


def test_seeds_of_one_model_that_predict_the_same_are_no_news(found, save, make_record):
    save(make_record(), "a")
    save(make_record(seed=1), "b")
    assert found().notes == []


def test_what_could_not_be_checked_is_a_note(found, save, make_record):
    path = save(make_record(clips=440), "part")
    assert found().notes == [f"{path}: 2 clips are never tested: the folds were not compared"]


def test_a_record_that_tells_licensed_truth_must_be_exported(found, save, make_record):
    path = save(make_record(), "one")
    nothing_installed = Registry(load(block=["databases"]))
    assert "composite" not in nothing_installed.datasets.names()
    (problem,) = found(registry=nothing_installed).problems
    assert problem == (
        f"{path}: it contains the labels of clips of composite, which is not installed here, so merbench does not know "
        "whether its labels may be published; use the file that this writes: merbench results export"
    )
    path.write_text(without_clips(make_record()).to_json())
    assert found(registry=nothing_installed).problems == []


def test_a_table_of_published_figures_that_is_not_valid_is_named(found, save, make_record, tmp_path):
    save(make_record(), "one")
    table = tmp_path / "reported.csv"
    (problem,) = found(reported=table).problems
    assert str(tmp_path) in problem


def test_a_verdict_that_is_not_valid_is_named(found, save, make_record, tmp_path):
    save(make_record(), "one")
    for name in ("reported.csv", "reported-notes.csv"):
        shutil.copy(ROOT / "leaderboards" / name, tmp_path)
    (tmp_path / "reported-verdicts.csv").write_text("method,published,verdict,proof,link\nNet,,fraud,,\n")
    (problem,) = found(reported=tmp_path / "reported.csv").problems
    assert "reported-verdicts.csv, line 2: verdict: " in problem


def test_nothing_has_changed_since_a_revision_with_the_same_records(found, save, make_record, commit):
    save(make_record(), "one")
    commit()
    assert found("HEAD") == Findings(records=1)


def test_a_record_that_was_renamed_has_not_disappeared(found, save, make_record, commit):
    path = save(make_record(), "one")
    commit()
    path.rename(path.with_name("two.json"))
    assert found("HEAD") == Findings(records=1)


def test_a_record_that_has_disappeared_is_named(found, save, make_record, commit):
    path = save(make_record(), "one")
    commit()
    path.unlink()
    assert found("HEAD").problems == [f"{path} ({TITLE}) has disappeared; put it back"]


def test_a_record_disappears_even_where_another_has_its_title(found, save, make_record, commit):
    path = save(make_record(), "one")
    save(make_record(draw=1, device="cuda"), "two")
    commit()
    path.unlink()
    assert found("HEAD").problems == [f"{path} ({TITLE}) has disappeared; put it back"]


def test_one_new_record_succeeds_only_one_old_one(found, save, make_record, commit):
    one, two = save(make_record(), "one"), save(make_record(draw=1, device="cuda"), "two")
    commit()
    one.unlink()
    two.unlink()
    save(make_record(precision="tf32"), "three")
    assert found("HEAD").problems == [f"{two} ({TITLE}) has disappeared; put it back"]


def test_a_record_that_lost_clips_is_named_with_them(found, save, make_record, commit):
    path = save(make_record(), "one")
    commit()
    save(make_record(clips=435), "one")
    lost = [one.clip for one in make_record().predictions[435:]]
    assert found("HEAD").problems == [
        f"{TITLE} has lost {', '.join(sorted(lost)[:5])} and 2 more, which {path} had",
    ]


def test_a_record_of_counts_that_lost_clips_is_named_with_their_subject(found, save, make_record, commit):
    path = save(without_clips(make_record()), "one")
    commit()
    save(without_clips(make_record(clips=440)), "one")
    (problem,) = found("HEAD").problems
    assert problem == f"{TITLE} has lost 2 clips of samm/036, samm/037, which {path} had"


def test_a_record_that_was_exported_has_lost_nothing(found, save, make_record, commit):
    save(make_record(), "one")
    commit()
    save(without_clips(make_record()), "one")
    findings = found("HEAD")
    assert findings.problems == []
    assert findings.changes == []


def test_scores_that_changed_are_listed_and_are_no_problem(found, save, make_record, commit):
    old, new = make_record(), make_record(draw=1, precision="bf16")
    save(old, "one")
    commit()
    save(new, "one")
    findings = found("HEAD")
    assert findings.problems == []
    (change,) = findings.changes
    before, after = (f"{record.scores['last']['full'].uf1:.4f}" for record in (old, new))
    assert change.startswith(f"{TITLE}: UF1 (full) {before} is now {after}; UAR (full) ")
    assert change.endswith("more")


def test_a_part_that_was_not_defined_before_is_listed(found, save, make_record, commit):
    answers = make_record().predictions
    clips = 1 + next(place for place, one in enumerate(answers) if one.database == "samm")
    same = [one.policies["last"].predicted for one in answers]
    save(make_record(clips=clips, oracle=None, predicted=same), "one")
    commit()
    save(make_record(oracle=None, predicted=same), "one")
    findings = found("HEAD")
    assert findings.problems == []
    assert "UF1 (samm) not defined is now 0." in findings.changes[0]


def test_a_record_may_follow_one_from_before_its_protocol_was_renamed(found, save, make_record, commit):
    old = save(make_record(protocol="composite"), "one")
    commit()
    old.unlink()
    save(make_record(protocol="loso"), "two")
    assert (found("HEAD").problems, found("HEAD").changes) == ([], [])


def test_a_new_record_is_listed_with_its_score(found, save, make_record, commit):
    save(make_record(), "one")
    commit()
    new = make_record("other", draw=1)
    save(new, "two")
    assert found("HEAD").changes == [
        f"other on composite, protocol loso, recipe quick, seed 0 is new: "
        f"UF1 (full) {new.scores['last']['full'].uf1:.4f}"
    ]


def test_predictions_handed_in_are_listed_as_such(found, save, make_record, commit):
    commit()
    save(make_record(declared="last"), "one")
    (change,) = found("HEAD").changes
    assert change.startswith("net on composite, protocol loso, handed in is new: UF1 (full) 0.")


def test_an_old_record_that_cannot_be_read_any_more_is_a_note(found, records, save, make_record, commit):
    path = save(make_record(), "one")
    content = path.read_text()
    edit(path, lambda content: content.update(schema=0))
    commit()
    path.write_text(content)
    assert found("HEAD").notes == [
        f"{path} was not compared: it is a record of schema 0; this merbench reads schemas 1, 2 and 3"
    ]
