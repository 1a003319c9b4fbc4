"""What is taken of a script that cannot be imported."""

from __future__ import annotations

from pathlib import Path

import pytest
from torch import nn

from tests.benchmarks.released import clone, released, same_tensors

NETWORK = """
import argparse, math
from functools import partial
from never_released import Attention, Unused
from einops import repeat
from torch import nn

WIDTH = 3
arguments = argparse.ArgumentParser().parse_args(["--unknown"])

def half(number):
    return number // 2

class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.width = half(6) + WIDTH
        self.attention = Attention()

raise SystemExit("the training starts")
"""
ATTENTION = """
from itertools import repeat

def double(number):
    return list(repeat(number, 2))

class Attention:
    heads = double(4)
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A script, and the file that it imports under another name."""
    script, attention = tmp_path / "train.py", tmp_path / "attention.py"
    script.write_text(NETWORK)
    attention.write_text(ATTENTION)
    return script, attention


def test_a_class_is_taken_with_what_it_uses_and_the_script_does_not_run(files: tuple[Path, Path]) -> None:
    network = released("Network", *files)()
    assert network.width == 6
    assert network.attention.heads == [4, 4]


def test_what_is_imported_and_found_nowhere_is_named(files: tuple[Path, Path]) -> None:
    with pytest.raises(SystemExit, match=r"train\.py needs what cannot be imported: .*never_released"):
        released("Network", files[0])


def test_a_file_or_class_that_is_not_there_is_named(files: tuple[Path, Path]) -> None:
    with pytest.raises(SystemExit, match=r"train\.py defines no Transformer"):
        released("Transformer", *files)
    with pytest.raises(SystemExit, match=r"other\.py is missing"):
        released("Network", files[0].with_name("other.py"))


def test_a_clone_is_found_under_the_name_of_its_repository(tmp_path: Path) -> None:
    (tmp_path / "MMNet").mkdir()
    assert clone(tmp_path, "MMNet") == tmp_path / "MMNet"
    assert clone(tmp_path, "HTNet") is None
    assert clone(None, "MMNet") is None


def test_networks_with_other_tensors_are_not_compared() -> None:
    network = nn.Linear(2, 3)
    assert same_tensors(network, nn.Linear(2, 3)) is network
    with pytest.raises(SystemExit, match="Linear as released is another network than merbench's: weight"):
        same_tensors(network, nn.Linear(4, 3))
