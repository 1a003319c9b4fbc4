"""Predictions that somebody hands in: the record of them, and what is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from merbench_databases.canonical import composite

from merbench.errors import MerbenchError, OptionError, OutputError, UnknownName
from merbench.runs.clip_ids import SubmissionError
from merbench.runs.record import read_record
from merbench.runs.scoring import score_predictions
from merbench.runs.submissions import Declaration, default_path, keep, submit
from merbench.runs.verify import verify

CANONICAL = composite()
TRUTH = dict(zip(CANONICAL["clip"], CANONICAL["label"].tolist(), strict=True))
DECLARED = Declaration(model="STSTNet", policy="last", paper="Liong et al., 2019", link="https://example.org/a?b=c#d")


def counted_off(name: str) -> dict[str, int]:
    """Clip to what was predicted in a published log; clips that it lacks are left out."""
    lines = Path(__file__).with_name(f"{name}.txt").read_text("utf-8").splitlines()
    folds = [line.split() for line in lines if not line.startswith("#")]
    clips = [clip for one in folds for clip in CANONICAL["clip"][CANONICAL["subject"] == "/".join(one[:2])]]
    pairs = zip(clips, "".join(one[2] for one in folds), strict=True)
    return {clip: int(digit) for clip, digit in pairs if digit != "-"}


def ststnet() -> dict[str, int]:
    return counted_off("ststnet")


def log_of(predicted: dict[str, int], *, swapped: bool = False, unpadded: bool = False) -> str:
    """A log in the official format."""
    lines, header = [], ""
    for clip, label in predicted.items():
        database, subject, name = clip.split("/")
        if unpadded:
            short = subject.lstrip("0") if database == "samm" else subject.replace("s0", "s")
            subject, name = short, name.replace(subject, short, 1)
        if header != (header := f"{database} {subject}"):
            lines.append(header)
        first, second = (label, TRUTH[clip]) if swapped else (TRUTH[clip], label)
        lines.append(f"{name} {first} {second}")
    return "\n".join(lines) + "\n"


def csv_of(predicted: dict[str, int]) -> str:
    return "".join(f"{clip},{label}\n" for clip, label in {"clip": "prediction", **predicted}.items())


@pytest.fixture
def handed_in(tmp_path, registry) -> Callable:
    """Writes a text to a file and makes the record of it."""

    def make(text: str, declared: Declaration = DECLARED):
        path = tmp_path / "log.txt"
        path.write_bytes(text.encode())
        return submit(path, declared, registry)

    return make


def scores(record, metric: str) -> list[float]:
    parts = record.scores["submitted"]
    return [round(getattr(parts[part], metric), 4) for part in ("full", "smic", "casme2", "samm")]


def test_ststnets_own_log_scores_the_uf1_that_its_paper_prints_and_another_uar(handed_in, registry):
    record = handed_in(log_of(ststnet()))
    assert scores(record, "uf1") == [0.7353, 0.6801, 0.8382, 0.6588]
    assert scores(record, "uar") == [0.7186, 0.6703, 0.8190, 0.6415]  # the paper prints macro precision: .7605 ...
    assert record.complete
    assert verify(record, registry) == []


def test_capsulenets_own_log_has_another_truth_for_one_clip_and_scores_what_its_paper_prints_with_that(handed_in):
    predicted, clip = counted_off("capsulenet"), "smic/s18/s18_sur_03"
    log = log_of(predicted, unpadded=True).replace("s18_sur_03 2 2", "s18_sur_03 0 2")
    with pytest.raises(SubmissionError, match=f"{clip} has truth 0, but the clip list says 2; correct the log") as told:
        handed_in(log)
    assert "swapped" not in str(told.value)
    record = handed_in(log.replace("s18_sur_03 0 2", "s18_sur_03 2 2"))
    assert (record.clips, record.complete) == (435, False)
    assert record.warnings[0] == "7 of 442 clips have no prediction: not ranked"
    assert record.warnings[1].count("smic/") == 7
    # The paper prints .6520/.6506 (full) and .5820/.5877 (SMIC), which is what its truth of that clip comes to.
    assert scores(record, "uf1") == [0.6554, 0.5887, 0.7068, 0.6209]
    assert scores(record, "uar") == [0.6534, 0.5935, 0.7018, 0.5990]
    theirs = [one.model_copy(update={"truth": 0}) if one.clip == clip else one for one in record.predictions]
    full = score_predictions(theirs, record.plan.classes)["submitted"]["full"]
    assert (round(full.uf1, 4), round(full.uar, 4)) == (0.6520, 0.6506)


def test_a_record_says_who_declared_what_and_from_which_file(handed_in):
    text = log_of(ststnet())
    record = handed_in(text)
    plan = record.plan
    assert (plan.kind, plan.model, plan.dataset, plan.protocol) == ("rescored", "STSTNet", "composite", "loso")
    assert (plan.epoch_policy, plan.declared_policy) == ("submitted", "last")
    assert (plan.paper, plan.link) == (DECLARED.paper, DECLARED.link)
    assert plan.source == hashlib.sha256(text.encode()).hexdigest()
    assert record.id == plan.digest()
    assert record.folds == []
    assert sorted(record.environment) == ["finished", "merbench"]
    assert [one.clip for one in record.predictions] == list(TRUTH)
    assert {one.fold for one in record.predictions} == set(CANONICAL["subject"])
    first = record.predictions[0].policies
    assert list(first) == ["submitted"]
    assert first["submitted"].scores == []


def test_clips_folds_and_labels_are_those_of_a_run_on_the_same_clips(handed_in):
    records = map(read_record, (Path(__file__).parents[2] / "leaderboards" / "records").glob("*.json"))
    ran = next(one for one in records if one.plan.dataset == "composite" and one.plan.kind != "rescored")
    digests = handed_in(log_of(ststnet())).plan.digests
    assert digests.model_dump() == ran.plan.digests.model_dump(include={"clips", "labels", "folds"})


def reverse(predicted: dict[str, int]) -> dict[str, int]:
    return dict(reversed(predicted.items()))


@pytest.mark.parametrize(
    "text",
    [
        log_of(reverse(ststnet())),
        log_of(ststnet(), unpadded=True),
        csv_of(ststnet()),
        csv_of(reverse(ststnet())).replace("\n", "\r\n"),
        log_of(ststnet()).replace(" 0 ", " negative ").replace(" 2\n", " Surprise\n"),
    ],
    ids=["another order", "unpadded", "csv", "csv of another system", "class names"],
)
def test_every_way_of_writing_the_same_predictions_gives_the_same(text, handed_in):
    given, wanted = handed_in(text), handed_in(log_of(ststnet()))
    assert given.predictions == wanted.predictions
    assert given.scores == wanted.scores
    assert given.plan.digests == wanted.plan.digests


def test_the_other_order_of_columns_is_taken_when_told_and_only_then(handed_in):
    swapped = log_of(ststnet(), swapped=True)
    record = handed_in(swapped, replace(DECLARED, order="prediction-truth"))
    assert record.predictions == handed_in(log_of(ststnet())).predictions
    with pytest.raises(SubmissionError, match=r"line 7: casme2/sub02/EP02_04f has truth 1, but the clip list says 0; .*"
                       r"and 97 more; .* look swapped: pass --order prediction-truth"):  # fmt: skip
        handed_in(swapped)
    with pytest.raises(SubmissionError, match="look swapped: pass --order truth-prediction"):
        handed_in(log_of(ststnet()), replace(DECLARED, order="prediction-truth"))


def test_missing_clips_are_named_and_the_record_is_not_complete(handed_in, registry):
    predicted = ststnet()
    for clip in ("smic/s01/s01_ne_02", "samm/037/037_3_2"):
        del predicted[clip]
    record = handed_in(log_of(predicted))
    assert record.warnings == [
        "2 of 442 clips have no prediction: not ranked",
        "no prediction for smic/s01/s01_ne_02, samm/037/037_3_2",
    ]
    assert (record.clips, record.plan.clips_total, record.complete) == (440, 442, False)
    assert verify(record, registry) == []


def test_one_clip_alone_makes_a_record_that_says_how_little_it_knows(handed_in, registry):
    record = handed_in("casme2 sub01\nEP02_01f 1 1\n")
    assert record.scores == {"submitted": {"full": None}}
    assert record.warnings[0] == "441 of 442 clips have no prediction: not ranked"
    assert record.warnings[1].endswith(", and more")
    assert record.warnings[2] == "UF1 and UAR of full are not defined: it has no clip of some class"
    assert verify(record, registry) == []


def test_another_dataset_and_protocol_are_taken_by_name(handed_in, registry):
    own = {clip: label for clip, label in ststnet().items() if clip.startswith("samm/")}
    record = handed_in(csv_of(own), replace(DECLARED, dataset="samm-3"))
    assert (record.plan.protocol, record.complete, list(record.scores["submitted"])) == (
        "loso-per-database",
        True,
        ["full"],
    )
    assert verify(record, registry) == []
    five = handed_in(csv_of(own), replace(DECLARED, dataset="samm-3", protocol="subjects-5"))
    assert {one.fold for one in five.predictions} == {f"{number}of5" for number in range(1, 6)}
    assert verify(five, registry) == []


@pytest.mark.parametrize(
    ("text", "declared", "error", "message"),
    [
        (
            "casme2 sub01\nEP02_01f 1 3\n",
            DECLARED,
            SubmissionError,
            r"line 2: '3' is not a class; classes .* are 0 .neg",
        ),
        ("casme2 sub01\nEP02_01f 1 -1\n", DECLARED, SubmissionError, "line 2: '-1' is not a class"),
        ("casme2 sub01\nEP02_01f 1 1.0\n", DECLARED, SubmissionError, "line 2: '1.0' is not a class"),
        ("casme2 sub01\nEP02_01f 4 1\n", DECLARED, SubmissionError, "line 2: '4' is not a class"),
        ("clip,prediction\ncasme2/sub01/EP02_01f,nan\n", DECLARED, SubmissionError, "line 2: 'nan' is not a class"),
        ("", DECLARED, SubmissionError, "log.txt: the file is empty"),
        ("x", replace(DECLARED, dataset="demo"), SubmissionError, "demo has no canonical clip list"),
        (
            "x",
            replace(DECLARED, dataset="compsite"),
            UnknownName,
            "no dataset is called 'compsite' .nearest: composite",
        ),
        ("smic s01\ns01_ne_01 0 0\n", replace(DECLARED, protocol="lobo"), UnknownName, "no protocol is called"),
        ("smic s01\ns01_ne_01 0 0\n", replace(DECLARED, dataset="samm-3"), SubmissionError, "no database of samm-3"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(text, declared, error, message, handed_in):
    with pytest.raises(error, match=message) as raised:
        handed_in(text, declared)
    assert isinstance(raised.value, MerbenchError)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", ""),
        ("model", "a\x1b[31m"),
        ("model", "two\nlines"),
        ("model", "x" * 10_000),
        ("model", "\udcff"),
        ("paper", "x" * 10_000),
        ("paper", "two\nlines"),
        ("link", "javascript:alert(1)"),
        ("link", "https://example.org/\"onclick='x'"),
        ("link", "https://example.org/<b>"),
        ("link", "https://example.org/a b"),
        ("link", "//example.org"),
        ("link", "https://example.org/" + "x" * 1000),
    ],
)
def test_words_of_the_sender_that_a_record_cannot_hold_are_refused(field, value, handed_in):
    with pytest.raises(OptionError, match=f"--{field}: must be ") as raised:
        handed_in("smic s01\ns01_ne_01 0 0\n", replace(DECLARED, **{field: value}))
    assert len(str(raised.value)) < 250
    assert str(raised.value).isprintable()


def test_a_record_has_a_folder_of_its_own_whatever_its_name(handed_in):
    text = "smic s01\ns01_ne_01 0 0\n"
    record = handed_in(text)
    assert default_path(record) == Path("results") / f"STSTNet-composite-submitted-{record.id[:12]}" / "record.json"
    for name in ("../../etc", "a/b", "\u202e", "\N{SNOWMAN}" * 200, "-", " "):
        path = default_path(handed_in(text, replace(DECLARED, model=name)))
        assert len(path.parts) == 3
        assert len(path.parts[1].encode()) < 250


def test_a_record_is_written_once_and_answers_from_then_on(handed_in, tmp_path):
    record, path = handed_in(log_of(ststnet())), tmp_path / "new" / "record.json"
    assert keep(record, path) == record
    written = path.read_bytes()
    later = record.model_copy(update={"environment": {"finished": "later"}})
    assert keep(later, path) == record
    assert path.read_bytes() == written
    assert read_record(path) == record


@pytest.mark.parametrize("there", ["{}", "", "my notes", "other record"])
def test_nothing_that_is_there_is_overwritten(there, handed_in, tmp_path):
    path = tmp_path / "record.json"
    other = handed_in(csv_of(ststnet()))
    path.write_text(other.to_json() if there == "other record" else there)
    before = path.read_bytes()
    with pytest.raises(OutputError, match="exists and has other content"):
        keep(handed_in(log_of(ststnet())), path)
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_told(handed_in, tmp_path):
    record = handed_in("smic s01\ns01_ne_01 0 0\n")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="exists and has other content"):
        keep(record, tmp_path)
    with pytest.raises(OutputError, match="cannot write"):
        keep(record, tmp_path / "file" / "record.json")
    with pytest.raises(OutputError, match="cannot write"):
        keep(record, tmp_path / ("x" * 300))


def test_a_record_is_written_as_it_is_read(handed_in, tmp_path):
    record = handed_in(log_of(ststnet()))
    path = tmp_path / "record.json"
    path.write_text(record.to_json())
    assert read_record(path).to_json() == path.read_text()
    assert json.loads(path.read_text())["subjects"] == []
