"""The documentation is held to the code: commands and examples run, and what is listed is what there is.

A block of commands is a `console` block; its lines with `$ ` are commands, the others what they print. All commands of
a page run in one folder, in the order of the page, as a reader would give them. Licensed releases that a page adds are
drawn there by `RELEASES`. Trainings of networks are cut short by `FOLDS` and `EPOCHS`; the setup commands of `SETUP`
are not run but held otherwise.
"""

from __future__ import annotations

import dataclasses
import functools
import glob
import inspect
import json
import os
import re
import runpy
import shlex
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from merbench_databases.casme2 import CASME2
from pydantic import BaseModel

from merbench import Recipe, TorchModel
from merbench.cli import main
from merbench.cli.exchange import add_parsers
from merbench.cli.report import METRICS
from merbench.cli.run import add_parser
from merbench.leaderboard.entries import make_entry
from merbench.leaderboard.rows import make_rows
from merbench.leaderboard.site import Figure, Row
from merbench.plugin import hooks
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs import schema
from merbench.runs.record import read_record
from merbench.runs.schema import Record
from tests.made import cached_shelf, made_clips, write_release

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "leaderboards" / "records"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = {page.name: page.read_text("utf-8") for page in PAGES}

# What a test leaves of the training of a network on a dataset: two folds, on the demo with clips of every class.
FOLDS = {"demo": "demo-a/a0[12]", "casme3-7": "[12]of5"}
EPOCHS = ["--set", "epochs=2"]
NETWORKS = {model.name for model in Registry(load(allow=())).models if isinstance(model, TorchModel)}
INSTALL = "python -m pip install . && merbench run --model htnet --dataset demo --recipe quick"
CHECKS = "python -m pip install tox && tox"
CLONE = "git clone https://github.com/wangzhifengharrison/HTNet"
SETUP = {INSTALL, CHECKS, CLONE}
GENERATED = "leaderboards/site"
REAL = re.compile(r"htnet-release|composite\b|(smic|casme2|samm)-3")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(page: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a page, with the lines that it is said to print."""
    for block in blocks(TEXT[page], "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *printed = part.splitlines()
            yield command, printed


def needs_real_data(command: str) -> bool:
    return command != CLONE and bool(REAL.search(command))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in; what plugin files leave in the interpreter is taken out again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "") or "").startswith(str(tmp_path)):
            del sys.modules[name]


def end_workers() -> None:
    """On a command line each command has worker processes of its own; so it has here."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)


def write_casme2(root: Path) -> None:
    """As many clips of each emotion as were published, in plain grey: enough to be counted."""
    emotions = [emotion for emotion, count in CASME2.counts.emotions.items() for _ in range(count)]
    subjects = [f"casme2/sub{place % 26 + 1:02}" for place in range(len(emotions))]
    clips = [f"{subject}/EP{place // 26 + 1:02}_01" for place, subject in enumerate(subjects)]
    table = pd.DataFrame({"clip": clips, "database": "casme2", "subject": subjects, "emotion": emotions})
    write_release("casme2", root, table, size=(16, 16), draw="plain")


def casme3a_clips() -> pd.DataFrame:
    """15 clips of 5 subjects and 3 emotions: as few as `subjects-5` can split."""
    clips = made_clips("casme3a", 5)
    return clips.assign(emotion=["disgust", "surprise", "others"] * 5)


def link_casme3a(root: Path) -> None:
    """The release of these clips, one for all pages, so that its features are computed once."""
    kept = Path(os.environ["MERBENCH_CACHE"]).parent / "releases"
    asked = {"size": (240, 320), "frames": "onset-apex-offset"}
    root.symlink_to(cached_shelf(kept, ["casme3a"], casme3a_clips(), **asked) / "casme3a")


def write_hsta_folds(root: Path) -> None:
    """Five folds of those clips, drawn clip by clip as HSTA's were."""
    root.mkdir()
    clips = casme3a_clips()
    names = clips["clip"].str.extract(r"/(?P<Subject>.+)/(?P<Filename>.+)_")
    table = names.join(clips[["onset", "apex", "offset", "emotion"]])
    for fold in range(5):
        test = table.index % 5 == fold
        table[test].to_csv(root / f"test_fold_{fold + 1}.csv", index=False)
        table[~test].to_csv(root / f"train_fold_{fold + 1}.csv", index=False)


# A folder that pages add → what makes it.
RELEASES = {"CASME2": write_casme2, "CASME3": link_casme3a, "emothion_as_label": write_hsta_folds}


def write_releases(page: str, folder: Path) -> None:
    """The small releases that stand for those that a reader of the page has beside them."""
    for command, _ in commands(page):
        added = re.fullmatch(r"merbench data add \S+ (\S+)", command)
        if added and added[1] in RELEASES:
            RELEASES[added[1]](folder / added[1])


def write_examples(page: str, folder: Path) -> None:
    """Every `python` block goes to the file that its first line names."""
    for code in blocks(TEXT[page], "python"):
        name = re.match(r"# (\w+\.py)\n", code)
        assert name, f"{page}: a python block must begin with the name of its file: {code[:60]}"
        (folder / name[1]).write_text(code, "utf-8")


def run(command: str) -> int:
    """One command of a page, in this process; an exit code."""
    words = shlex.split(command)
    if words[:2] == ["python", words[-1]]:
        runpy.run_path(words[-1])
        return 0
    assert words[0] == "merbench", f"neither a merbench command nor one of SETUP: {command}"
    argv = [name for word in words[1:] for name in expanded(word)]
    models = NETWORKS.union(word for word in argv if word.startswith("timm:"))
    trained = "run" in argv and "--dry-run" not in argv and models & set(argv)
    return main([*argv, "--folds", FOLDS[argv[argv.index("--dataset") + 1]], *EPOCHS] if trained else argv)


def expanded(word: str) -> list[str]:
    """The files that a word with a `*` stands for; as in a shell, the word itself where there is none."""
    return sorted(glob.glob(word)) or [word] if "*" in word else [word]


def plain(line: str) -> str:
    """A line of output without what may differ between machines: scores and the padding that depends on them."""
    return " ".join(re.sub(r"[01]?\.\d+", "#", line).split())


def run_page(page: str, wanted: Callable[[str], bool], read: Callable[[], tuple[str, str]]) -> int:
    """Runs the wanted commands of a page and compares what they print; the number of them."""
    count = 0
    for command, printed in commands(page):
        if command in SETUP or not wanted(command):
            continue
        if " run " in command:
            end_workers()
        code, (found, said) = run(command), read()
        assert code == 0, f"{page}: {command} ends with {code} and says:\n{said}"
        lines = {plain(line) for line in found.splitlines()}
        missing = [line for line in printed if plain(line) not in lines]
        assert not missing, f"{page}: {command} does not print {missing}, but:\n{found}"
        count += 1
    return count


@pytest.mark.parametrize("page", TEXT)
def test_every_command_of_a_page_runs_and_prints_what_it_says(
    page: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_examples(page, folder)
    write_releases(page, folder)
    run_page(page, lambda command: not needs_real_data(command), capsys.readouterr)


@pytest.mark.parametrize("page", [page for page in TEXT if any(command == CLONE for command, _ in commands(page))])
def test_every_command_on_the_real_composite_runs_and_prints_what_it_says(
    page: str, real_data: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "HTNet").symlink_to(real_data / "htnet-release")  # what the clone makes
    assert run_page(page, needs_real_data, capsys.readouterr) >= 2


def test_the_setup_commands_are_those_that_continuous_integration_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    bare = re.sub(r' (-q|--out "\S+"|--workdir "?\S+"?)(?=[\s)]|$)', "", script)
    shown = [command for command, _ in commands("README.md")]
    for command in (INSTALL, CHECKS):
        assert command in shown
        assert command in bare
    assert CLONE in shown


def test_no_command_hides_in_a_block_that_is_not_run() -> None:
    for page, text in TEXT.items():
        for language, block in re.findall(r"^```(.*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            hidden = re.findall(r"^\s*(?:\$ )?merbench \w.*", block, re.MULTILINE)
            assert language == "console" or not hidden, f"{page}: a block {language!r} with {hidden}"


def test_every_python_example_stands_in_a_block_that_a_command_uses() -> None:
    for page, text in TEXT.items():
        used = " ".join(command for command, _ in commands(page))
        for code in blocks(text, "python"):
            assert code.split("\n", 1)[0].removeprefix("# ") in used


def test_the_example_distribution_registers_the_example_model() -> None:
    (text,) = blocks(TEXT["writing-a-plugin.md"], "toml")
    distribution = tomllib.loads(text)
    assert distribution["project"]["entry-points"]["merbench"] == {"my-net": "my_net"}
    assert "# my_net.py\n" in TEXT["writing-a-plugin.md"]


def test_every_relative_link_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)]+)\)", TEXT[page.name]):
            if not target.startswith("https://"):
                path, _, anchor = target.partition("#")
                there = page.parent / path if path else page
                assert there.exists(), f"{page.name}: {target}"
                assert not anchor or anchor in anchors(there.read_text("utf-8")), f"{page.name}: {target}"


def test_every_page_stands_in_the_table_of_where_things_are() -> None:
    linked = set(re.findall(r"\]\(docs/([\w-]+\.md)\)", section("README.md", "Where things are")))
    assert linked == set(TEXT) - {"README.md"}


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_path_of_the_checkout_that_is_named_exists() -> None:
    for page, text in TEXT.items():
        for path in re.findall(r"`((?:merbench|plugins|docs|tests|leaderboards)/[\w./-]*)`", text):
            assert path == GENERATED or (ROOT / path).exists(), f"{page}: {path}"


def test_every_hook_is_documented_with_its_arguments() -> None:
    given = {name: hook for name, hook in vars(hooks).items() if name.startswith("merbench_")}
    signatures = {f"{name}{inspect.signature(hook)}".replace("'", "") for name, hook in given.items()}
    assert set(first_cells(section("writing-a-plugin.md", "The hooks"))) == signatures


def test_the_table_of_recipes_names_the_fields_of_a_recipe_and_their_defaults() -> None:
    rows = table(section("writing-a-plugin.md", "Recipes"))
    default = Recipe()
    wanted = {field.name: repr(getattr(default, field.name)) for field in dataclasses.fields(Recipe)}
    assert {name.strip("`"): value.strip("`").replace('"', "'") for name, value, _ in rows} == wanted


def test_the_table_of_flags_names_the_flags_of_run() -> None:
    import argparse

    verbs = argparse.ArgumentParser().add_subparsers()
    add_parser(verbs)
    named = {cell.split()[0] for cell in first_cells(section("quick-start.md", "Flags of `merbench run`"))}
    assert named == flags(verbs.choices["run"])


def test_the_table_of_flags_names_the_flags_of_import() -> None:
    import argparse

    actions = argparse.ArgumentParser().add_subparsers()
    add_parsers(actions)
    named = {cell.split()[0] for cell in first_cells(section("handing-in-predictions.md", "Flags"))}
    assert named == flags(actions.choices["import"])


def flags(parser: Any) -> set[str]:
    """The flags of a verb or action, without --help."""
    return {option for option in parser._option_string_actions if option.startswith("--")} - {"--help"}


def test_every_field_of_the_record_is_explained_and_nothing_else() -> None:
    kinds = {
        name: kind
        for name, kind in vars(schema).items()
        if inspect.isclass(kind) and issubclass(kind, BaseModel) and name in schema.__all__
    }
    for name, kind in kinds.items():
        inherited = {field for base in kind.__mro__[1:] if base in kinds.values() for field in base.model_fields}
        fields = [field.alias or own for own, field in kind.model_fields.items() if own not in inherited]
        assert first_cells(section("the-record.md", name)) == fields


def test_the_shortened_record_has_the_layout_of_a_record() -> None:
    (example,) = blocks(TEXT["the-record.md"], "json")
    content = json.loads(example)
    assert list(content) == [*(field.alias or own for own, field in Record.model_fields.items()), "digest"]
    assert list(content["plan"]) == list(schema.Plan.model_fields)
    assert list(content["plan"]["digests"]) == list(schema.Digests.model_fields)
    for code in content["plan"]["code"].values():
        assert list(code) == list(schema.Code.model_fields)
    for prediction in content["predictions"]:
        schema.Prediction.model_validate(prediction)
    for fold in content["folds"]:
        schema.FoldSummary.model_validate(fold)
    schema.PartScores.model_validate(content["scores"]["last"]["full"])


def test_the_table_of_results_is_what_the_records_say() -> None:
    shown = between("results").strip()
    assert shown == results_table(), f"between the markers must stand\n\n{results_table()}\n"


def test_what_is_said_of_networks_beside_the_logistic_regression_follows_from_the_records() -> None:
    said = (
        "Of eleven networks in the table\nnone has a higher UAR after its last epoch, "
        "and only `rcn-a` and `rcn-w` (`quick`) a higher UF1, by .001 and .002"
    )
    assert said in TEXT["README.md"]
    rows = composite_rows()
    (reference,) = (row.figures["full"] for row in rows if row.model == "flow-lr")
    networks = [row for row in rows if row.family == "network"]
    assert len({row.model for row in networks}) == 11
    ahead = {one: [row.figures["full"][one].value - reference[one].value for row in networks] for one in METRICS}
    assert max(ahead["uar"]) < 0
    higher = {(row.model, row.recipe): round(by, 3) for row, by in zip(networks, ahead["uf1"], strict=True) if by > 0}
    assert higher == {("rcn-a", "quick"): 0.001, ("rcn-w", "quick"): 0.002}


def test_figures_that_were_not_measured_are_not_given() -> None:
    ran = {(row.model, row.recipe) for row in composite_rows()}
    assert ("**Not run:** `htnet --recipe published`" in TEXT["README.md"]) == (("htnet", "published") not in ran)


def between(marker: str) -> str:
    found = re.search(rf"<!-- {marker} -->\n(.*?)<!-- /{marker} -->", TEXT["README.md"], re.DOTALL)
    assert found, f"README.md lacks the marker {marker}"
    return found[1]


@functools.cache
def composite_rows() -> list[Row]:
    """The committed runs on the real composite, the seeds of each folded into one row, best UF1 first."""
    registry = Registry(load(allow=()))
    records = [read_record(path) for path in record_paths().values()]
    runs = [one for one in records if one.plan.dataset == "composite" and one.plan.kind != "rescored"]
    rows = make_rows([make_entry(record, registry) for record in runs], registry)
    return sorted(rows, key=lambda row: -row.figures["full"]["uf1"].value)


@functools.cache
def record_paths() -> dict[str, Path]:
    return {read_record(path).id: path for path in sorted(RECORDS.glob("*.json"))}


def results_table() -> str:
    """The README's table of results as the records give it; empty while there is none."""
    lines = [
        "| model | recipe | seeds | UF1 | UAR | oracle (test-selected) | records |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in composite_rows():
        paths = {entry.record.plan.seed: record_paths()[entry.record.id] for entry in row.entries}
        links = " ".join(f"[{seed}]({path.relative_to(ROOT).as_posix()})" for seed, path in sorted(paths.items()))
        oracle = " / ".join(figure(row.oracle["full"][one].value) for one in METRICS) if row.oracle else "-"
        scores = [cell(row.figures["full"][one]) for one in METRICS]
        lines.append(f"| {row.model} | {row.recipe} | {len(paths)} | {' | '.join(scores)} | {oracle} | {links} |")
    return "\n".join(lines)


def cell(score: Figure) -> str:
    assert score.interval
    low, high = score.interval
    return f"{figure(score.value)} [{figure(low, 2)} {figure(high, 2)}]"


def figure(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}".removeprefix("0")


def section(page: str, heading: str) -> str:
    """The text under a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", TEXT[page], re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no heading {heading}"
    return found[1]


def table(text: str) -> list[list[str]]:
    """The cells of the table in `text`, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def first_cells(text: str) -> list[Any]:
    return [row[0].strip("` ") for row in table(text)]
