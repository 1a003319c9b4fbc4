"""Reads imported predictions in three formats: the log of MEGC2019, a log by subject, and a CSV of `clip,prediction`.

The log of MEGC2019 has a header `casme2 sub01` for every fold, then a row `EP02_01f 1 1` for every clip: its name, its
true class, and its predicted class.

A log by subject is what a family of training scripts prints. Its last part is a summary of all subjects,
`{'sub01': {'pred': [0, 0, 1], 'truth': [0, 0, 1]}, 'sub02': ...}`. It names no clips.
"""

from __future__ import annotations

import bisect
import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Literal, NamedTuple

from merbench.errors import and_more
from merbench.files import read_bounded
from merbench.runs.clip_ids import ClipIds, SubmissionError, shown

__all__ = ["Order", "Predicted", "is_subject_log", "read_content", "read_predicted"]

Order = Literal["truth-prediction", "prediction-truth"]  # of the two columns of a log after the clip

HEADER = ["clip", "prediction"]  # of a CSV
MAX_BYTES = 8 * 2**20  # the log of the composite has 7 kB; ten thousand clips take less than 1 MB
NAMED = 5  # faults in an error before "and n more"

# Of a log by subject. A terminal breaks the summary at any place, so its entries are matched without white space.
_SUBJECT_LOG = re.compile(rb"\bSubject\s*:|Best Predicted\s*:|Ground Truth\s*:|\{'pred'\s*:")
_SUMMARY = re.compile(r"\{\s*'[^']*'\s*:\s*\{\s*'pred'")
_ENTRY = re.compile(r"'([^']*)':\{'pred':\[([^\[\]]*)\],'truth':\[([^\[\]]*)\]\}([,}])")
_PRINTED = re.compile(r"\b(Subject|Best Predicted|Ground Truth)\s*:\s*(.*)")


@dataclass(frozen=True)
class Predicted:
    """One clip: its line (from 1), its canonical id, and both classes as the file spells them; a CSV has no truth."""

    line: int
    clip: str
    truth: str | None
    predicted: str


class _Entry(NamedTuple):
    """One subject in the summary of a log by subject: its line, and the classes as the file spells them."""

    line: int
    predicted: list[str]
    truth: list[str]


def read_content(path: Path) -> bytes:
    """Read the bytes of a file of predictions.

    Raises:
        SubmissionError: the file cannot be read, or has more than `MAX_BYTES`.
    """
    try:
        return read_bounded(path, MAX_BYTES)
    except OSError as error:
        raise SubmissionError(f"cannot read {path}: {error.strerror}") from error


def read_predicted(content: bytes, ids: ClipIds, order: Order) -> list[Predicted]:
    """Read the rows of a log or CSV, in the order of the file.

    The rows of a log by subject have the clips of the subject and class in the order of the clip list.

    Raises:
        SubmissionError: the content is not text or has none of the formats, lines name a clip twice or a clip that is
            not in the list, or a log by subject is not whole or has other clips of a class than the list. The message
            names the first few lines.
    """
    lines = _text(content).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = next((line for line in lines if line.strip()), "")
    faults: list[str] = []
    if is_subject_log(content):
        rows = _subject_rows(lines, ids, faults)
    else:
        rows = _csv_rows(lines, ids, faults) if "," in first else _log_rows(lines, ids, order, faults)
    found = _once(rows, faults)
    if faults:
        raise SubmissionError(and_more(faults, NAMED, "; "))
    if not found:
        raise SubmissionError("the file has no predictions")
    return found


def is_subject_log(content: bytes) -> bool:
    """Return whether a file is a log by subject, which has the epoch that does best on each test subject."""
    return bool(_SUBJECT_LOG.search(content))


def _text(content: bytes) -> str:
    if not content.strip():
        raise SubmissionError("the file is empty")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SubmissionError(f"the file is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    if "\0" in text:
        raise SubmissionError("the file is not text: it contains NUL bytes")
    return text


def _log_rows(lines: Sequence[str], ids: ClipIds, order: Order, faults: list[str]) -> Iterator[Predicted]:
    subject: str | None = None
    header = 0
    for line, text in enumerate(lines, start=1):
        words = text.split()
        if len(words) == 2:
            subject, header = None, line
            try:
                subject = ids.subject(*words)
            except SubmissionError as error:
                faults.append(f"line {line}: {error}")
        elif len(words) == 3 and subject:
            truth, predicted = words[1:] if order == "truth-prediction" else words[:0:-1]
            try:
                yield Predicted(line, ids.clip(subject, words[0]), truth, predicted)
            except SubmissionError as error:
                faults.append(f"line {line}: {error}")
        elif words and not (len(words) == 3 and header):  # after a faulty header, only the header is reported
            wanted = "`clip truth prediction`" if header else "`database subject` or `clip,prediction`"
            faults.append(f"line {line}: expected {wanted}, found {shown(text.strip())}")


def _subject_rows(lines: Sequence[str], ids: ClipIds, faults: list[str]) -> Iterator[Predicted]:
    begins = [line for line, text in enumerate(lines, start=1) if _SUMMARY.search(text)]
    if not begins:
        raise SubmissionError(
            "the log ends before its summary of all subjects, {'sub01': {'pred': [...], 'truth': [...]}, ...}; "
            "it was cut, or the run did not finish"
        )
    if len(begins) > 1:
        raise SubmissionError(f"line {begins[1]}: a second run ends here; hand in one run in each file")
    entries = _summary(lines[begins[0] - 1 :], begins[0], faults)
    _check_printed(lines[: begins[0] - 1], entries, faults)
    for name, entry in entries.items():
        try:
            clips = ids.by_class(ids.subject_named(name))
            _check_counts(name, entry, clips)
        except SubmissionError as error:
            faults.append(f"line {entry.line}: {error}")
            continue
        following = {label: iter(own) for label, own in clips.items()}
        for truth, predicted in zip(entry.truth, entry.predicted, strict=True):
            yield Predicted(entry.line, next(following[truth]), truth, predicted)


def _summary(lines: Sequence[str], first: int, faults: list[str]) -> dict[str, _Entry]:
    """Read the summary; `first` is the number of its first line."""
    pieces = ["".join(text.split()) for text in lines]
    ends = list(accumulate(map(len, pieces)))
    text = "".join(pieces)
    entries: dict[str, _Entry] = {}
    begin, last = _SUMMARY.search(text), ""
    position = begin.start() + 1 if begin else 0
    while last != "}":
        entry, line = _ENTRY.match(text, position), first + bisect.bisect_right(ends, position)
        if entry is None:
            line = min(line, first + len(lines) - 1)
            raise SubmissionError(f"line {line}: the summary of all subjects is cut or damaged here")
        name, predicted, truth, last = entry.groups()
        if name in entries:
            faults.append(f"line {line}: subject {shown(name)} is already listed on line {entries[name].line}")
        else:
            entries[name] = _Entry(line, predicted.split(","), truth.split(","))
        position = entry.end()
    return entries


def _check_printed(lines: Sequence[str], entries: Mapping[str, _Entry], faults: list[str]) -> None:
    """Compare the summary with the lists above it. A list that a terminal broke into lines is not compared."""
    name = ""
    for line, text in enumerate(lines, start=1):
        found = _PRINTED.search(text)
        if found is None:
            continue
        value = "".join(found[2].split())
        if found[1] == "Subject":
            name = value
            if name not in entries:
                faults.append(f"line {line}: subject {shown(name)} is not in the summary")
        elif name in entries and value.endswith("]"):
            listed = entries[name].predicted if found[1] == "Best Predicted" else entries[name].truth
            if value != f"[{','.join(listed)}]":
                faults.append(
                    f"line {line}: subject {shown(name)} differs from the summary on line {entries[name].line}"
                )


def _check_counts(name: str, entry: _Entry, clips: Mapping[str, list[str]]) -> None:
    if len(entry.predicted) != len(entry.truth):
        raise SubmissionError(
            f"subject {shown(name)} has {len(entry.predicted)} predictions for {len(entry.truth)} clips"
        )
    counts = Counter(entry.truth)
    for label in sorted({*counts, *clips}):
        if counts[label] != len(clips.get(label, ())):
            raise SubmissionError(
                f"subject {shown(name)} has {counts[label]} clips of class {shown(label)}, "
                f"but the clip list has {len(clips.get(label, ()))}"
            )


def _csv_rows(lines: Sequence[str], ids: ClipIds, faults: list[str]) -> Iterator[Predicted]:
    reader = csv.reader(lines, strict=True)
    header: list[str] = []
    try:
        for cells in reader:
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            if not header:
                header = [value.lower() for value in values]
                _check_header(header, reader.line_num)
            elif len(values) != len(HEADER):
                faults.append(f"line {reader.line_num}: expected clip and prediction, found {len(values)} values")
            else:
                yield from _csv_row(reader.line_num, values[0], values[1], ids, faults)
    except csv.Error as error:
        faults.append(f"line {reader.line_num}: not CSV: {error}")


def _check_header(header: list[str], line: int) -> None:
    if header != HEADER:
        raise SubmissionError(f"line {line}: expected the header {','.join(HEADER)}, found {shown(','.join(header))}")


def _csv_row(line: int, clip: str, predicted: str, ids: ClipIds, faults: list[str]) -> Iterator[Predicted]:
    parts = clip.split("/")
    try:
        if len(parts) != 3:
            raise SubmissionError(f"{shown(clip)} is not a clip id like database/subject/clip")
        yield Predicted(line, ids.clip(ids.subject(parts[0], parts[1]), parts[2]), None, predicted)
    except SubmissionError as error:
        faults.append(f"line {line}: {error}")


def _once(rows: Iterator[Predicted], faults: list[str]) -> list[Predicted]:
    first: dict[str, Predicted] = {}
    for row in rows:
        if row.clip in first:
            faults.append(f"line {row.line}: {row.clip} is already listed on line {first[row.clip].line}")
        else:
            first[row.clip] = row
    return list(first.values())
