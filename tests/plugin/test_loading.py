"""Plugins as they are found in distributions on the path, and in files: loaded, blocked, or failed and undone."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from merbench.errors import PluginError
from merbench.plugin.loading import Plugin, load

MODEL = """
    import merbench

    @merbench.hookimpl
    def merbench_models():
        yield merbench.EstimatorModel(name="{name}", estimator="sklearn.dummy:DummyClassifier", features=())
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Lays a distribution of one module and its entry points into a folder on the path, as an installer would."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(site)
    before = set(sys.modules)

    def lay(distribution: str, module: str, code: str, *, entry: str = "", version: str = "1.2") -> None:
        (site / f"{module}.py").write_text(dedent(code))
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[merbench]\n{entry or module} = {module}\n")
        importlib.invalidate_caches()

    yield lay
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def row(plugins: list[Plugin], name: str, distribution: str | None = None) -> Plugin:
    (found,) = [one for one in plugins if one.name == name and distribution in (None, one.distribution)]
    return found


def failures(plugins: list[Plugin]) -> list[Plugin]:
    return [plugin for plugin in plugins if plugin.status == "failed"]


def names(plugins: list[Plugin], noun: str = "models") -> list[str]:
    return [spec.name for plugin in plugins for spec in plugin.specs.get(noun, ())]


def test_the_built_in_plugins_are_entry_points_of_merbench_and_all_load() -> None:
    plugins = load()
    folders = {path.name for path in (Path(__file__).parents[2] / "plugins").glob("merbench_*")}
    assert {one.module for one in plugins if one.distribution == "merbench"} == {
        *folders,
        "merbench.engine.executors",
        "merbench.protocols",
    }
    assert failures(plugins) == []


def test_a_strangers_plugin_comes_with_its_distribution_version_and_names(install: Install) -> None:
    install("friendly-nets", "friendly", MODEL.format(name="friendly-net"))
    plugins = load()
    found = row(plugins, "friendly")
    assert (found.distribution, found.version, found.module) == ("friendly-nets", "1.2", "friendly")
    assert found.status == "loaded"
    assert found.provides == {"models": ("friendly-net",)}


FAULTS = {
    "import error": (
        "import no_such_module_anywhere",
        "ModuleNotFoundError: No module named 'no_such_module_anywhere'",
    ),
    "exception at import": (
        "raise ValueError('two\\nlines')",
        "faulty.py:1 in <module>: ValueError: two lines",
    ),
    "exit at import": ("import sys; sys.exit('gone')", "SystemExit: gone"),
    "syntax error": ("def (", "SyntaxError: invalid syntax"),
    "exception from a hook": (
        MODEL.format(name="half") + "        raise RuntimeError('no weights')\n",
        "faulty.py:7 in merbench_models: RuntimeError: no weights",
    ),
    "exception from a hook that returns a list": (
        "import merbench\n@merbench.hookimpl\ndef merbench_models():\n    return [1 / 0]\n",
        "hook merbench_models failed at ",
    ),
    "hook without yield": (
        MODEL.format(name="silent").replace("yield ", ""),
        "faulty.py:4 returned None, not an iterable of specs; yield each spec",
    ),
    "misspelt hook": (
        MODEL.format(name="misspelt").replace("merbench_models", "merbench_model"),
        "faulty.py:4 (nearest: merbench_models",
    ),
    "hook that resembles none": (
        MODEL.format(name="misspelt").replace("merbench_models", "register"),
        "unknown hook 'register' at ",
    ),
    "argument the hook does not have": (
        MODEL.format(name="argument").replace("merbench_models()", "merbench_models(config)"),
        "Argument(s) {'config'} are declared in the hookimpl but can not be found in the hookspec",
    ),
    "no hook": ("import merbench\n", "it has no hook; write one (merbench_sources, merbench_datasets, "),
    "a hook that is neither marked nor spelt right": (
        MODEL.format(name="bare").replace("@merbench.hookimpl", "").replace("merbench_models", "merbench_model"),
        "it has no hook; write one",
    ),
    "unmarked hook": (
        MODEL.format(name="unmarked").replace("@merbench.hookimpl", ""),
        "faulty.py:5 is not marked @merbench.hookimpl",
    ),
    "not a spec": (
        "import merbench\n@merbench.hookimpl\ndef merbench_models(): yield 'htnet'\n",
        "faulty.py:2: yielded 'htnet', which is not a merbench.TorchModel, merbench.EstimatorModel, "
        "merbench.FitModel or merbench.ModelFamily",
    ),
    "a spec of another hook": (
        MODEL.format(name="elsewhere").replace("merbench_models", "merbench_features"),
        "which is not a merbench.Feature",
    ),
    "no iterable": (
        "import merbench\n@merbench.hookimpl\ndef merbench_models(): return 7\n",
        "faulty.py:2 returned 7, not an iterable of specs",
    ),
    "newer api": (
        MODEL.format(name="newer").replace("features=()", "features=(), api=2"),
        "model 'newer' is written for plugin api 2, but this merbench has api 1; upgrade merbench",
    ),
    "older api": (
        MODEL.format(name="older").replace("features=()", "features=(), api=0"),
        "model 'older' is written for plugin api 0, but this merbench has api 1; upgrade the plugin",
    ),
    "recipe of another api": (
        MODEL.format(name="r").replace("features=()", "features=(), recipes={'quick': merbench.Recipe(api=2)}"),
        "model 'r': recipe 'quick' is written for plugin api 2, but this merbench has api 1",
    ),
    "recipe that is none": (
        MODEL.format(name="r").replace("features=()", "features=(), recipes={'quick': {'lr': 1}}"),
        "model 'r': recipe 'quick' is {'lr': 1}, which is not a merbench.Recipe",
    ),
    "a word where there are numbers": (
        MODEL.format(name="r").replace("features=()", "features=(), recipes={'quick': merbench.Recipe(lr='a')}"),
        "model 'r': recipe 'quick': lr must be float, found 'a'",
    ),
    "a learning rate below 0": (
        MODEL.format(name="r")
        .replace("EstimatorModel", "TorchModel")
        .replace("estimator", "network")
        .replace("features=()", "features=(), recipes={'quick': merbench.Recipe(lr=-1)}"),
        "model 'r': recipe 'quick' sets lr=-1: must be above 0",
    ),
    "options that are none": (
        MODEL.format(name="r").replace("features=()", "features=(), recipes={'quick': merbench.Recipe(options=3)}"),
        "model 'r': recipe 'quick': options must be Mapping[str, Any], found 3",
    ),
    "no description": (
        MODEL.format(name="r").replace("features=()", "features=(), about=None"),
        "model 'r': about must be str, found None",
    ),
    "scheme by its name": (
        "import merbench\n@merbench.hookimpl\ndef merbench_datasets():\n"
        "    yield merbench.Dataset(name='d', sources=('s',), databases=('b',), scheme='3-class')\n",
        "dataset 'd': scheme must be LabelScheme, found '3-class'",
    ),
    "alternatives that are no sets": (
        "import merbench\n@merbench.hookimpl\ndef merbench_datasets():\n"
        "    yield merbench.Dataset(name='d', sources=('s',), databases=('b',), scheme=merbench.THREE_CLASS,\n"
        "                           alternatives=('videos',))\n",
        'dataset \'d\': alternatives must be a tuple of tuples of names such as (("name", "name"),)',
    ),
    "no recipe": (
        MODEL.format(name="r").replace("features=()", "features=(), recipes={}"),
        "model 'r': recipes must map at least one name to a merbench.Recipe",
    ),
    "forgotten comma": (
        MODEL.format(name="comma").replace("features=()", "features=('flow-28')"),
        "model 'comma': features must be a tuple of names such as (\"name\",), found 'flow-28'",
    ),
    "target without attribute": (
        MODEL.format(name="t").replace("sklearn.dummy:DummyClassifier", "sklearn.dummy"),
        "model 't': estimator must be \"module:attribute\", found 'sklearn.dummy'",
    ),
    "name with a slash": (
        MODEL.format(name="../t"),
        "model '../t': a name may only contain letters, digits and . _ + -",
    ),
    "one name twice": (
        MODEL.format(name="twin") + MODEL.format(name="twin").split("merbench_models():")[1],
        "model 'twin' is already defined by plugin 'faulty' of this distribution",
    ),
    "a shape that is none": (
        "import merbench\n@merbench.hookimpl\ndef merbench_features():\n"
        "    yield merbench.Feature(name='f', function='m:f', inputs=(), shape=(3, 0))\n",
        "feature 'f': shape must be a tuple of whole numbers above 0, found (3, 0)",
    ),
    "a former name twice": (
        """
import merbench

@merbench.hookimpl
def merbench_protocols():
    yield merbench.Protocol(name="halves", splitter="m:Halves", formerly=("parts",))
    yield merbench.Protocol(name="parts", splitter="m:Parts")
""",
        "protocol 'parts' is already defined by plugin 'faulty' of this distribution",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_plugin_is_reported_and_undone_and_disturbs_nobody(install: Install, fault: str) -> None:
    code, reason = FAULTS[fault]
    install("faulty-dist", "faulty", code, version="0.3")
    install("well-dist", "well", MODEL.format(name="well-net"))
    plugins = load()
    failed = row(plugins, "faulty")
    assert (failed.status, failed.distribution, failed.version) == ("failed", "faulty-dist", "0.3")
    assert reason in failed.reason
    assert "\n" not in failed.reason
    assert failed.provides == {}
    assert failures(plugins) == [failed]
    assert names(plugins) == [*names(load(allow=())), "well-net"]


@pytest.mark.parametrize("fault", FAULTS)
def test_in_strict_mode_any_failure_is_fatal(install: Install, fault: str) -> None:
    code, reason = FAULTS[fault]
    install("faulty-dist", "faulty", code)
    with pytest.raises(PluginError) as raised:
        load(strict=True)
    assert str(raised.value).startswith("plugin 'faulty' of faulty-dist could not be loaded: ")
    assert reason in str(raised.value)


def test_a_distribution_without_metadata_is_reported_as_any_other(install: Install, tmp_path: Path) -> None:
    install("remains", "remains", "raise ValueError('half removed')")
    (tmp_path / "site" / "remains-1.2.dist-info" / "METADATA").unlink()
    failed = row(load(), "remains")
    assert (failed.distribution, failed.status) == ("unknown", "failed")
    assert failed.reason.endswith("remains.py:1 in <module>: ValueError: half removed")


def test_two_plugins_of_one_name_from_two_distributions_both_load(install: Install) -> None:
    install("first-dist", "twin_one", MODEL.format(name="one"), entry="twin")
    install("second-dist", "twin_two", MODEL.format(name="two"), entry="twin")
    plugins = load()
    assert row(plugins, "twin", "first-dist").provides == {"models": ("one",)}
    assert row(plugins, "twin", "second-dist").provides == {"models": ("two",)}


def test_what_a_plugin_prints_goes_to_stderr(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("talkative-dist", "talkative", "print('hello')\n" + dedent(MODEL.format(name="talkative-net")))
    load()
    assert capsys.readouterr() == ("", "[talkative] hello\n")


@pytest.mark.parametrize("given", ["return []", "return ()", "yield from ()"])
def test_a_hook_may_give_nothing_where_it_says_so(install: Install, given: str) -> None:
    install("empty-dist", "empty", f"import merbench\n@merbench.hookimpl\ndef merbench_models():\n    {given}\n")
    assert row(load(), "empty").status == "loaded"


def test_the_report_says_how_long_each_plugin_took(install: Install) -> None:
    install(
        "waiting-dist",
        "waiting",
        "import time\nstarted = time.perf_counter()\nwhile time.perf_counter() < started + 0.05: pass",
    )
    plugins = load(block=["htnet"])
    assert row(plugins, "waiting").seconds >= 0.05
    assert row(plugins, "htnet").seconds == 0


def test_each_hook_is_called_once(install: Install) -> None:
    install("counting-dist", "counting", "CALLS = []\n" + dedent(MODEL.format(name="c")) + "    CALLS.append(1)\n")
    load()
    assert sys.modules["counting"].CALLS == [1]  # type: ignore[attr-defined]


@pytest.mark.parametrize("block", ["stranger", "stranger-dist:stranger"])
def test_a_blocked_plugin_is_not_imported(install: Install, block: str) -> None:
    install("stranger-dist", "stranger", MODEL.format(name="s"))
    blocked = row(load(block=[block]), "stranger")
    assert (blocked.status, blocked.reason) == ("blocked", "left out by --no-plugin")
    assert "stranger" not in sys.modules


def test_a_built_in_plugin_can_be_blocked() -> None:
    plugins = load(block=["htnet"])
    assert row(plugins, "htnet").status == "blocked"
    assert "htnet" not in names(plugins)


def test_blocking_an_unknown_name_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(PluginError, match=r"no plugin is called 'htnt' \(nearest: htnet"):
        load(block=["htnt"])


@pytest.mark.parametrize(
    ("listed", "status"),
    [
        ("", "blocked"),
        ("stranger", "loaded"),
        (" stranger , htnet", "loaded"),
        ("stranger-dist:stranger", "loaded"),
        ("htnet", "blocked"),
    ],
)
def test_the_allow_list_admits_strangers_by_name_and_the_built_in_always(
    install: Install, monkeypatch: pytest.MonkeyPatch, listed: str, status: str
) -> None:
    install("stranger-dist", "stranger", MODEL.format(name="s"))
    monkeypatch.setenv("MERBENCH_PLUGINS", listed)
    plugins = load()
    assert row(plugins, "stranger").status == status
    assert {one.status for one in plugins if one.distribution == "merbench"} == {"loaded"}
    assert failures(plugins) == []


def test_a_name_in_the_allow_list_that_is_not_installed_is_a_failure(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("stranger-dist", "stranger", MODEL.format(name="s"))
    monkeypatch.setenv("MERBENCH_PLUGINS", "strangr")
    assert row(load(), "strangr").reason.startswith("named in MERBENCH_PLUGINS but not installed (nearest: stranger")
    with pytest.raises(PluginError, match="plugin 'strangr' of MERBENCH_PLUGINS could not be loaded"):
        load(strict=True)


@pytest.fixture
def plugin_file(install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a model in it, in a folder that is not on the path."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "mine").mkdir()
    path = tmp_path / "mine" / "my_net_file.py"
    path.write_text(dedent(MODEL.format(name="my-net")))
    return path


def test_a_file_is_a_plugin_and_importable_under_its_stem(plugin_file: Path) -> None:
    plugins = load(files=[plugin_file])
    found = plugins[-1]
    assert (found.name, found.distribution, found.version) == ("my_net_file", "my_net_file.py", "")
    assert found.provides == {"models": ("my-net",)}
    assert importlib.import_module(plugins[-1].module).__file__ == str(plugin_file)


def test_a_file_that_has_changed_is_read_anew(plugin_file: Path) -> None:
    load(files=[plugin_file])
    plugin_file.write_text(dedent(MODEL.format(name="my-newer-net")))
    assert names(load(files=[plugin_file]))[-1] == "my-newer-net"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def (", "SyntaxError: invalid syntax"),
        ("import no_such_module_anywhere", "ModuleNotFoundError: No module named"),
        (MODEL.replace("merbench_models", "merbench_model"), "unknown hook 'merbench_model'"),
    ],
)
def test_a_broken_file_is_fatal_for_it_was_asked_for(plugin_file: Path, code: str, reason: str) -> None:
    plugin_file.write_text(dedent(code))
    with pytest.raises(PluginError) as raised:
        load(files=[plugin_file])
    assert str(raised.value).startswith(f"--plugin {plugin_file}: ")
    assert reason in str(raised.value)


def test_a_missing_file_is_fatal(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"none\.py: no such file"):
        load(files=[tmp_path / "none.py"])


def test_two_files_of_one_name_are_refused(plugin_file: Path) -> None:
    with pytest.raises(PluginError, match=r"another plugin file is called my_net_file\.py too"):
        load(files=[plugin_file, plugin_file])


@pytest.mark.parametrize("name", ["json.py", "merbench.py", "two.dots.py", "plugin.txt"])
def test_a_file_that_would_hide_a_module_or_is_none_is_refused(plugin_file: Path, name: str) -> None:
    taken = plugin_file.rename(plugin_file.with_name(name))
    with pytest.raises(PluginError, match=r"exists already; rename the file|a plugin file must be called NAME\.py"):
        load(files=[taken])
