"""Reads imported predictions in two formats: the log of MEGC2019, and a CSV of `clip,prediction`.

The log has a header `casme2 sub01` for every fold, then a row `EP02_01f 1 1` for every clip: its name, its true class,
and its predicted class.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from merbench.files import read_bounded
from merbench.runs.clip_ids import ClipIds, SubmissionError, shown

__all__ = ["Order", "Row", "read_content", "read_rows"]

Order = Literal["truth-prediction", "prediction-truth"]  # of the two columns of a log after the clip

HEADER = ["clip", "prediction"]  # of a CSV
MAX_BYTES = 8 * 2**20  # the log of the composite has 7 kB; ten thousand clips take less than 1 MB
NAMED = 5  # faults in an error before "and n more"


@dataclass(frozen=True)
class Row:
    """One clip: its line (from 1), its canonical id, and both classes as the file spells them; a CSV has no truth."""

    line: int
    clip: str
    truth: str | None
    predicted: str


def read_content(path: Path) -> bytes:
    """Read the bytes of a file of predictions.

    Raises:
        SubmissionError: the file cannot be read, or has more than `MAX_BYTES`.
    """
    try:
        return read_bounded(path, MAX_BYTES)
    except OSError as error:
        raise SubmissionError(f"cannot read {path}: {error.strerror}") from error


def read_rows(content: bytes, ids: ClipIds, order: Order) -> list[Row]:
    """Read the rows of a log or CSV, in the order of the file.

    Raises:
        SubmissionError: the content is not text or has neither format, or lines name a clip twice or a clip that is not
            in the list. The message names the first few lines.
    """
    lines = _text(content).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = next((line for line in lines if line.strip()), "")
    faults: list[str] = []
    rows = _csv_rows(lines, ids, faults) if "," in first else _log_rows(lines, ids, order, faults)
    found = _once(rows, faults)
    if faults:
        more = f"; and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
        raise SubmissionError("; ".join(faults[:NAMED]) + more)
    if not found:
        raise SubmissionError("the file has no predictions")
    return found


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


def _log_rows(lines: Sequence[str], ids: ClipIds, order: Order, faults: list[str]) -> Iterator[Row]:
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
                yield Row(line, ids.clip(subject, words[0]), truth, predicted)
            except SubmissionError as error:
                faults.append(f"line {line}: {error}")
        elif words and not (len(words) == 3 and header):  # after a faulty header, only the header is reported
            wanted = "`clip truth prediction`" if header else "`database subject` or `clip,prediction`"
            faults.append(f"line {line}: expected {wanted}, found {shown(text.strip())}")


def _csv_rows(lines: Sequence[str], ids: ClipIds, faults: list[str]) -> Iterator[Row]:
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


def _csv_row(line: int, clip: str, predicted: str, ids: ClipIds, faults: list[str]) -> Iterator[Row]:
    parts = clip.split("/")
    try:
        if len(parts) != 3:
            raise SubmissionError(f"{shown(clip)} is not a clip id like database/subject/clip")
        yield Row(line, ids.clip(ids.subject(parts[0], parts[1]), parts[2]), None, predicted)
    except SubmissionError as error:
        faults.append(f"line {line}: {error}")


def _once(rows: Iterator[Row], faults: list[str]) -> list[Row]:
    first: dict[str, Row] = {}
    for row in rows:
        if row.clip in first:
            faults.append(f"line {row.line}: {row.clip} is already listed on line {first[row.clip].line}")
        else:
            first[row.clip] = row
    return list(first.values())
