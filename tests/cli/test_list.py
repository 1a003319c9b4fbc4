"""`merbench list`: as objects, as plain columns, and as a table on a terminal."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from merbench.cli import main
from merbench.cli.list import citation, count
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry

OnATerminal = Callable[..., list[str]]
NOUNS = ("models", "datasets", "features", "protocols", "recipes", "sources", "executors")
REGISTRY = Registry(load(allow=()))


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


FAMILY = """
import fnmatch
import merbench

def member(name):
    if name not in ("small", "large"):
        raise merbench.OptionError(f"toys has no {name!r}")
    return merbench.EstimatorModel(name=f"toys:{name}", estimator="sklearn.dummy:DummyClassifier", features=())

def members(pattern):
    return fnmatch.filter(["large", "small"], pattern)

@merbench.hookimpl
def merbench_models():
    yield merbench.ModelFamily(name="toys", member="list_toys:member", members="list_toys:members", about="two toys")
"""


@pytest.fixture
def family(tmp_path: Path) -> list[str]:
    """The flag that loads a family of two models."""
    (tmp_path / "list_toys.py").write_text(FAMILY)
    return ["--plugin", str(tmp_path / "list_toys.py")]


def test_a_family_is_told_below_the_models_with_how_to_list_it_and_no_member_is_listed(
    family: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", "models", *family]) == 0
    out = capsys.readouterr().out
    assert "toys:*  two toys\n        merbench list models --match 'toys:*'\n" in out
    assert "toys:small" not in out
    assert not any(one["name"].startswith("toys") for one in listed(capsys, "models", *family))


def test_members_of_a_family_are_listed_where_a_pattern_asks_for_them(
    family: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert [one["name"] for one in listed(capsys, "models", "--match", "toys:s*", *family)] == ["toys:small"]
    assert [one["name"] for one in listed(capsys, "recipes", "--match", "toys:*", *family)] == [
        "toys:large/default",
        "toys:small/default",
    ]
    assert main(["list", "models", "--match", "toys:*", *family]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["name", "toys:large", "toys:small"]


def test_plugins_show_their_families(family: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", *family]) == 0
    assert "models: toys:*" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("noun", "pattern"),
    [
        ("models", "htn?t"),
        ("datasets", "composit[e]"),
        ("features", "htnet-*"),
        ("protocols", "subjects-*"),
        ("sources", "htnet*"),
        ("recipes", "htnet/p*"),
    ],
)
def test_every_noun_can_be_listed_by_a_shell_pattern(
    noun: str, pattern: str, capsys: pytest.CaptureFixture[str]
) -> None:
    every = {one["name"] for one in listed(capsys, noun)}
    found = {one["name"] for one in listed(capsys, noun, "--match", pattern)}
    assert found == set(fnmatch.filter(every, pattern))
    assert 0 < len(found) < len(every)


def test_a_pattern_without_a_slash_lists_the_recipes_of_the_models_that_it_matches(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = listed(capsys, "recipes", "--match", "htn?t")
    assert [one["recipe"] for one in found] == list(REGISTRY.models.get("htnet").recipes)


def test_without_a_noun_a_pattern_lists_what_matches_in_each(capsys: pytest.CaptureFixture[str]) -> None:
    found = {(one["noun"], one["name"]) for one in listed(capsys, "--match", "composite")}
    assert found == {("dataset", "composite"), ("protocol", "loso")}
    assert main(["list", "--match", "composite"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line in NOUNS] == ["datasets", "protocols"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["models", "--match", "htnte"], "no model is called 'htnte' (nearest: htnet"),
        (["models", "--match", "nobody:*"], "no model is called 'nobody:*'"),
        (["--match", "nothing-is-called-so"], "no name is called 'nothing-is-called-so'"),
    ],
)
def test_a_pattern_that_nothing_matches_is_an_error_in_one_line(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", *argv]) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert (out, err.count("\n")) == ("", 1)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [(None, ""), (950, "950"), (1678, "1.68 k"), (13_829, "13.8 k"), (2_664_000, "2.66 M"), (139_563_843, "139.6 M")],
)
def test_parameters_are_counted_in_four_digits_at_most(parameters: int | None, text: str) -> None:
    assert count(parameters) == text


@pytest.mark.parametrize(
    ("paper", "short"),
    [
        ("Wang, Zhang, Luo: HTNet for recognition. Neurocomputing 602, 2024", "Wang et al., 2024"),
        ("Zhao and Pietikäinen: Dynamic texture recognition. PAMI 29, 2007", "Zhao and Pietikäinen, 2007"),
        ("Liong and others: Less is more: 1999 frames. SPIC 62, 2018", "Liong et al., 2018"),
        ("Wightman: PyTorch Image Models. 2019", "Wightman, 2019"),
        ("the manual, 2019", ""),
        ("Wang: no year", ""),
        ("", ""),
    ],
)
def test_a_paper_is_cited_by_its_first_author_and_year(paper: str, short: str) -> None:
    assert citation(paper) == short


def test_every_network_from_a_paper_that_is_listed_has_its_parameters_and_citation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    networks = [one for one in listed(capsys, "models") if one["kind"] == "torch"]
    assert networks
    assert all(one["parameters"] and one["citation"] for one in networks)


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
    (quick,) = [line for line in lines if line.startswith("rcn-w/quick ")]
    assert re.search(r" shortened +optimizer=adam", quick)
    assert quick.endswith(" epochs=18, schedule=one-cycle, standardize=True, divisor=1.0, wide=True")


def test_a_recipe_that_sees_other_features_than_its_model_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "recipes", "--match", "timm:resnet18/images"]) == 0
    assert " features=onset-apex-224, optimizer=" in capsys.readouterr().out


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
    assert "─" not in out
    assert "\x1b" not in out


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("argv", [["list"], *(["list", noun] for noun in NOUNS), ["plugins"]], ids=" ".join)
def test_on_a_terminal_a_table_fits_and_no_name_is_cut(
    columns: int, argv: list[str], on_a_terminal: OnATerminal, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = on_a_terminal(columns, *argv)
    assert main([*argv, "--json"]) == 0
    names = {one["name"] for one in json.loads(capsys.readouterr().out)}
    assert max(map(len, lines)) <= columns
    assert names <= {line.split()[0] for line in lines if line.strip()}
    assert any(re.fullmatch("[ ─]*─[ ─]*", line) for line in lines)
    assert not any("…" in line for line in lines)


def test_a_name_that_is_wider_than_the_terminal_is_not_cut_either(on_a_terminal: OnATerminal, tmp_path: Path) -> None:
    name, path = long_named(tmp_path)
    assert name in [line.split(" ")[0] for line in on_a_terminal(80, "list", "models", "--plugin", path)]


def test_features_that_only_sources_provide_are_listed_with_these_sources(capsys: pytest.CaptureFixture[str]) -> None:
    features = {one["name"]: one for one in listed(capsys, "features")}
    assert features["two-phase-flow-28"]["about"] == "raw; read by causalnet-release"
    assert features["two-phase-flow-28"]["inputs"] == []
    assert "read by" not in features["flow-28"]["about"], "a function computes flow-28 too"
    provided = {name for one in listed(capsys, "sources") for name in one["provides"]}
    assert provided <= set(features)


def test_a_pattern_finds_a_raw_feature(capsys: pytest.CaptureFixture[str]) -> None:
    assert [one["name"] for one in listed(capsys, "features", "--match", "two-phase-*")] == ["two-phase-flow-28"]
