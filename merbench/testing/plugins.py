"""The checks of a plugin's module, whatever it provides."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from merbench.errors import and_more
from merbench.plugin.loading import Plugin
from merbench.testing.findings import Check, require

__all__ = ["PLUGIN_CHECKS"]

# Each takes seconds to import, or brings in one that does.
HEAVY = ("torch", "tensorflow", "jax", "cv2", "sklearn", "scipy", "pandas", "numpy", "matplotlib", "PIL", "skimage")
# Run in a new process with sys.path, the module and a file for the answer: imports the module, and calls its hooks.
IMPORT = """
import importlib, json, pathlib, sys
sys.path[:] = json.loads(sys.argv[1])
module = importlib.import_module(sys.argv[2])
for name, hook in list(vars(module).items()):
    if name.startswith("merbench_") and callable(hook):
        list(hook())
pathlib.Path(sys.argv[3]).write_text(json.dumps(sorted(sys.modules)))
"""


def provides_something(plugin: Plugin) -> str:
    """The plugin has a hook, and its hooks yield at least one spec."""
    count = sum(map(len, plugin.specs.values()))
    require(bool(count), "it provides nothing: mark its functions merbench_models, ... with @merbench.hookimpl")
    return f"{count} spec(s)"


def imports_nothing_heavy(plugin: Plugin) -> str:
    """Importing the plugin and calling its hooks imports no large library, so `merbench list` stays quick."""
    found = [name for name in HEAVY if name in _imported(plugin.module)[0]]
    require(not found, f"importing {plugin.module} imports {and_more(found, 5)}; name such code as 'module:attribute'")
    return plugin.module


def prints_nothing(plugin: Plugin) -> str:
    """Importing the plugin and calling its hooks prints nothing: commands print JSON."""
    printed = _imported(plugin.module)[1]
    require(not printed, f"importing {plugin.module} prints {printed.splitlines()[0][:100]!r}" if printed else "")
    return plugin.module


@cache
def _imported(module: str) -> tuple[frozenset[str], str]:
    """The top-level modules that are loaded after an import in a new process, and what was printed meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder, "modules.json")
        command = [sys.executable, "-c", IMPORT, json.dumps(sys.path), module, str(answer)]
        done = subprocess.run(command, capture_output=True, text=True)
        require(done.returncode == 0, f"importing {module} in a new process fails: {done.stderr.strip()[-200:]}")
        names = json.loads(answer.read_text())
    return frozenset(name.partition(".")[0] for name in names), (done.stdout + done.stderr).strip()


PLUGIN_CHECKS: tuple[Check[Plugin], ...] = (provides_something, imports_nothing_heavy, prints_nothing)
