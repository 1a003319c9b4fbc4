"""What pages list is what there is, and what they link exists."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import tomllib
from types import ModuleType

import pytest
from merbench_databases.registered import sources
from pydantic import BaseModel

from merbench.runs import schema
from tests.docs.pages import PAGES, ROOT, TEXT, blocks, first_cells, section

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

    return name not in (*merbench.__all__, "testing") and isinstance(getattr(merbench, name, None), ModuleType)


def test_the_example_distribution_registers_the_example_model() -> None:
    (text,) = blocks(TEXT["writing-a-plugin.md"], "toml")
    assert tomllib.loads(text)["project"]["entry-points"]["merbench"] == {"my-net": "my_net"}
    assert "# my_net.py\n" in TEXT["writing-a-plugin.md"]


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


def test_the_page_of_databases_names_every_source_but_the_demo() -> None:
    named = first_cells(section("databases.md", "How to get each, and what to add"))
    assert sorted(named) == sorted(one.name for one in sources())
