"""`--set name=value`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from merbench.errors import OptionError, PluginError
from merbench.plugin.specs import EstimatorModel, Recipe, TorchModel
from merbench.runs.settings import apply_settings, divided, model_options

NET = TorchModel(
    name="net", network="m:Net", features=("regions@as-released", "points"), recipes={"published": Recipe()}
)
ESTIMATOR = EstimatorModel(name="tree", estimator="m:Tree", features=("flow-28",))


class Net:
    def __init__(
        self,
        classes: int = 3,
        *,
        dim: int = 8,
        rate: float = 0.5,
        deep: bool = False,
        repeats: tuple[int, ...] = (2, 2, 10),
        widths: list[float] = [1.0],  # noqa: B006
        names: tuple[str, ...] = (),
        kernel: str = "rbf",
        limit: int | None = None,
        needed: Any,
        table: dict[str, int] = {},  # noqa: B006
    ) -> None:
        pass


def options(*assignments: str, recipe: Recipe | None = None, build: Callable[..., Any] = Net) -> dict[str, Any]:
    return dict(apply_settings(assignments, NET, recipe or Recipe(), build)[0].options)


def test_without_settings_all_stays_as_the_recipe_has_it() -> None:
    recipe = Recipe(lr=0.5, options={"dim": 4})
    assert apply_settings([], NET, recipe, Net) == (recipe, NET.features)


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("dim=16", 16),
        ("rate=1e-3", 1e-3),
        ("rate=2", 2.0),
        ("deep=true", True),
        ("deep=False", False),
        ("repeats=2,2,4", (2, 2, 4)),
        ("repeats=(1, 3)", (1, 3)),
        ("repeats=[5]", (5,)),
        ("repeats=(5,)", (5,)),
        ("widths=1,2.5", (1.0, 2.5)),
        ("names=a,b", ("a", "b")),
        ("kernel=linear", "linear"),
        ("kernel=a=b", "a=b"),
        ("limit=7", 7),
        ("limit=1.5", 1.5),
        ("limit=null", None),
        ("limit=none at all", "none at all"),
        ("needed=true", True),
    ],
)
def test_a_value_is_read_as_the_options_default_has_it(assignment, value) -> None:
    found = options(assignment)[assignment.partition("=")[0]]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("dim=1.5", "--set dim=1.5: must be a whole number"),
        ("dim=", "--set dim=: must be a whole number"),
        ("rate=fast", "--set rate=fast: must be a number"),
        ("deep=1", "--set deep=1: must be true or false"),
        ("repeats=2,,4", "--set repeats=2,,4: must be a whole number in each place"),
        ("repeats=2,x", "--set repeats=2,x: must be a whole number in each place"),
        ("table=1", "--set table: this option cannot be given on the command line"),
        ("dim", "--set dim: write it as name=value"),
        ("epochs=ten", "--set epochs=ten: must be a whole number"),
        ("epochs=0", "--set epochs=0: must be at least 1"),
        ("batch_size=0", "--set batch_size=0: must be at least 1"),
        ("lr=0", "--set lr=0.0: must be above 0"),
        ("lr=nan", "--set lr=nan: must be a number"),
        ("lr=inf", "--set lr=inf: must be a number"),
        ("weight_decay=-1", "--set weight_decay=-1.0: must be 0 or above"),
        ("momentum=1", "--set momentum=1.0: must be at least 0 and below 1"),
        ("layer_decay=0", "--set layer_decay=0.0: must be above 0 and at most 1"),
        ("warmup_epochs=100", "--set warmup_epochs=100: must be 0 or above, and fewer than epochs"),
        ("decay=0.5", "--set decay=0.5: it needs schedule=step; the schedule is constant"),
        ("decay_every=2", "--set decay_every=2: it needs schedule=step; the schedule is constant"),
        ("decay_epochs=2", "--set decay_epochs=2: it needs schedule=step; the schedule is constant"),
        ("momentum=0.9", "--set momentum=0.9: it needs optimizer=sgd; the optimizer is adam"),
        ("decay_every=0", "--set decay_every=0: must be at least 1"),
        ("decay_epochs=-1", "--set decay_epochs=-1: must be 0 or above"),
        ("focal=-1", "--set focal=-1.0: must be 0 or above"),
        ("mixup=-1", "--set mixup=-1.0: must be 0 or above"),
        ("flip=1.5", "--set flip=1.5: must be from 0 to 1"),
        ("rotation=-4", "--set rotation=-4.0: must be from 0 to 180"),
        ("crop_padding=-1", "--set crop_padding=-1: must be 0 or above"),
        ("class_weights=even", "--set class_weights=even: must be one of none, balanced"),
        ("label_smoothing=1", "--set label_smoothing=1.0: must be at least 0 and below 1"),
        ("standardize=yes", "--set standardize=yes: must be true or false"),
        ("optimizer=adm", "--set optimizer=adm: must be one of adam, adamw, sgd"),
        ("schedule=cyclic", "--set schedule=cyclic: must be one of constant, one-cycle, step, cosine"),
        ("order=random", "--set order=random: must be one of shuffled, balanced, by-class, clip"),
    ],
)
def test_a_value_that_cannot_be_taken_is_told_with_what_can(assignment, says) -> None:
    with pytest.raises(OptionError) as caught:
        options(assignment)
    assert str(caught.value) == says


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("lr=5e-5", 5e-5),
        ("batch_size=256", 256),
        ("epochs=1", 1),
        ("optimizer=sgd", "sgd"),
        ("order=by-class", "by-class"),
        ("schedule=one-cycle", "one-cycle"),
        ("standardize=true", True),
        ("label_smoothing=0.1", 0.1),
        ("weight_decay=0", 0.0),
    ],
)
def test_every_setting_of_a_recipe_can_be_set(assignment, value) -> None:
    name = assignment.partition("=")[0]
    recipe, _ = apply_settings([assignment], NET, Recipe(), Net)
    assert getattr(recipe, name) == value
    assert type(getattr(recipe, name)) is type(value)
    assert recipe == dataclasses.replace(Recipe(), **{name: value})


def test_settings_that_work_together_can_be_set_together() -> None:
    together = ["optimizer=sgd", "momentum=0.9", "schedule=step", "decay=0.5", "decay_every=2", "decay_epochs=4"]
    recipe, _ = apply_settings(together, NET, Recipe(), Net)
    assert (recipe.momentum, recipe.decay, recipe.decay_every, recipe.decay_epochs) == (0.9, 0.5, 2, 4)
    with pytest.raises(OptionError, match=r"momentum=0\.9: schedule=one-cycle sets its own momentum"):
        apply_settings(["optimizer=sgd", "momentum=0.9", "schedule=one-cycle"], NET, Recipe(), Net)


def test_an_option_without_a_default_that_the_recipe_sets_belongs_to_the_model() -> None:
    assert options("needed=3") == {"needed": 3}
    with pytest.raises(OptionError, match="--set needed=3: model net is needed=resnet18; take another model"):
        options("needed=3", recipe=Recipe(options={"needed": "resnet18"}))
    assert options("needed=3", recipe=Recipe(options={"needed": 3})) == {"needed": 3}  # as a plan's command has it
    with pytest.raises(OptionError) as caught:
        options("nedded=3", recipe=Recipe(options={"needed": "resnet18"}))
    assert "needed" not in str(caught.value)


def test_what_is_set_stands_before_what_the_recipe_sets_and_the_last_before_the_first() -> None:
    assert options("dim=2", "dim=4", recipe=Recipe(options={"dim": 16, "rate": 0.1})) == {"dim": 4, "rate": 0.1}


def test_an_unknown_name_is_answered_with_the_nearest_and_all() -> None:
    with pytest.raises(OptionError) as caught:
        options("repeat=2")
    says = str(caught.value)
    assert says.startswith("model net has no option 'repeat' (nearest: repeats")
    assert "available: batch_size, class_weights, crop_padding, " in says
    assert "regions" in says
    assert "\n" not in says


@pytest.mark.parametrize("name", ["classes", "options", "about", "api", "self"])
def test_what_is_not_the_users_to_set_is_unknown(name) -> None:
    with pytest.raises(OptionError, match=f"model net has no option '{name}'"):
        options(f"{name}=1")


def test_a_feature_is_set_to_one_of_its_variants() -> None:
    _, features = apply_settings(["regions=anatomical", "points=dlib"], NET, Recipe(), Net)
    assert features == ("regions@anatomical", "points@dlib")


def test_an_estimator_has_options_and_features_but_no_training_settings() -> None:
    def build(*, depth: int = 3) -> None:
        pass

    recipe, features = apply_settings(["depth=5", "flow-28=tvl1"], ESTIMATOR, Recipe(), build)
    assert recipe.options == {"depth": 5}
    assert features == ("flow-28@tvl1",)
    with pytest.raises(OptionError, match=r"model tree has no option 'lr'; available: depth, flow-28"):
        apply_settings(["lr=1"], ESTIMATOR, Recipe(), build)


def two_losses(outputs: Any, labels: Any, weights: Any, share: float = 0.1, *, dim: int = 2) -> None:
    pass


def test_the_arguments_of_a_network_s_own_loss_are_options_but_for_what_it_always_gets() -> None:
    recipe, _ = apply_settings(["share=0.5"], NET, Recipe(options={"dim": 4}), Net, two_losses)
    assert recipe.options == {"dim": 4, "share": 0.5}
    with pytest.raises(OptionError, match=r"model net has no option 'labels'.*; available: .*, repeats, .*, share, "):
        apply_settings(["labels=1"], NET, Recipe(), Net, two_losses)


def test_network_and_loss_get_the_options_that_they_name_and_the_network_those_that_nobody_names() -> None:
    asked, owner = {"dim": 4, "share": 0.5, "else": 1}, "model net"
    found = divided(asked, f"{__name__}:Net", f"{__name__}:two_losses", owner)
    assert found == ({"dim": 4, "else": 1}, {"dim": 4, "share": 0.5})
    assert divided(asked, f"{__name__}:Net", "", owner) == (asked, {})


def test_a_model_with_nothing_to_set_says_so() -> None:
    bare = EstimatorModel(name="bare", estimator="m:bare", features=())
    with pytest.raises(OptionError, match="model bare has no option 'x'; it has no options"):
        apply_settings(["x=1"], bare, Recipe(), lambda: None)


def test_a_recipe_that_sets_what_the_model_does_not_have_is_found() -> None:
    with pytest.raises(OptionError, match="model net has no option 'dept', which its recipe sets"):
        options(recipe=Recipe(options={"dept": 3}))


def test_a_recipe_with_a_value_that_it_cannot_have_is_the_plugins_fault() -> None:
    recipe = Recipe(lr=-1)
    model = dataclasses.replace(NET, recipes={"published": Recipe(), "quick": recipe})
    with pytest.raises(PluginError, match=r"^model net: recipe 'quick' sets lr=-1: must be above 0$"):
        apply_settings(["epochs=3"], model, recipe, Net)
    assert apply_settings(["lr=1"], model, recipe, Net)[0].lr == 1


def test_a_recipe_of_words_that_mean_nothing_is_the_plugins_fault() -> None:
    wrong = r"its recipe sets order=suffled: must be one of shuffled, balanced, by-class, clip"
    with pytest.raises(PluginError, match=wrong):
        options(recipe=Recipe(order="suffled"))  # type: ignore[arg-type]


def test_a_value_that_does_not_go_with_the_recipe_is_the_users() -> None:
    recipe = Recipe(optimizer="sgd", momentum=0.9)
    with pytest.raises(OptionError, match=r"--set momentum=0\.9: it needs optimizer=sgd; the optimizer is adam"):
        options("optimizer=adam", recipe=recipe)


def test_a_builder_that_takes_any_option_has_those_that_its_recipe_sets() -> None:
    def build(classes: int, **anything: Any) -> None:
        pass

    recipe = Recipe(options={"depth": 3})
    assert options("depth=5", recipe=recipe, build=build) == {"depth": 5}
    with pytest.raises(OptionError, match=r"no option 'dept' .nearest: depth"):
        options("dept=5", recipe=recipe, build=build)


def test_the_options_of_a_model_are_its_keyword_arguments_and_their_defaults() -> None:
    found = model_options(Net)
    assert "classes" not in found
    assert found["repeats"] == (2, 2, 10)
    assert found["needed"] is None
