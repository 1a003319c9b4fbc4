"""Who may import whom (design, section 3), and what starting up must not import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import merbench
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry

ROOT = Path(__file__).parents[1]
CORE = ROOT / "merbench"
PLUGINS = ROOT / "plugins"

# A module imports from its own layer and those before it. `merbench/__init__.py`, the public face, stands outside.
LAYERS = (
    ("errors", "probabilities", "rates", "scores", "files", "mapping", "progress"),
    ("plugin",),
    ("protocols", "data", "processes"),
    ("features", "engine"),
    ("runs", "audit"),
    ("leaderboard", "preview", "testing"),
    ("sweeps",),
    ("api",),
    ("cli",),
    ("__main__",),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}

# Heavy, or on the way to something heavy. rich is imported only to draw a table on a terminal.
HEAVY = {"torch", "torchvision", "cv2", "sklearn", "scipy", "pandas", "numpy", "joblib", "pydantic", "rich", "psutil"}
HEAVY |= {"dlib", "timm"}
# Run in turn in one process: modules that users import, all hooks of all plugins (list), quick commands.
QUICK = (
    *("import merbench", "import merbench.scores", "import merbench.protocols"),
    *("main(['--help'])", "main(['--version'])", "main(['list'])", "main(['list', 'models', '--json'])"),
    *("main(['list', 'recipes'])", "main(['plugins', '--json'])", "main(['data', 'list'])"),
)

# Names of plugins that are words of the field as well: the core has an apex, a face and a flow without any plugin.
WORDS = {"apex", "face", "flow"}
# The protocols were called so before; no dataset is meant.
FORMER = {("protocols.py", "composite")}


def core_modules() -> list[Path]:
    return sorted(path for path in CORE.rglob("*.py") if path != CORE / "__init__.py")


def plugin_modules() -> list[Path]:
    return sorted(PLUGINS.rglob("*.py"))


def layer_of(path: Path) -> str:
    return path.relative_to(CORE).with_suffix("").parts[0]


def imported(path: Path) -> Iterator[str]:
    """Every module or name that a file imports, dotted, wherever the statement stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def merbench_names(path: Path) -> list[str]:
    """What a file imports from the core, dotted; a relative import counts."""
    return [name for name in imported(path) if name.split(".")[0] in ("merbench", "")]


def test_every_core_module_has_its_layer() -> None:
    assert {layer_of(path) for path in core_modules()} == set(LEVEL)


def test_a_core_module_imports_only_from_its_own_layer_and_those_before_it() -> None:
    def upwards(path: Path, name: str) -> bool:
        return LEVEL.get([*name.split("."), ""][1], len(LAYERS)) > LEVEL[layer_of(path)]

    assert [(path, name) for path in core_modules() for name in merbench_names(path) if upwards(path, name)] == []


def test_a_plugin_imports_from_merbench_only_what_it_exports() -> None:
    public = {"merbench", *(f"merbench.{name}" for name in merbench.__all__)}
    assert [(path, name) for path in plugin_modules() for name in merbench_names(path) if name not in public] == []


def test_a_plugin_package_imports_no_other_plugin_package() -> None:
    packages = {folder.name for folder in PLUGINS.iterdir() if folder.is_dir()}

    def foreign(path: Path) -> set[str]:
        others = packages - {path.relative_to(PLUGINS).parts[0]}
        return {name.split(".")[0] for name in imported(path)} & others

    assert {path: foreign(path) for path in plugin_modules() if foreign(path)} == {}


def names_of_plugins() -> set[str]:
    """What the core must not name: what plugins register, their packages, and libraries that they alone import."""
    registry = Registry(load(allow=()))
    catalogs = (registry.sources, registry.datasets, registry.features, registry.models, registry.protocols)
    registered = {
        name
        for catalog in catalogs
        for name in catalog.names()
        if catalog.origin(name).module != "merbench.protocols"  # the core's own
    }
    databases = {database for source in registry.sources for database in source.databases}
    libraries = {name.partition(".")[0] for path in plugin_modules() for name in imported(path)}
    libraries -= {name.partition(".")[0] for path in CORE.rglob("*.py") for name in imported(path)}
    return registered | set(registry.models.families()) | databases | libraries - sys.stdlib_module_names


def said(path: Path) -> str:
    """A file of the core as it acts or is shown: a module without its comments and docstrings, which may cite a source
    or give an example; any other file whole.
    """
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        return text
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Pass()
    return ast.unparse(tree)


def test_the_core_names_nothing_that_a_plugin_brings() -> None:
    names = names_of_plugins() - WORDS
    assert {"htnet", "flow-28", "casme2", "demo", "timm", "dlib", "merbench_demo", "hsta-5-fold"} <= names
    pattern = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, names))})(?![\w-])", re.IGNORECASE)
    files = [path for kind in ("py", "html", "js", "css") for path in CORE.rglob(f"*.{kind}")]
    found = {(path.relative_to(CORE).as_posix(), name) for path in files for name in pattern.findall(said(path))}
    assert found - FORMER == set()


def test_starting_listing_and_importing_what_users_import_loads_nothing_heavy() -> None:
    code = """
import sys
from merbench.cli import main
for statement in sys.argv[1:]:
    code = eval(statement) if statement.startswith("main") else exec(statement)
    print(statement, code or 0, *sys.modules, sep="\\t", file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code, *QUICK], check=True, capture_output=True, text=True)
    lines = [line.split("\t") for line in done.stderr.splitlines()]
    assert [line[:2] for line in lines] == [[statement, "0"] for statement in QUICK]
    heavy = {statement: HEAVY & {name.split(".")[0] for name in loaded} for statement, _, *loaded in lines}
    assert {statement: names for statement, names in heavy.items() if names} == {}
