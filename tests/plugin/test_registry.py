"""From names to specs and from targets to code, with the errors on the way."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

import merbench
from merbench.errors import PluginError, UnknownName
from merbench.plugin.loading import Plugin, load
from merbench.plugin.registry import Registry, load_target
from merbench.plugin.specs import Spec
from merbench.plugin.validation import fault


def model(name: str, about: str = "") -> merbench.EstimatorModel:
    return merbench.EstimatorModel(name=name, estimator="sklearn.dummy:DummyClassifier", features=(), about=about)


def plugin(distribution: str, specs: Mapping[str, tuple[Spec, ...]], version: str = "1.0") -> Plugin:
    return Plugin(name="nets", distribution=distribution, version=version, module=f"{distribution}_module", specs=specs)


@pytest.fixture
def registry() -> Registry:
    """Two distributions that both give `shared`, and one model of its own each."""
    one = plugin("one", {"models": (model("shared", "of one"), model("only-one"))})
    two = plugin("two", {"models": (model("shared", "of two"), model("only-two"))}, version="2.5")
    return Registry([one, two])


def test_a_plain_name_finds_its_spec(registry: Registry) -> None:
    assert registry.models.get("only-two").name == "only-two"


def test_a_qualified_name_always_finds_its_spec(registry: Registry) -> None:
    assert registry.models.get("one:shared").about == "of one"
    assert registry.models.get("two:shared").about == "of two"
    assert registry.models.get("one:only-one") is registry.models.get("only-one")


def test_a_name_from_two_distributions_is_an_error_only_when_it_is_asked_for(registry: Registry) -> None:
    with pytest.raises(PluginError) as raised:
        registry.models.get("shared")
    assert str(raised.value) == "model 'shared' is defined by one and two; use one:shared or two:shared"


def beside_the_built_in(**specs: tuple[Spec, ...]) -> Registry:
    """The built-in plugins, and beside them those of a distribution `acme`."""
    return Registry([*load(allow=()), plugin("acme", specs)])


FLOW = merbench.Feature(name="flow-28", function="acme:flow", inputs=("frames",))


def test_a_built_in_spec_keeps_its_name_and_a_plugins_one_is_asked_for_by_its_distribution() -> None:
    registry = beside_the_built_in(models=(model("htnet", "another"),))
    assert isinstance(registry.models.get("htnet"), merbench.TorchModel)
    assert registry.models.get("merbench:htnet") is registry.models.get("htnet")
    assert registry.models.get("acme:htnet").about == "another"
    assert registry.models.get("acme:htnet").name == "acme:htnet"
    assert {"htnet", "acme:htnet"} <= set(registry.models.names())
    assert registry.notes() == ["model 'htnet' is the built-in one; the plugin's is called acme:htnet"]


def test_a_built_in_model_still_means_the_built_in_feature() -> None:
    registry = beside_the_built_in(features=(FLOW,))
    assert registry.models.get("flow-lr").features == ("flow-28",)
    assert registry.features.origin("flow-28").distribution == "merbench"


def test_a_plugins_names_mean_its_own_specs_first_and_then_the_built_in_ones() -> None:
    registry = beside_the_built_in(
        features=(FLOW, merbench.Feature(name="mine", function="acme:mine", inputs=("flow-28", "landmarks"))),
        models=(replace(model("my-svm"), features=("flow-28@fast", "strain-28", "merbench:flow-28")),),
        sources=(merbench.Source(name="samm", reader="acme:Reader", provides=("frames",), databases=("samm",)),),
        protocols=(merbench.Protocol(name="loso-per-database", splitter="acme:Splits"),),
        datasets=(
            merbench.Dataset(
                name="mine",
                sources=("samm", "casme2"),
                databases=("samm", "casme2"),
                scheme=merbench.THREE_CLASS,
                alternatives=(("samm",),),
            ),
        ),
    )
    assert registry.features.get("mine").inputs == ("acme:flow-28", "landmarks")
    assert registry.models.get("my-svm").features == ("acme:flow-28@fast", "strain-28", "flow-28")
    assert registry.datasets.get("mine").sources == ("acme:samm", "casme2")
    assert registry.datasets.get("mine").alternatives == (("acme:samm",),)
    assert registry.datasets.get("mine").protocol == "acme:loso-per-database"


HALVES = merbench.Protocol(name="halves", splitter="acme:Halves", formerly=("half-half", "two-parts"))


def test_a_former_name_finds_the_spec_under_its_name_of_today() -> None:
    registry = beside_the_built_in(protocols=(HALVES,))
    for old in ("half-half", "two-parts", "acme:two-parts"):
        assert registry.protocols.get(old) is registry.protocols.get("halves")
        assert registry.protocols.current(old) == "halves"
    assert {"half-half", "two-parts"}.isdisjoint(registry.protocols.names())
    assert registry.protocols.matching("two-parts") == ["halves"]
    assert registry.protocols.current("halves") == "halves"
    assert registry.protocols.current("nobody's") == "nobody's"
    assert registry.protocols.get("halves").oldest_name == "half-half"
    assert registry.notes() == []


def test_a_dataset_may_name_its_protocol_by_a_former_name() -> None:
    mine = merbench.Dataset(
        name="mine", sources=("samm",), databases=("samm",), scheme=merbench.THREE_CLASS, protocol="per-database"
    )
    registry = beside_the_built_in(
        datasets=(mine, replace(mine, name="own", protocol="two-parts")), protocols=(HALVES,)
    )
    assert registry.datasets.get("mine").protocol == "loso-per-database"
    assert registry.datasets.get("own").protocol == "halves"


def test_a_plugin_cannot_take_a_former_name_of_a_built_in_spec_away() -> None:
    theirs = merbench.Protocol(name="composite", splitter="acme:Splits")
    registry = beside_the_built_in(protocols=(theirs, replace(HALVES, formerly=("per-database",))))
    assert registry.protocols.get("composite").name == "loso"
    assert registry.protocols.get("acme:composite").splitter == "acme:Splits"
    assert registry.protocols.get("per-database").name == "loso-per-database"
    assert registry.protocols.get("acme:per-database").name == "halves"
    assert registry.notes() == ["protocol 'composite' is the built-in one; the plugin's is called acme:composite"]


def test_a_recipes_features_mean_the_plugins_own_too() -> None:
    recipes = {"default": merbench.Recipe(features=("flow-28",))}
    registry = beside_the_built_in(features=(FLOW,), models=(replace(model("my-svm"), recipes=recipes),))
    assert registry.models.get("my-svm").recipes["default"].features == ("acme:flow-28",)


def test_the_members_of_a_family_mean_their_own_distributions_features(toys: merbench.ModelFamily) -> None:
    registry = beside_the_built_in(features=(FLOW,), models=(replace(toys, name="timm"),))
    made = registry.models.get("acme:timm:seeing")
    assert made.name == "acme:timm:seeing"
    assert made.features == ("acme:flow-28",)
    assert registry.models.origin("timm").distribution == "merbench"


def test_two_strangers_that_give_one_name_leave_each_other_alone() -> None:
    first = plugin("one", {"features": (FLOW,), "models": (replace(model("a"), features=("flow-28",)),)})
    second = plugin("two", {"features": (FLOW,), "models": (replace(model("b"), features=("flow-28",)),)})
    registry = Registry([first, second])
    assert registry.models.get("a").features == ("one:flow-28",)
    assert registry.models.get("b").features == ("two:flow-28",)
    assert registry.notes() == []


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
    failed = Plugin(name="broken", distribution="broken", version="1", module="broken", status="failed", reason="why")
    with pytest.raises(UnknownName, match=r"1 plugin\(s\) could not be loaded, see: merbench plugins"):
        Registry([failed]).models.get("anything")


def test_names_are_sorted_and_each_of_them_can_be_got(registry: Registry) -> None:
    names = registry.models.names()
    assert names == ["one:shared", "only-one", "only-two", "two:shared"]
    assert [registry.models.get(name) for name in names] == list(registry.models)
    assert len(registry.models) == 4


def test_a_spec_knows_the_plugin_that_it_comes_from(registry: Registry) -> None:
    origin = registry.models.origin("two:shared")
    assert (origin.name, origin.distribution, origin.version, origin.module) == ("nets", "two", "2.5", "two_module")


def test_nouns_do_not_mix(registry: Registry) -> None:
    assert registry.features.names() == []
    with pytest.raises(UnknownName, match="no feature is called 'only-one'"):
        registry.features.get("only-one")


def test_everything_that_is_built_in_can_be_found() -> None:
    registry = Registry(load(allow=()))
    assert registry.protocols.get("loso").name == "loso"
    assert registry.protocols.origin("loso").module == "merbench.protocols"


def test_a_target_is_imported() -> None:
    assert load_target("json.decoder:JSONDecoder.decode", owner="a test") is sys.modules["json"].JSONDecoder.decode


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("no_such_module:Net", "the import of no_such_module failed: ModuleNotFoundError: No module named"),
        ("json:decoder.JSONDecodr", "there is no 'JSONDecodr' in module json.decoder (nearest: JSONDecoder"),
        ("json:JSONDecoder.raw_decod", "there is no 'raw_decod' in class JSONDecoder (nearest: raw_decode"),
        ("json:dumps", "which is a function and not a subclass of merbench.data.sources.SourceReader"),
        ("json:JSONDecoder", "which is class JSONDecoder and not a subclass of merbench.data.sources.SourceReader"),
    ],
)
def test_a_target_that_is_not_there_or_of_the_wrong_kind_names_owner_target_and_want(target: str, reason: str) -> None:
    with pytest.raises(PluginError) as raised:
        load_target(target, owner="source 'mine'", base=merbench.SourceReader)
    assert str(raised.value).startswith(f"source 'mine' names {target!r}, ")
    assert reason in str(raised.value)


TOYS = """
import fnmatch
import merbench

def member(name):
    if name == "odd":
        return merbench.EstimatorModel(name="odd", estimator="a:b", features=())
    if name == "source":
        return merbench.Source(name="toys:source", reader="a:b", provides=(), databases=())
    if name == "family":
        return merbench.ModelFamily(name="toys:family", member="a:b", members="a:b")
    if name == "broken":
        raise KeyError("gone")
    if name == "seeing":
        return merbench.EstimatorModel(name="timm:seeing", estimator="a:b", features=("flow-28",))
    if name == "nothing":
        return None
    if name not in members("*"):
        raise merbench.OptionError(f"toys has no {name!r}")
    return merbench.EstimatorModel(name=f"toys:{name}", estimator="sklearn.dummy:DummyClassifier", features=())

def members(pattern):
    if pattern == "broken*":
        raise KeyError("gone")
    if pattern in ("none*", "word*"):
        return {"none*": None, "word*": "small"}[pattern]
    return fnmatch.filter(["small", "smaller", "large"], pattern)
"""


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> merbench.ModelFamily:
    """A family whose module can be imported, but has not been."""
    (tmp_path / "registry_toys.py").write_text(TOYS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "registry_toys", raising=False)
    return merbench.ModelFamily(name="toys", member="registry_toys:member", members="registry_toys:members")


def registry_of(*families: merbench.ModelFamily) -> Registry:
    given = [plugin(name, {"models": (model("only"), family)}) for name, family in zip("ab", families, strict=False)]
    return Registry(given)


def test_a_member_of_a_family_is_made_when_it_is_asked_for(toys: merbench.ModelFamily) -> None:
    models = registry_of(toys).models
    assert "registry_toys" not in sys.modules
    assert models.get("toys:small").name == "toys:small"
    assert models.get("a:toys:small") == models.get("toys:small")
    assert models.origin("toys:small") is models.origin("toys")


def test_names_are_those_of_models_alone_and_importing_nothing(toys: merbench.ModelFamily) -> None:
    models = registry_of(toys).models
    assert models.names() == [one.name for one in models] == ["only"]
    assert len(models) == 1
    assert models.families() == {"toys": toys}
    assert models.origin("toys").distribution == "a"
    assert "registry_toys" not in sys.modules


def test_a_pattern_with_a_colon_is_asked_of_the_families_that_it_matches(toys: merbench.ModelFamily) -> None:
    models = registry_of(toys).models
    assert models.matching("o*") == models.matching("*") == ["only"]
    assert models.matching("*s*") == []
    assert "registry_toys" not in sys.modules
    assert models.matching("toys:sm*") == models.matching("t*:sm*") == ["toys:small", "toys:smaller"]
    assert models.matching("toy:*") == []


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("broken*", r"registry_toys\.py:\d+ in members: KeyError: 'gone'; it must give a list of names"),
        ("none*", r"at \S+registry_toys\.py:\d+ gives None; it must give a list of names"),
        ("word*", r"at \S+registry_toys\.py:\d+ gives a str; it must give a list of names"),
    ],
)
def test_what_a_family_lists_is_checked(toys: merbench.ModelFamily, pattern: str, said: str) -> None:
    with pytest.raises(PluginError, match=rf"^model family toys \(plugin nets\): members\('{pattern[:-1]}.*{said}$"):
        registry_of(toys).models.matching(f"toys:{pattern}")


def test_exact_and_qualified_names_go_before_families(toys: merbench.ModelFamily) -> None:
    named_alike = plugin("toys", {"models": (model("small", "not of the family"),)})
    registry = Registry([plugin("a", {"models": (toys,)}), named_alike])
    assert registry.models.get("toys:small").about == "not of the family"
    assert registry.models.get("toys:large").name == "toys:large"


def test_a_family_from_two_distributions_is_an_error_only_when_it_is_asked_for(toys: merbench.ModelFamily) -> None:
    models = registry_of(toys, replace(toys, about="another")).models
    assert sorted(models.families()) == ["a:toys", "b:toys"]
    assert models.get("b:toys:small").name == "b:toys:small"
    assert models.origin("b:toys:small").distribution == "b"
    with pytest.raises(PluginError) as raised:
        models.get("toys:small")
    assert str(raised.value) == "model family 'toys' is defined by a and b; use a:toys or b:toys"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "tois:small",
            "no model is called 'tois:small' (nearest: toys:small); list all with: merbench list models, and those of "
            "a family with: merbench list models --match 'toys:*'",
        ),
        (
            "toys",
            "no model is called 'toys'; it is a family; name a member, toys:NAME, or list them with: "
            "merbench list models --match 'toys:*'",
        ),
        ("toys:tiny", "toys has no 'tiny'"),
        ("toys:", "toys has no ''"),
    ],
)
def test_an_unknown_family_or_member_is_told_with_how_to_list_them(
    toys: merbench.ModelFamily, name: str, said: str
) -> None:
    with pytest.raises(merbench.MerbenchError) as raised:
        registry_of(toys).models.get(name)
    assert str(raised.value) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("odd", "its member 'odd' calls itself 'odd', not 'toys:odd'"),
        (
            "source",
            "which is not a merbench.TorchModel, merbench.EstimatorModel, merbench.FitModel or merbench.ModelFamily",
        ),
        ("family", "its member 'family': a family again"),
        ("broken", "registry_toys.py:13 in member: KeyError: 'gone'"),
        ("nothing", "(plugin nets): member('nothing') at "),
    ],
)
def test_what_a_family_makes_is_checked_as_what_a_hook_yields(toys: merbench.ModelFamily, name: str, said: str) -> None:
    with pytest.raises(PluginError, match=r"^model family '?toys'?") as raised:
        registry_of(toys).models.get(f"toys:{name}")
    assert said in str(raised.value)


def test_a_family_whose_target_is_not_there_is_told(toys: merbench.ModelFamily) -> None:
    with pytest.raises(PluginError, match="model family 'toys' names 'registry_toys:membr', but there is no 'membr'"):
        registry_of(replace(toys, member="registry_toys:membr")).models.get("toys:small")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "to:ys"}, "a name may only contain letters, digits and . _ + -"),
        ({"member": "registry_toys"}, 'member must be "module:attribute"'),
        ({"members": ""}, 'members must be "module:attribute"'),
        ({"api": 2}, "is written for plugin api 2"),
    ],
)
def test_a_family_is_validated_as_other_specs_are(
    toys: merbench.ModelFamily, change: Mapping[str, object], said: str
) -> None:
    assert said in fault(replace(toys, **change), "models")  # type: ignore[arg-type]
    assert fault(toys, "models") == ""
