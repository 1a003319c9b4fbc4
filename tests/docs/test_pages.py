"""What pages list is what there is, and what they link exists."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import json
import re
import subprocess
import sys
import tomllib
from types import ModuleType

import pytest
from pydantic import BaseModel

from merbench import Recipe
from merbench.cli import exchange
from merbench.plugin import hooks
from merbench.runs import schema
from merbench.runs.schema import Record
from tests.docs.pages import PAGES, ROOT, TEXT, blocks, first_cells, section, table

BUILT = {"leaderboards/site"}  # folders that a command makes


def test_the_generated_parts_are_what_the_generator_writes() -> None:
    command = [sys.executable, "-m", "docs.generate", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_relative_link_leads_somewhere() -> None:
    pages = [*PAGES, *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"))]
    for page in pages:
        for target in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")):
            if not target.startswith("https://"):
                path, _, anchor = target.partition("#")
                there = page.parent / path if path else page
                assert there.exists(), f"{page.name}: {target}"
                assert not anchor or anchor in anchors(there.read_text("utf-8")), f"{page.name}: {target}"


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_path_of_the_checkout_that_is_named_exists() -> None:
    for page, text in TEXT.items():
        for path in re.findall(r"`((?:merbench|plugins|docs|tests|leaderboards)/[\w./-]*)`", text):
            assert path in BUILT or (ROOT / path).exists(), f"{page}: {path}"


def test_no_page_names_a_module_inside_merbench() -> None:
    for page, text in TEXT.items():
        inner = [name for name in re.findall(r"\bmerbench\.([a-z]\w*)", text) if is_inner(name)]
        assert not inner, f"{page}: {inner}"


def is_inner(name: str) -> bool:
    import merbench

    return name not in merbench.__all__ and isinstance(getattr(merbench, name, None), ModuleType)


def test_the_example_distribution_registers_the_example_model() -> None:
    (text,) = blocks(TEXT["writing-a-plugin.md"], "toml")
    assert tomllib.loads(text)["project"]["entry-points"]["merbench"] == {"my-net": "my_net"}
    assert "# my_net.py\n" in TEXT["writing-a-plugin.md"]


def test_the_table_of_hooks_names_every_hook_with_its_arguments() -> None:
    given = {name: hook for name, hook in vars(hooks).items() if name.startswith("merbench_")}
    signatures = {f"{name}{inspect.signature(hook)}".replace("'", "") for name, hook in given.items()}
    assert set(first_cells(section("writing-a-plugin.md", "The hooks"))) == signatures


def test_the_table_of_recipes_names_the_fields_of_a_recipe_and_their_defaults() -> None:
    rows = table(section("writing-a-plugin.md", "Recipes"))
    default = Recipe()
    wanted = {field.name: repr(getattr(default, field.name)) for field in dataclasses.fields(Recipe)}
    assert {name.strip("`"): value.strip("`").replace('"', "'") for name, value, _ in rows} == wanted


def test_the_table_of_flags_names_the_flags_of_import() -> None:
    actions = argparse.ArgumentParser().add_subparsers()
    exchange.add_parsers(actions)
    named = {cell.split()[0] for cell in first_cells(section("handing-in-predictions.md", "Flags"))}
    flags = {name for action in actions.choices["import"]._actions for name in action.option_strings}
    assert named == {name for name in flags if name.startswith("--")} - {"--help"}


KINDS = {
    name: kind
    for name, kind in vars(schema).items()
    if inspect.isclass(kind) and issubclass(kind, BaseModel) and name in schema.__all__
}


@pytest.mark.parametrize("name", KINDS)
def test_every_field_of_the_record_is_explained_and_nothing_else(name: str) -> None:
    kind = KINDS[name]
    inherited = {field for base in kind.__mro__[1:] if base in KINDS.values() for field in base.model_fields}
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
