"""How a run tells that it goes on: rarely, plainly, and with a time that can be believed."""

from __future__ import annotations

import io
import sys

import pytest

from merbench.cli import progress as module
from merbench.cli.progress import EVERY, Bar, Clock, Lines, duration, progress


class Time:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch) -> Time:
    found = Time()
    monkeypatch.setattr(module, "time", found)
    return found


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


def test_the_time_left_is_in_proportion_to_the_pace(time):
    clock = Clock()
    clock.start(100, 0)
    time.now += 30
    clock.advance(25)
    assert clock.left == "about 1 min 30 s left"
    time.now += 30
    clock.advance(50)
    assert clock.left == "about 20 s left"
    clock.advance(25)
    assert clock.left == "about 0 s left"


def test_what_an_earlier_run_did_counts_as_done_and_not_as_pace(time):
    clock = Clock()
    clock.start(100, 60)
    assert clock.done == 60
    time.now += 20
    clock.advance(10)
    assert clock.done == 70
    assert clock.left == "about 1 min 00 s left"


def test_nothing_is_promised_before_there_is_a_pace(time):
    clock = Clock()
    clock.start(10, 0)
    assert clock.left == "time left not known yet"
    time.now += 60
    assert clock.left == "time left not known yet"
    clock.start(10, 0)
    time.now += 1
    clock.advance(5)
    assert clock.left == "time left not known yet"


def test_a_group_that_is_computed_whole_again_never_makes_more_than_all(time):
    clock = Clock()
    clock.start(10, 8)
    clock.advance(4)
    assert clock.done == 10


def test_lines_speak_at_most_every_fifteen_seconds(time, capsys):
    lines = Lines()
    with lines as shown:
        shown.start(1000, 0)
        for _ in range(100):
            time.now += 1
            shown.advance(1)
    told = capsys.readouterr()
    assert told.out == ""
    assert EVERY == 15
    assert len(told.err.splitlines()) == 100 // 15
    assert told.err.splitlines()[0] == "merbench: 2% done, about 16 min 25 s left"


def test_a_run_that_goes_on_says_what_was_done_before(time, capsys):
    Lines().start(200, 50)
    assert capsys.readouterr().err == "merbench: continuing: 25% was done before\n"


def test_elsewhere_than_on_a_terminal_there_are_plain_lines_without_escape_codes(time, capsys):
    shown = progress()
    assert isinstance(shown, Lines)
    with shown:
        shown.start(10, 5)
        time.now += 100
        shown.advance(1)
        shown.note("[bold]a note[/bold]")
    told = capsys.readouterr().err
    assert "\x1b" not in told
    assert "\r" not in told
    assert "merbench: [bold]a note[/bold]\n" in told


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_there_is_a_bar_and_notes_stand_above_it(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    shown = progress()
    assert isinstance(shown, Bar)
    with shown:
        shown.start(10, 5)
        shown.advance(5)
        shown.note("[bold]a note[/bold]")
    assert shown.clock.done == 10
    assert "merbench: [bold]a note[/bold]" in terminal.getvalue()
