"""The log by subject that HTNet's script prints: the record of it, and what is refused."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from merbench_databases.canonical import composite

from merbench.runs.clip_ids import ClipIds, SubmissionError
from merbench.runs.logs import MAX_BYTES
from merbench.runs.record import read_record
from merbench.runs.submissions import NO_CLIPS, Declaration, submit
from merbench.runs.verify import verify

CANONICAL = composite()
DECLARED = Declaration(model="HTNet", policy="oracle")
RECORDS = Path(__file__).parents[2] / "leaderboards" / "records"
PARTS = ("full", "smic", "casme2", "samm")
Entries = dict[str, tuple[list[int], list[int]]]  # subject to predictions and truth, by class


def published() -> Entries:
    """What the published record has."""
    (path,) = RECORDS.glob("HTNet-composite-submitted-*.json")
    entries: Entries = {}
    for one in sorted(read_record(path).predictions, key=lambda one: one.truth):
        predicted, truth = entries.setdefault(one.subject.split("/")[1], ([], []))
        predicted.append(one.policies["submitted"].predicted)
        truth.append(one.truth)
    return entries


def log_of(entries: Entries) -> str:
    """A log as the script prints it."""
    blocks = [
        f"Subject: {name}\ntrain\nBest Predicted    : {predicted}\nGround Truth : {truth}\n"
        "Evaluation until this subject: \nbest UF1: 1.0 | best UAR: 1.0\n"
        for name, (predicted, truth) in entries.items()
    ]
    summary = {name: {"pred": predicted, "truth": truth} for name, (predicted, truth) in entries.items()}
    total = sum(len(truth) for _, truth in entries.values())
    return "".join(
        ["lr=0.000050, epochs=800, device=cuda\n", f"{list(entries)}\n", *blocks, f"({total},)\n", f"{summary}\n"]
    )


LOG = log_of(published())


@pytest.fixture
def handed_in(tmp_path, registry) -> Callable:
    """Writes a text to a file and makes the record of it."""

    def make(text: str, declared: Declaration = DECLARED):
        path = tmp_path / "console.txt"
        path.write_text(text, "utf-8", newline="")
        return submit(path, declared, registry)

    return make


def test_the_log_of_a_published_run_scores_what_it_prints_at_its_end(real_data, registry):
    path = real_data / "logs" / "htnet-published-console.txt"
    record = submit(path, DECLARED, registry)
    full = record.scores["submitted"]["full"]
    printed = re.findall(r"best UF1: (\S+) \| best UAR: (\S+)", path.read_text("utf-8"))
    assert (str(round(full.uf1, 4)), str(round(full.uar, 4))) == printed[-1] == ("0.8497", "0.8542")
    parts = {part: record.scores["submitted"][part] for part in PARTS}
    assert [round(one.uf1, 4) for one in parts.values()] == [0.8497, 0.7673, 0.9689, 0.8096]  # as scikit-learn has it
    assert [round(one.uar, 4) for one in parts.values()] == [0.8542, 0.7721, 0.9688, 0.8067]
    assert record.complete
    assert verify(record, registry) == []
    (listed,) = RECORDS.glob("HTNet-composite-submitted-*.json")
    assert read_record(listed).predictions == record.predictions
    assert read_record(listed).plan.source == record.plan.source


def test_each_class_of_a_subject_goes_to_its_clips_in_the_order_of_the_list(handed_in):
    record = handed_in("{'sub01': {'pred': [2, 1, 0], 'truth': [1, 0, 0]}}\n")
    assert [(one.clip, one.truth, one.policies["submitted"].predicted) for one in record.predictions] == [
        ("casme2/sub01/EP02_01f", 1, 2),
        ("casme2/sub01/EP19_05f", 0, 1),
        ("casme2/sub01/EP19_06f", 0, 0),
    ]
    assert record.warnings[0] == "439 of 442 clips have no prediction: not ranked"


def test_the_record_says_that_the_log_names_no_clips(handed_in):
    assert handed_in(LOG).warnings == [NO_CLIPS]


@pytest.mark.parametrize("policy", ["last", "inner", "unknown"])
def test_only_a_log_that_is_declared_test_selected_is_taken(policy, handed_in):
    with pytest.raises(SubmissionError, match=r"console.txt: such a log has, for .* pass --declared-policy oracle"):
        handed_in(LOG, replace(DECLARED, policy=policy))


def wrapped(text: str) -> str:
    """A log as a terminal of 50 columns breaks its last line, even inside words and numbers."""
    *above, summary = text.splitlines()
    return "\n".join([*above, *(summary[at : at + 50] for at in range(0, len(summary), 50))])


def shuffled(text: str) -> str:
    """A log of a machine that lists its folders in another order."""
    entries = list(published().items())
    random.Random(0).shuffle(entries)
    turned = {}
    for name, (predicted, truth) in entries:
        order = sorted(range(len(truth)), key=lambda at: -truth[at])  # class 2 before 1 and 0
        turned[name] = ([predicted[at] for at in order], [truth[at] for at in order])
    return log_of(turned)


@pytest.mark.parametrize(
    "change",
    [
        wrapped,
        shuffled,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text + "(base) user@host:~$ exit\n",
        lambda text: text.splitlines()[-1],
        lambda text: re.sub(r"(Subject: 016\n(?:.*\n){4})", r"\1\1", text),
        lambda text: re.sub(r"(Subject: sub20\ntrain\n)(?:.*\n){2}", r"\1", text),
        lambda text: text.replace("Best Predicted    : ", "12:00:00 INFO Best Predicted:\t"),
    ],
    ids=["wrapped", "other folders", "crlf", "bom", "prompt", "summary", "block twice", "no lists", "logger"],
)
def test_what_terminals_and_other_machines_do_to_a_log_changes_nothing(change, handed_in):
    changed = change(LOG)
    assert changed != LOG
    assert handed_in(changed).predictions == handed_in(LOG).predictions


SHORT = "Subject: sub01\nBest Predicted    : [1, 0, 0]\nGround Truth : [1, 0, 0]\n"
SUB01 = "'sub01': {'pred': [1, 0, 0], 'truth': [1, 0, 0]}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SHORT, r"the log ends before its summary of all subjects, .*; it was cut, or the run did not finish"),
        (SHORT[:40], "the log ends before its summary"),
        (f"{SHORT}{{{SUB01}, 'sub02': {{'pred': [0, 0", "line 4: the summary of all subjects is cut or damaged here"),
        (f"{SHORT}{{{SUB01},\n'sub02': {{'pred': [0, 0\n", "line 5: the summary of all subjects is cut"),
        (f"{SHORT}{{{SUB01}", "line 4: the summary of all subjects is cut"),
        (f"{{{SUB01}, {SUB01}}}", "line 1: subject 'sub01' is already listed on line 1"),
        (f"{SHORT}{{{SUB01}}}\n" * 2, "line 8: a second run ends here; hand in one run in each file"),
        (
            SHORT + SHORT.replace("[1, 0, 0]", "[0, 0, 0]", 1) + f"{{{SUB01}}}",
            "line 5: subject 'sub01' differs from the summary on line 7",
        ),
        (
            SHORT.replace("sub01", "sub02") + f"{{{SUB01}}}",
            "line 1: subject 'sub02' is not in the summary",
        ),
        (
            "{'sub01': {'pred': [0, 0, 0], 'truth': [0, 0, 0]}}",
            "line 1: subject 'sub01' has 3 clips of class '0', but the clip list has 2",
        ),
        ("{'sub01': {'pred': [0, 0], 'truth': [0, 0]}}", "'sub01' has 0 clips of class '1', but the clip list has 1"),
        ("{'sub01': {'pred': [1, 0], 'truth': [1, 0, 0]}}", "line 1: subject 'sub01' has 2 predictions for 3 clips"),
        (
            "{'sub01': {'pred': [1, 0, 7], 'truth': [1, 0, 0]}}",
            "line 1: '7' is not a class; classes of composite are 0",
        ),
        (
            "{'sub01': {'pred': [1, 0, 0], 'truth': [1, 0, 0, 7]}}".replace("[1, 0, 0]", "[1, 0, 0, 0]", 1),
            "subject 'sub01' has 1 clips of class '7', but the clip list has 0",
        ),
        ("{'sub99': {'pred': [1], 'truth': [1]}}", "line 1: composite has no subject 'sub99'"),
        ("{'<script>alert(1)</script>': {'pred': [1], 'truth': [1]}}", "no subject '<script>alert"),
        ("{'\u202e01bus': {'pred': [1], 'truth': [1]}}", r"no subject '\\u202e01bus'"),
        ("{'x': {'pred': ['<b>'], 'truth': ['\u2067']}}", "composite has no subject 'x'"),
        ("{'sub01': {'pred': [1, 0, <b>\u2067], 'truth': [1, 0, 0]}}", r"line 1: '<b>\\u2067' is not a class"),
        ("Best Predicted: " + "[" * 100_000, "the log ends before its summary"),
        ("{'pred': [" * 100_000, "the log ends before its summary"),
        ("lr=0.00005, epochs=800, device=cuda\nSubject: sub01\ntrain\n", "the log ends before its summary"),
        ("<html><body>404</body></html>\n", "line 1: expected `database subject` or `clip,prediction`"),
    ],
)
def test_a_log_that_does_not_fit_is_refused_in_one_line(text, message, handed_in):
    with pytest.raises(SubmissionError, match=message) as raised:
        handed_in(text)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 500


def test_a_log_that_is_cut_anywhere_in_its_summary_is_refused(handed_in):
    begin = LOG.index("{'")
    for at in range(begin, len(LOG) - 2, 997):
        with pytest.raises(SubmissionError, match="summary of all subjects"):
            handed_in(LOG[:at])


def test_a_subject_name_of_two_databases_is_refused():
    both = CANONICAL[CANONICAL["subject"] == "samm/006"]
    other = both.assign(database="smic", subject="smic/006", clip=both["clip"].str.replace("samm", "smic"))
    ids = ClipIds(pd.concat([both, other]), "both")
    with pytest.raises(SubmissionError, match="subject '006' could be samm/006 or smic/006"):
        ids.subject_named("006")


def test_a_huge_log_is_refused(handed_in):
    with pytest.raises(SubmissionError, match="larger than 8 MiB"):
        handed_in(LOG + "\n" * MAX_BYTES)
