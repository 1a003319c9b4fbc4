"""The reference is made of docstrings: each names every field and argument of what it describes, and no others."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any, get_args, get_type_hints

import pytest

import merbench
from merbench import testing
from merbench.plugin import hooks
from merbench.plugin.validation import KINDS
from tests.docs.pages import TEXT

PUBLIC = {name: getattr(merbench, name) for name in merbench.__all__}
PUBLIC |= {f"testing.{name}": getattr(testing, name) for name in testing.__all__}
DESCRIBED = {name: one for name, one in PUBLIC.items() if inspect.isclass(one) and dataclasses.is_dataclass(one)}
CALLED = {
    name: one
    for name, one in PUBLIC.items()
    if (inspect.isfunction(one) or (inspect.isclass(one) and "__init__" in vars(one))) and name not in DESCRIBED
}
HOOKS = {name: hook for name, hook in vars(hooks).items() if name.startswith("merbench_")}
FEW = 2  # arguments that a sentence may name instead of a list


def listed(docstring: str, section: str) -> list[str]:
    """The names that a section of a docstring explains."""
    body = re.search(rf"^{section}:\n((?:    .*\n?|\n)*)", docstring, re.MULTILINE)
    lines = re.findall(r"^    (\w+(?:, \w+)*):", body[1], re.MULTILINE) if body else []
    return [name for line in lines for name in line.split(", ")]


@pytest.mark.parametrize("name", DESCRIBED)
def test_every_field_is_explained_in_its_order_and_nothing_else(name: str) -> None:
    # `api` is of all specs: the page on stability explains it.
    fields = [field.name for field in dataclasses.fields(DESCRIBED[name]) if field.name != "api"]
    assert sorted(listed(inspect.getdoc(DESCRIBED[name]) or "", "Attributes")) == sorted(fields)


@pytest.mark.parametrize("name", CALLED)
def test_every_argument_is_named(name: str) -> None:
    docstring = inspect.getdoc(CALLED[name]) or ""
    arguments = inspect.signature(CALLED[name]).parameters
    assert len(docstring.splitlines()[0]) > 10
    assert set(listed(docstring, "Args")) <= set(arguments)
    if len(arguments) > FEW:
        assert listed(docstring, "Args"), f"{name} has no list of arguments"


def test_frames_label_schemes_mirrors_and_embedded_sources_are_explained() -> None:
    assert "embedded" in listed(str(inspect.getdoc(merbench.Source)), "Attributes")
    assert "mirror" in listed(str(inspect.getdoc(merbench.Feature)), "Attributes")
    assert "root" in listed(str(inspect.getdoc(merbench.Frames)), "Args")
    for name in ("Frames", "LabelScheme", "Source", "Feature"):
        assert f"autoclass:: merbench.{name}\n" in TEXT["api.md"]


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_on_its_page_with_its_arguments_and_an_example_of_what_it_yields(name: str) -> None:
    page, hook = TEXT["hooks.md"], HOOKS[name]
    arguments = ", ".join(inspect.signature(hook).parameters)
    assert f"`{name}({arguments}) -> " in page
    example = re.search(rf"^## {name}\n.*?```\nyield (merbench\.\w+\(.*?\))\n```", page, re.MULTILINE | re.DOTALL)
    assert example, f"{name} has no example"
    (kinds,) = get_args(get_type_hints(hook)["return"])
    made: Any = eval(example[1], {"merbench": merbench})
    assert isinstance(made, get_args(kinds) or kinds)
    assert isinstance(made, KINDS[name.removeprefix("merbench_")])
