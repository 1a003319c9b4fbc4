"""From names to specs and from targets to code, with the errors on the way."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import pytest

import merbench
from merbench.errors import PluginError, UnknownName
from merbench.plugins import Plugin, PluginReport, Plugins, load
from merbench.registry import Origin, Registry, load_target
from merbench.specs import Spec


def model(name: str, about: str = "") -> merbench.EstimatorModel:
    return merbench.EstimatorModel(name=name, estimator="sklearn.dummy:DummyClassifier", features=(), about=about)


def plugin(distribution: str, specs: Mapping[str, tuple[Spec, ...]], version: str = "1.0") -> Plugin:
    return Plugin(name="nets", distribution=distribution, version=version, module=f"{distribution}_module", specs=specs)


@pytest.fixture
def registry() -> Registry:
    """Two distributions that both give `shared`, and one model of its own each."""
    one = plugin("one", {"models": (model("shared", "of one"), model("only-one"))})
    two = plugin("two", {"models": (model("shared", "of two"), model("only-two"))}, version="2.5")
    return Registry(Plugins((one, two), []))


def test_a_plain_name_finds_its_spec(registry: Registry) -> None:
    assert registry.models.get("only-two").name == "only-two"


def test_a_qualified_name_always_finds_its_spec(registry: Registry) -> None:
    assert registry.models.get("one:shared").about == "of one"
    assert registry.models.get("two:shared").about == "of two"
    assert registry.models.get("one:only-one") is registry.models.get("only-one")


def test_a_name_from_two_distributions_is_an_error_only_when_it_is_asked_for(registry: Registry) -> None:
    with pytest.raises(PluginError) as raised:
        registry.models.get("shared")
    assert str(raised.value) == "model 'shared' is given by one and two; ask for one:shared or two:shared"


def test_an_unknown_name_is_answered_with_the_nearest_and_how_to_list_all(registry: Registry) -> None:
    with pytest.raises(UnknownName) as raised:
        registry.models.get("only-onne")
    assert str(raised.value) == (
        "no model is called 'only-onne' (nearest: only-one, only-two); list all with: merbench list models"
    )


def test_an_unknown_qualified_name_is_answered_with_qualified_ones(registry: Registry) -> None:
    with pytest.raises(UnknownName, match="nearest: two:shared"):
        registry.models.get("two:sharde")


def test_an_unknown_name_mentions_plugins_that_could_not_be_loaded() -> None:
    failed = PluginReport(name="broken", distribution="broken", version="1", status="failed", reason="why")
    with pytest.raises(UnknownName, match=r"1 plugin\(s\) could not be loaded, see: merbench plugins"):
        Registry(Plugins((), [failed])).models.get("anything")


def test_names_are_sorted_and_each_of_them_can_be_got(registry: Registry) -> None:
    names = registry.models.names()
    assert names == ["one:shared", "only-one", "only-two", "two:shared"]
    assert [registry.models.get(name) for name in names] == list(registry.models)
    assert len(registry.models) == 4


def test_the_origin_tells_plugin_distribution_version_and_module(registry: Registry) -> None:
    assert registry.models.origin("two:shared") == Origin(
        plugin="nets", distribution="two", version="2.5", module="two_module"
    )


def test_nouns_do_not_mix(registry: Registry) -> None:
    assert registry.features.names() == []
    with pytest.raises(UnknownName, match="no feature is called 'only-one'"):
        registry.features.get("only-one")


def test_everything_that_is_built_in_can_be_found() -> None:
    registry = Registry(load(allow=()))
    assert registry.protocols.get("composite").name == "composite"
    assert registry.protocols.origin("composite").module == "merbench.protocols"


def test_a_target_is_imported() -> None:
    assert load_target("json.decoder:JSONDecoder.decode", owner="a test") is sys.modules["json"].JSONDecoder.decode


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("no_such_module:Net", "no_such_module cannot be imported: ModuleNotFoundError: No module named"),
        ("json:decoder.JSONDecodr", "there is no 'JSONDecodr' in module json.decoder (nearest: JSONDecoder"),
        ("json:JSONDecoder.raw_decod", "there is no 'raw_decod' in class JSONDecoder (nearest: raw_decode"),
        ("json:dumps", "which is a function and not a subclass of merbench.sources.SourceReader"),
        ("json:JSONDecoder", "which is class JSONDecoder and not a subclass of merbench.sources.SourceReader"),
    ],
)
def test_a_target_that_is_not_there_or_of_the_wrong_kind_names_owner_target_and_want(target: str, reason: str) -> None:
    with pytest.raises(PluginError) as raised:
        load_target(target, owner="source 'mine'", base=merbench.SourceReader)
    assert str(raised.value).startswith(f"source 'mine' names {target!r}, ")
    assert reason in str(raised.value)
