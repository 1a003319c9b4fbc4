"""Which runs a sweep file asks for, and which files are refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from merbench.errors import MerbenchError, OptionError
from merbench.plugin.registry import Registry
from merbench.sweeps.file import SweepError, read_sweep
from merbench.sweeps.runs import Run, check_names, matching, runs_of

WHOLE = """
model = ["flow-lr", "majority"]
dataset = ["demo", "tiny"]
seed = [0, 1]
"""
FLOW = 'model = "flow-lr"\ndataset = "demo"\n'

Enumerate = Callable[[str], list[Run]]


@pytest.fixture
def enumerated(tmp_path: Path) -> Enumerate:
    """The runs of a sweep file with this text."""

    def runs(text: str) -> list[Run]:
        (tmp_path / "sweep.toml").write_text(text, "utf-8")
        return runs_of(read_sweep(tmp_path / "sweep.toml"))

    return runs


def names(runs: list[Run]) -> list[str]:
    return [run.name for run in runs]


def test_lists_make_a_product_and_the_first_seed_of_everything_comes_first(enumerated: Enumerate) -> None:
    assert names(enumerated(WHOLE)) == [
        f"{model} on {dataset}, seed {seed}"
        for seed in (0, 1)
        for model in ("flow-lr", "majority")
        for dataset in ("demo", "tiny")
    ]


def test_a_key_that_is_missing_has_the_default_of_merbench_run(enumerated: Enumerate) -> None:
    (run,) = enumerated(FLOW)
    assert (run.request.protocol, run.request.recipe, run.request.seed) == ("", "", 0)
    assert (run.request.epoch_policy, run.request.precision, run.request.settings) == ("last", "fp32", ())


def test_every_setting_is_multiplied_and_written_as_on_the_command_line(enumerated: Enumerate) -> None:
    text = FLOW + 'set.C = [0.1, 1]\nset.width = [[1, 2]]\nset.on = true\nset.kind = "a,b"\n'
    assert [run.request.settings for run in enumerated(text)] == [
        ("C=0.1", "width=1,2", "on=true", "kind=a,b"),
        ("C=1", "width=1,2", "on=true", "kind=a,b"),
    ]


def test_an_include_takes_what_it_does_not_name_from_the_file(enumerated: Enumerate) -> None:
    text = WHOLE + '[[include]]\nmodel = "htnet"\nseed = 5\nset.dim = [8, 16]\n'
    assert names(enumerated(text))[8:] == [
        "htnet (dim=8) on demo, seed 5",
        "htnet (dim=16) on demo, seed 5",
        "htnet (dim=8) on tiny, seed 5",
        "htnet (dim=16) on tiny, seed 5",
    ]


def test_a_file_may_leave_its_models_to_its_includes(enumerated: Enumerate) -> None:
    text = 'dataset = "demo"\n[[include]]\nmodel = "a"\nset.C = 1\n[[include]]\nmodel = "b"\n'
    assert names(enumerated(text)) == ["a (C=1) on demo, seed 0", "b on demo, seed 0"]


def test_an_exclude_leaves_out_the_runs_that_match_all_its_values(enumerated: Enumerate) -> None:
    found = names(enumerated(WHOLE + '[[exclude]]\nmodel = "majority"\nseed = [1, 2]\n'))
    assert len(found) == 6
    assert not [name for name in found if name.startswith("majority") and name.endswith("seed 1")]


def test_an_exclude_can_name_a_setting(enumerated: Enumerate) -> None:
    found = enumerated(FLOW + "set.C = [0.1, 1]\nset.k = [1, 2]\n[[exclude]]\nset.C = 1\nset.k = 2\n")
    assert [run.request.settings for run in found] == [("C=0.1", "k=1"), ("C=0.1", "k=2"), ("C=1", "k=1")]


def test_another_file_can_be_included_and_its_path_is_beside_this_file(tmp_path: Path, enumerated: Enumerate) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "other.toml").write_text('model = "majority"\ndataset = "tiny"\n')
    text = FLOW + '[[include]]\nfile = "below/other.toml"\n'
    assert names(enumerated(text)) == ["flow-lr on demo, seed 0", "majority on tiny, seed 0"]


def test_a_run_that_is_asked_for_twice_is_carried_out_once(enumerated: Enumerate) -> None:
    assert len(enumerated(FLOW + 'seed = [0, 0]\n[[include]]\nmodel = "flow-lr"\n')) == 1


def test_no_two_runs_have_one_name(enumerated: Enumerate) -> None:
    text = (
        WHOLE
        + """
recipe = ["", "quick"]
protocol = ["", "lodo"]
epoch-policy = ["last", "inner"]
device = ["auto", "cpu"]
precision = ["fp32", "bf16"]
folds = ["*", "a/*"]
skip-broken = [true, false]
set.C = [1, 2]
"""
    )
    found = names(enumerated(text))
    assert len(set(found)) == len(found) == 8 * 2**8


def test_only_keeps_the_runs_whose_name_matches(enumerated: Enumerate) -> None:
    found = matching(enumerated(WHOLE), "majority*seed 1")
    assert names(found) == ["majority on demo, seed 1", "majority on tiny, seed 1"]


def test_only_that_matches_nothing_shows_how_runs_are_named(enumerated: Enumerate) -> None:
    with pytest.raises(OptionError, match=r"matches none of 8 runs; they are named like: flow-lr on demo, seed 0"):
        matching(enumerated(WHOLE), "htnet*")


BAD = {
    "no TOML": ("model = ", "is not TOML in UTF-8"),
    "unknown key": (FLOW + "sed = 1", "no key is called 'sed' (nearest: seed"),
    "unknown key of an include": (FLOW + '[[include]]\nmodell = "a"', "[[include]] no key is called 'modell'"),
    "no model": ('dataset = "demo"', 'names no model; write model = "NAME"'),
    "no dataset": ('model = "a"', 'names no dataset; write dataset = "NAME"'),
    "an include without a model": ('dataset = "demo"\n[[include]]\nseed = 1', "names no model"),
    "empty product": (FLOW + "seed = []", "seed is an empty list, so there is no run"),
    "empty setting": (FLOW + "set.C = []", "set.C is an empty list"),
    "everything excluded": (FLOW + '[[exclude]]\nmodel = "flow-lr"', "the excludes leave no run"),
    "an exclude of nothing": (FLOW + "[[exclude]]\nseed = 3", "the [[exclude]] number 1 matches no run"),
    "seed": (FLOW + "seed = -1", "seed = -1 must be a whole number of at least 0"),
    "seed as text": (FLOW + 'seed = "1"', "seed = '1' must be a whole number"),
    "seed that is true": (FLOW + "seed = true", "seed = True must be a whole number"),
    "model": ('model = 3\ndataset = "demo"', "model = 3 must be text in quotes"),
    "policy": (FLOW + 'epoch-policy = "lst"', "epoch-policy = 'lst' (nearest: last); it is last or inner or oracle"),
    "set": (FLOW + "set = 3", "set is a table; write set.NAME = VALUE"),
    "value of a setting": (FLOW + "set.C = {a = 1}", "set.C = {'a': 1} must be text, a number"),
    "include": (FLOW + 'include = "other.toml"', "write each include as a table with the heading [[include]]"),
    "file with keys": (FLOW + '[[include]]\nfile = "a.toml"\nseed = 1', "has no other key"),
    "a name that no file has": (FLOW + '[[include]]\nfile = "a\\u0000b"', "needs the name of a sweep file"),
    "a file that is not there": (FLOW + '[[include]]\nfile = "none.toml"', "none.toml cannot be read"),
    "a name of two lines": (FLOW + 'set."a\\nb" = []', "set.a\\nb is an empty list"),
    "itself": (FLOW + '[[include]]\nfile = "sweep.toml"', "sweep.toml includes itself"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_asks_for_nothing_sensible_is_one_line(name: str, enumerated: Enumerate) -> None:
    text, words = BAD[name]
    with pytest.raises(SweepError) as caught:
        enumerated(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_circle_of_includes_is_told_with_its_files(tmp_path: Path) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"{one}.toml").write_text(f'{FLOW}[[include]]\nfile = "{other}.toml"\n')
    with pytest.raises(SweepError, match=r"a\.toml includes itself: .*a\.toml includes .*b\.toml includes .*a\.toml"):
        read_sweep(tmp_path / "a.toml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('model = "flow-lrr"\ndataset = "demo"', "no model is called 'flow-lrr' (nearest: flow-lr"),
        (FLOW + 'recipe = "quik"', "no recipe is called 'quik'"),
        (FLOW + 'protocol = "losso"', "no protocol is called 'losso' (nearest: loso"),
        ('model = "flow-lr"\ndataset = ["demo", "demos"]', "no dataset is called 'demos' (nearest: demo"),
        (FLOW + "set.Q = 1", "model flow-lr has no option 'Q'"),
        (FLOW + 'set.C = [1, "x"]', "--set C=x: must be a number"),
    ],
)
def test_a_name_that_is_not_there_is_told_before_anything_runs(
    text: str, words: str, enumerated: Enumerate, registry: Registry
) -> None:
    with pytest.raises(MerbenchError) as caught:
        check_names(enumerated(text), registry)
    assert words in str(caught.value)
