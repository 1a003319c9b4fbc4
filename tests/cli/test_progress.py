"""How a run tells that it goes on: rarely, plainly, and with a time that can be believed."""

from __future__ import annotations

import io
import sys

import pytest

from merbench.cli.progress import EVERY, Shown, duration, progress


class Time:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def shown(time: Time) -> Shown:
    return Shown("clips", time)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (61, "1 min 01 s"),
        (380, "6 min 20 s"),
        (3599, "59 min 59 s"),
        (3599.9, "1 h 00 min"),
        (11100, "3 h 05 min"),
        (360000, "100 h 00 min"),
    ],
)
def test_a_duration_reads_as_people_say_it(seconds, text):
    assert duration(seconds) == text


def told(capsys: pytest.CaptureFixture[str]) -> list[str]:
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()


def test_the_time_left_is_in_proportion_to_the_pace(shown, time, capsys):
    shown.start(100, 0)
    for seconds, units in ((30, 25), (30, 50), (20, 25)):
        time.now += seconds
        shown.advance(units)
    assert told(capsys) == [
        "merbench: 25% done, about 1 min 30 s left",
        "merbench: 75% done, about 20 s left",
        "merbench: 100% done, about 0 s left",
    ]


def test_what_an_earlier_run_did_counts_as_done_and_not_as_pace(shown, time, capsys):
    shown.start(100, 60)
    time.now += 20
    shown.advance(10)
    assert told(capsys) == [
        "merbench: continuing: 60% was done before",
        "merbench: 70% done, about 1 min 00 s left",
    ]


def test_nothing_is_promised_before_there_is_a_pace(shown, time, capsys):
    shown.start(10, 5)
    time.now += 60
    shown.advance(0)
    assert told(capsys)[1:] == ["merbench: 50% done, time left not known yet"]


def test_the_pace_is_that_of_the_work_that_goes_on_now(shown, time, capsys):
    for units in (10, 100):
        shown.start(units, 0)
        time.now += 20
        shown.advance(10)
    assert told(capsys)[1:] == ["merbench: 10% done, about 3 min 00 s left"]


def test_a_group_that_is_computed_whole_again_never_makes_more_than_all(shown, time, capsys):
    shown.start(10, 8)
    time.now += 15
    shown.advance(4)
    assert told(capsys)[1:] == ["merbench: 100% done, about 0 s left"]


def test_lines_appear_at_most_every_fifteen_seconds(shown, time, capsys):
    with shown:
        shown.start(1000, 0)
        for _ in range(100):
            time.now += 1
            shown.advance(1)
    lines = told(capsys)
    assert EVERY == 15
    assert len(lines) == 100 // 15
    assert lines[0] == "merbench: 2% done, about 16 min 25 s left"


def test_elsewhere_than_on_a_terminal_there_are_plain_lines_without_escape_codes(shown, time, capsys):
    with shown:
        shown.start(10, 5)
        time.now += 100
        shown.advance(1)
        shown.note("[bold]a note[/bold]")
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "\r" not in err
    assert "merbench: [bold]a note[/bold]\n" in err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_there_is_a_bar_and_notes_stand_above_it(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    with progress("clips") as shown:
        shown.start(10, 5)
        shown.advance(4)
        shown.bar.refresh()
        shown.note("[bold]a note[/bold]")
    assert "merbench: [bold]a note[/bold]" in terminal.getvalue()
    assert "clips" in terminal.getvalue()
    assert " 90%" in terminal.getvalue()
