"""What a plugin meets: the hooks, and the names that `import merbench` gives."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any, get_args, get_type_hints

import merbench
from docs.generate.markdown import table
from merbench import testing
from merbench.plugin import hooks as hook_module

__all__ = ["api", "hooks"]

# The folder of a name's module -> the heading under which the name is listed; a name from elsewhere is listed last.
HEADINGS = {
    "merbench.api": "Run, read and compare",
    "merbench.plugin": "Describe a plugin",
    "merbench.data": "Read a release",
    "merbench.protocols": "Split clips into folds",
    "merbench.errors": "Report an error",
    "": "Values",
}
DIRECTIVE = """```{{eval-rst}}
.. auto{kind}:: merbench.{name}
```"""


def hooks() -> str:
    """A table of the hooks, then what each one's documentation says."""
    found = {name: hook for name, hook in vars(hook_module).items() if name.startswith("merbench_")}
    rows = [[f"`{_signature(hook)}`", (inspect.getdoc(hook) or "").split("\n")[0]] for hook in found.values()]
    sections = [f"## {name}\n\n{_code_blocks(inspect.getdoc(hook) or '')}" for name, hook in found.items()]
    return "\n\n".join([table(["hook", "provides"], rows), *sections])


def _signature(hook: Callable[[], Any]) -> str:
    """With the public name of each kind of spec that the hook yields."""
    (spec,) = get_args(get_type_hints(hook)["return"])
    return f"{hook.__name__}() -> Iterable[{' | '.join(one.__name__ for one in get_args(spec) or (spec,))}]"


def _code_blocks(text: str) -> str:
    """The text with its example on lines of its own."""
    prose, _, example = text.partition("Example: ")
    if not example:
        return prose
    code = textwrap.dedent(" ".join(example.split()).strip("`"))
    return f"{prose.strip()}\n\n```\n{code}\n```"


def api() -> str:
    """A directive for every public name, under headings; the site fills in the docstrings."""
    sections: dict[str, list[str]] = {heading: [] for heading in HEADINGS.values()}
    for name in sorted(merbench.__all__, key=str.casefold):
        value = getattr(merbench, name)
        module = getattr(value, "__module__", "")
        start = next(start for start in HEADINGS if module.startswith(start))
        sections[HEADINGS[start]].append(DIRECTIVE.format(kind=_kind(value), name=name))
    sections["Check a plugin"] = [
        DIRECTIVE.format(kind=_kind(getattr(testing, name)), name=f"testing.{name}") for name in testing.__all__
    ]
    return "\n\n".join(f"## {heading}\n\n" + "\n\n".join(found) for heading, found in sections.items() if found)


def _kind(value: object) -> str:
    if inspect.isclass(value):
        return "exception" if issubclass(value, Exception) else "class"
    return "function" if inspect.isroutine(value) else "data"
