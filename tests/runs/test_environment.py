"""What a record says of the machine: enough to judge a time, nothing that names who ran it."""

from __future__ import annotations

import getpass
import importlib.metadata
import json
import os
import re
import socket
from datetime import datetime
from pathlib import Path

import merbench
from merbench.runs.environment import environment, merbench_commit

CHECKOUT = Path(merbench.__file__).resolve().parents[1]  # or, of an installed wheel, site-packages


def test_the_fields_are_those_of_the_documentation():
    found = environment("cpu", (), {"seconds": 1.5})
    assert sorted(found) == [
        "finished", "hardware", "merbench", "packages", "peak_memory_bytes", "python", "seconds", "system",
    ]  # fmt: skip
    assert found["seconds"] == 1.5
    assert found["hardware"]["device"] == "cpu"
    assert found["hardware"]["cores"] >= 1
    assert found["peak_memory_bytes"] > 2**20
    assert datetime.fromisoformat(found["finished"]).utcoffset().total_seconds() == 0
    assert re.match(r"\d+\.\d+", found["packages"]["torch"])


def test_the_packages_are_what_the_distributions_that_took_part_require():
    alone, with_strangers = (environment("cpu", names, {})["packages"] for names in ((), ("pytest", "my_plugin.py")))
    assert {"torch", "numpy", "pandas"} <= set(alone)
    assert "iniconfig" not in alone
    assert with_strangers["iniconfig"] == importlib.metadata.version("iniconfig")
    assert "hypothesis" not in with_strangers  # optional for pytest


def test_it_is_json():
    assert json.loads(json.dumps(environment("cpu", (), {}), allow_nan=False))


def test_no_path_user_or_host_is_in_it():
    text = json.dumps(environment("cpu", (), {}))
    words = set(re.findall(r"[^\s\"]+", text))
    assert not {str(CHECKOUT), str(Path.home()), socket.gethostname(), getpass.getuser()} & words
    assert str(Path.home()) + os.sep not in text


def test_the_commit_is_that_of_the_checkout():
    if (CHECKOUT / ".git").exists():
        assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", merbench_commit())
    else:
        assert merbench_commit() is None or re.fullmatch(r"[0-9a-f]{40}", merbench_commit())


def test_without_git_the_commit_is_not_known_and_nothing_fails(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    commit = merbench_commit()
    assert commit is None or not (CHECKOUT / ".git").exists()
