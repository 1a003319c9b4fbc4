"""The public names are made of the nouns that the glossary explains."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import merbench
from merbench.cli import VERBS
from merbench.plugin import hooks
from merbench.runs.schema import Record

ROOT = Path(__file__).parents[1]

# What is done with a noun.
DONE = {"compare", "list", "locate", "predict", "read", "run", "show"}
# What an option is checked for, and how many classes a scheme has.
PLAIN = {"choice", "probability", "three", "whole"}
# Names of others: this project, torch, and pluggy's decorator.
NAMES = {"merbench", "torch", "hookimpl"}
# Record keys that JSON or the digest of the whole file brings.
FILE = {"id", "digest"}


def glossary() -> set[str]:
    """Every word of the terms that the page explains."""
    rows = re.findall(r"^\| ([^|]+?) \|", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.MULTILINE)
    return {word.lower() for row in rows for word in re.split(r"[ -]", row)}


def words(name: str) -> list[str]:
    """`SourceReader` is source and reader, `clip_table` clip and table."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]


def unexplained(names: list[str]) -> dict[str, list[str]]:
    known = glossary() | DONE | PLAIN | NAMES | FILE
    strange = {name: [word for word in words(name) if not {word, word.removesuffix("s")} & known] for name in names}
    return {name: found for name, found in strange.items() if found}


def test_the_glossary_explains_the_nouns_of_the_design() -> None:
    nouns = {"clip", "source", "scheme", "dataset", "feature", "model", "recipe", "protocol", "fold", "plan", "record"}
    assert nouns | {"leaderboard"} <= glossary()


def test_what_plugins_import_is_named_by_the_glossary() -> None:
    assert unexplained(list(merbench.__all__)) == {}


def test_hooks_are_named_by_the_glossary() -> None:
    assert unexplained([name for name in vars(hooks) if name.startswith("merbench_")]) == {}


def test_verbs_are_named_by_the_glossary() -> None:
    assert unexplained([verb.__name__.rpartition(".")[2] for verb in VERBS]) == {}


def test_the_keys_of_a_record_are_named_by_the_glossary() -> None:
    assert unexplained([field.alias or name for name, field in Record.model_fields.items()]) == {}


def test_a_name_that_is_not_explained_is_found() -> None:
    assert unexplained(["ClipWrangler", "merbench_models"]) == {"ClipWrangler": ["wrangler"]}


def test_a_public_class_of_the_core_has_a_name_of_its_own() -> None:
    found = [
        (node.name, path.relative_to(ROOT).as_posix())
        for path in sorted((ROOT / "merbench").rglob("*.py"))
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    counts = Counter(name for name, _ in found)
    assert len(found) > 100
    assert [one for one in found if counts[one[0]] > 1] == []
