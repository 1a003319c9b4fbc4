"""The two forms of a file of predictions, and what is neither."""

from __future__ import annotations

import os

import pytest
from merbench_databases.canonical import composite

from merbench.data.clips import clip_table
from merbench.runs.clip_ids import ClipIds, SubmissionError
from merbench.runs.logs import MAX_BYTES, Predicted, read_content, read_predicted

IDS = ClipIds(clip_table(composite()), "composite")
LOG = "casme2 sub01\nEP02_01f 1 0\nEP19_05f 0 2\nsamm 6\n006_1_2 0 1\n"
WANTED = [
    Predicted(2, "casme2/sub01/EP02_01f", "1", "0"),
    Predicted(3, "casme2/sub01/EP19_05f", "0", "2"),
    Predicted(5, "samm/006/006_1_2", "0", "1"),
]
CSV = "clip,prediction\ncasme2/sub01/EP02_01f,0\ncasme2/sub01/EP19_05f,2\nsamm/006/006_1_2,1\n"


def rows(text: str | bytes, order="truth-prediction"):
    return read_predicted(text.encode() if isinstance(text, str) else text, IDS, order)


def test_a_log_is_a_header_for_each_fold_and_a_row_for_each_clip():
    assert rows(LOG) == WANTED


def test_the_other_order_of_columns_is_taken_when_told():
    swapped = [Predicted(one.line, one.clip, one.predicted, one.truth) for one in WANTED]
    assert rows(LOG, "prediction-truth") == swapped


def test_a_csv_has_no_truth():
    assert rows(CSV) == [Predicted(at, one.clip, None, one.predicted) for at, one in enumerate(WANTED, start=2)]


@pytest.mark.parametrize("text", [LOG, CSV], ids=["log", "csv"])
@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: "\ufeff" + text,
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n\n   \n",
        lambda text: text.replace(" ", "\t"),
        lambda text: text.replace("casme2", "CASME2"),
    ],
    ids=["crlf", "cr", "bom", "no last newline", "blank lines", "tabs", "case"],
)
def test_what_editors_do_to_a_file_changes_nothing(text, change):
    assert rows(change(text)) == rows(text)


def test_a_csv_may_quote_and_have_blanks_and_unpadded_ids():
    assert rows('"Clip", Prediction\n"samm/6/6_1_2", 1 \n') == [Predicted(2, "samm/006/006_1_2", None, "1")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LOG + "006_9_9 0 0\n", r"line 6: samm/006 has no clip '006_9_9' in composite"),
        (LOG + "006_1_2 0 0\n", "line 6: samm/006/006_1_2 is already listed on line 5"),
        (LOG + "6_1_2 0 0\n", "line 6: samm/006/006_1_2 is already listed on line 5"),
        (CSV + "samm/006/006_1_2,0\n", "line 5: samm/006/006_1_2 is already listed on line 4"),
        ("EP02_01f 1 1\n", "line 1: expected `database subject` or `clip,prediction`, found 'EP02_01f 1 1'"),
        ("clip;prediction\n", "line 1: expected .*, found 'clip;prediction'"),
        ("casme2 sub01\nEP02_01f 1 1 1\n", "line 2: expected `clip truth prediction`, found 'EP02_01f 1 1 1'"),
        ("casme2 sub01\nEP02_01f\n", "line 2: expected `clip truth prediction`, found 'EP02_01f'"),
        # A row that lacks a column reads like a header, and is not taken for one.
        ("casme2 sub01\nEP02_01f 1\nEP19_05f 0 0\n", "line 2: no database of composite is called 'EP02_01f'"),
        ("casme2 sub99\nEP02_01f 1 1\n", "line 1: casme2 has no subject 'sub99'"),
        ("casme2 sub01\n", "the file has no predictions"),
        ("clip,prediction\n", "the file has no predictions"),
        ("clip,predicted\n", "line 1: expected the header clip,prediction, found 'clip,predicted'"),
        ("clip,truth,prediction\n", "expected the header"),
        ("clip,prediction\nEP02_01f,1\n", "line 2: 'EP02_01f' is not a clip id like database/subject/clip"),
        ("clip,prediction\nsamm/006/006_1_2\n", "line 2: expected clip and prediction, found 1 values"),
        ("clip,prediction\nsamm/006/006_1_2,1,1\n", "line 2: expected clip and prediction, found 3 values"),
        ('clip,prediction\n"samm/006/006_1_2,1\n', "not CSV: unexpected end of data"),
        ("clip,prediction\n" + "x" * 200_000 + ",1\n", "not CSV: field larger than field limit"),
        ("", "the file is empty"),
        (" \n\n", "the file is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", r"the file is not UTF-8 \(byte 0\)"),
        (LOG.encode("utf-16"), r"the file is not UTF-8 \(byte 0\)"),
        (b"casme2 sub01\nEP02_01f 1 \x00\n", "NUL bytes"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text, message):
    with pytest.raises(SubmissionError, match=message) as raised:
        rows(text)
    assert len(str(raised.value).splitlines()) == 1


def test_the_first_few_faults_are_named_and_the_others_counted():
    with pytest.raises(SubmissionError) as raised:
        rows("casme2 sub01\n" + "".join(f"EP99_{number} 0 0\n" for number in range(12)))
    told = str(raised.value)
    assert told.startswith("line 2: ")
    assert "line 6: " in told
    assert "line 7: " not in told
    assert told.endswith("; and 7 more")


def test_below_a_header_that_is_wrong_only_the_header_is_named():
    with pytest.raises(SubmissionError) as raised:
        rows("casme2 sub99\nEP02_01f 1 1\nEP19_05f 0 0\n")
    assert "line 2" not in str(raised.value)


def test_text_of_the_file_is_quoted_and_cut():
    with pytest.raises(SubmissionError) as raised:
        rows("casme2 sub01\n" + "\x1b[31m" + "x" * 10_000 + " 0 0\n")
    assert "\x1b" not in str(raised.value)
    assert len(str(raised.value)) < 300


def test_a_file_that_is_missing_a_folder_or_too_large_is_refused(tmp_path):
    with pytest.raises(SubmissionError, match=r"cannot read .*No such file"):
        read_content(tmp_path / "none")
    with pytest.raises(SubmissionError, match=r"cannot read .*directory"):
        read_content(tmp_path)
    (tmp_path / "large").write_bytes(b"\n" * (MAX_BYTES + 1))
    with pytest.raises(SubmissionError, match="larger than 8 MiB"):
        read_content(tmp_path / "large")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SubmissionError, match=r"cannot read .*pipe: not a regular file"):
        read_content(tmp_path / "pipe")
