"""`merbench list`: as objects, as plain columns, and as a table on a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from merbench.cli import main

NOUNS = ("models", "datasets", "features", "protocols", "recipes", "sources")


def listed(capsys: pytest.CaptureFixture[str], *argv: str) -> list[dict[str, Any]]:
    assert main(["list", *argv, "--json"]) == 0
    objects = json.loads(capsys.readouterr().out)
    assert isinstance(objects, list)
    return objects


@pytest.mark.parametrize("noun", NOUNS)
def test_json_is_a_list_of_objects_with_name_about_and_distribution(
    noun: str, capsys: pytest.CaptureFixture[str]
) -> None:
    objects = listed(capsys, noun)
    assert objects
    assert all({"name", "about", "distribution"} <= set(one) for one in objects)
    assert len({one["name"] for one in objects}) == len(objects)


def test_a_model_has_features_and_recipes_the_default_first(capsys: pytest.CaptureFixture[str]) -> None:
    (htnet,) = [one for one in listed(capsys, "models") if one["name"] == "htnet"]
    assert htnet["kind"] == "torch"
    assert htnet["recipes"][0] == htnet["default_recipe"]
    assert "quick" in htnet["recipes"]


def test_a_recipe_has_its_model_and_settings(capsys: pytest.CaptureFixture[str]) -> None:
    recipes = {one["name"]: one for one in listed(capsys, "recipes")}
    assert recipes["htnet/published"]["model"] == "htnet"
    assert recipes["htnet/published"]["recipe"] == "published"
    assert recipes["htnet/published"]["settings"]["epochs"] == 800
    assert set(recipes["majority/default"]["settings"]) == {"options"}


def test_without_a_noun_json_names_the_noun_of_each_object(capsys: pytest.CaptureFixture[str]) -> None:
    objects = listed(capsys)
    assert {one["noun"] for one in objects} == {noun[:-1] for noun in NOUNS}
    assert all(one["name"] for one in objects)


def test_without_a_noun_all_are_listed_under_their_headings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line in NOUNS] == list(NOUNS)


def test_a_table_of_recipes_shows_the_settings_that_matter(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "recipes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (published,) = [line for line in lines if line.startswith("htnet/published ")]
    assert "optimizer=adam, lr=5e-05, batch_size=256, epochs=800, order=by-class" in published
    assert "momentum" not in published


def long_named(tmp_path: Path) -> tuple[str, str]:
    name = "a-model-with-a-name-that-is-very-much-longer-than-anybody-would-like-it-to-be-on-a-narrow-terminal"
    path = tmp_path / "long_named.py"
    path.write_text(
        "import merbench\n@merbench.hookimpl\ndef merbench_models():\n"
        f"    yield merbench.EstimatorModel(name={name!r}, estimator='a:b', features=(), about='so [red]long[/red]')\n"
    )
    return name, str(path)


def test_into_a_pipe_goes_plain_text_and_nothing_is_cut(tmp_path: Path) -> None:
    name, path = long_named(tmp_path)
    out = subprocess.run(
        [sys.executable, "-m", "merbench", "list", "models", "--plugin", path],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "40"},
    ).stdout
    assert re.search(rf"^{name} .*so \[red\]long\[/red\]$", out, re.MULTILINE)
    assert out.isascii()
    assert "\x1b" not in out


def on_a_terminal(columns: int, *argv: str) -> list[str]:
    """The lines that a terminal of so many columns gets, without its control sequences."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES", "NO_COLOR")}
    with subprocess.Popen(
        [sys.executable, "-m", "merbench", *argv],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**environment, "TERM": "xterm-256color"},
    ) as process:
        os.close(theirs)
        text = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # what Linux says when the other end is closed
                break
            if not piece:
                break
            text += piece
    os.close(ours)
    assert process.returncode == 0
    return re.sub(r"\x1b\[[0-9;]*m", "", text.decode()).replace("\r\n", "\n").splitlines()


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("argv", [["list"], *(["list", noun] for noun in NOUNS), ["plugins"]], ids=" ".join)
def test_on_a_terminal_a_table_fits_and_no_name_is_cut(
    columns: int, argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = on_a_terminal(columns, *argv)
    assert main([*argv, "--json"]) == 0
    names = {one["name"] for one in json.loads(capsys.readouterr().out)}
    assert max(map(len, lines)) <= columns
    assert names <= {line.split()[0] for line in lines if line.strip()}
    assert any(re.fullmatch("[ ─]*─[ ─]*", line) for line in lines)
    assert not any("…" in line for line in lines)


def test_a_name_that_is_wider_than_the_terminal_is_not_cut_either(tmp_path: Path) -> None:
    name, path = long_named(tmp_path)
    assert name in [line.split(" ")[0] for line in on_a_terminal(80, "list", "models", "--plugin", path)]
