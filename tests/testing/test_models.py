"""Each check of a model passes on one that keeps the rules, and fails on one that breaks its rule."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

import merbench
from merbench.errors import OptionError, UnknownName
from merbench.plugin.registry import Registry
from merbench.testing import CheckFailed, check_model, parametrize_with_checks
from merbench.testing.estimator_checks import ESTIMATOR_CHECKS
from merbench.testing.findings import find
from merbench.testing.fit_checks import FIT_CHECKS
from merbench.testing.kinds import checks_of
from merbench.testing.model_checks import MODEL_CHECKS
from merbench.testing.network_checks import NETWORK_CHECKS

SHAPES = {"zoo-image": (2, 4, 4)}
RECIPES = {"plain": merbench.Recipe(lr=1e-2)}


def network(name: str) -> merbench.TorchModel:
    return merbench.TorchModel(name=name, network=f"zoo_models:{name}", features=("zoo-image",), recipes=RECIPES)


def own_loss(name: str) -> merbench.TorchModel:
    recipes = {"plain": merbench.Recipe(lr=1e-2, options={"scale": 2.0} if name == "own_loss" else {})}
    return replace(network("Linear"), name=name, training_loss=f"zoo_models:{name}", recipes=recipes)


def fit(name: str, predictor: str = "", **recipe: Any) -> merbench.FitModel:
    return merbench.FitModel(
        name=name,
        fit=f"zoo_models:{name}",
        features=("zoo-image",),
        predictor=predictor,
        recipes={"plain": merbench.Recipe(**recipe)},
    )


def kept(name: str) -> merbench.FitModel:
    return fit(name, predictor=f"zoo_models:{'Forgetful' if name == 'forgetful_fit' else 'Linear'}")


def estimator(name: str) -> merbench.EstimatorModel:
    return merbench.EstimatorModel(name=name, estimator=f"zoo_models:{name}", features=("zoo-image",))


def result(check: str, spec: Any) -> tuple[str, str]:
    """What a check finds of a model, and its evidence."""
    toys, checks = checks_of(spec, Registry([]), shapes=SHAPES)
    (function,) = (one for one in checks if one.__name__ == check)
    finding = find(function, toys)
    return finding.result, finding.evidence


GOOD = [network("Linear"), own_loss("own_loss"), estimator("Nearest"), fit("fit", pretrain=("other",))]
GOOD.append(kept("module_fit"))


@parametrize_with_checks(GOOD, shapes=SHAPES)
def test_a_model_that_keeps_the_rules_passes_each_check(check: Any) -> None:
    check()


@pytest.fixture(autouse=True)
def rested(monkeypatch: pytest.MonkeyPatch, zoo: None) -> None:
    """What classes of the zoo keep between calls is gone."""
    import zoo_models

    monkeypatch.setattr(zoo_models.Counting, "fits", 0)
    monkeypatch.setattr(zoo_models.Weary, "forwards", 0)
    monkeypatch.setattr(zoo_models, "WIDEST", [])
    monkeypatch.setattr(zoo_models, "LEARNED", [])


BROKEN = {
    "spec_resolves": (network("Nowhere"), "there is no 'Nowhere' in module zoo_models"),
    "gives_class_scores": (network("ThreeClasses"), "gives [3, 3] for 3 clips; it must give logits [clips, 2]"),
    "same_in_any_order": (estimator("Counting"), "differ in the opposite order of folds"),
    "keeps_no_state": (estimator("Counting"), "differ after another task: toy/s1"),
    "same_in_another_process": (estimator("Homesick"), "predictions of 2 fold(s) differ in another process"),
    "runs_without_gpu": (network("NeedsGPU"), "RuntimeError: no GPU is available"),
    "resumes": (estimator("Counting"), "differ after a break"),
    "trains_on_one_clip": (network("Normed"), "Expected more than 1 value per channel when training"),
    "trains_on_one_class": (estimator("TwoClasses"), "ValueError: one class is not enough"),
    "batched_equals_alone": (network("Weary"), "differ by"),
    "reports_equal_epochs": (fit("patient_fit"), "the number of epochs depends on the fold: {'toy/s1': 6, 'toy/s2': 6"),
    "saves_and_loads": (network("Forgetful"), "neither a parameter nor a persistent buffer"),
}


@pytest.mark.parametrize("check", BROKEN)
def test_each_check_fails_on_a_model_that_breaks_its_rule(check: str) -> None:
    spec, said = BROKEN[check]
    found, evidence = result(check, spec)
    assert found == "found"
    assert said in evidence


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (network("Dividing"), "logits that are not finite (nan) before any training"),
        (network("Pairing"), "gives a tuple; it must give logits [clips, 2]"),
        (estimator("Short"), "gives an array of shape [2]; it must give a whole number from 0 to 1 for each of 3"),
        (estimator("Unsure"), "predict_proba"),
        (own_loss("two_losses"), "gives a tensor of shape [3]; it must give one loss for the batch"),
    ],
)
def test_scores_of_a_wrong_shape_or_value_are_found(spec: Any, said: str) -> None:
    found, evidence = result("gives_class_scores", spec)
    assert found == "found"
    assert said in evidence


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (network("Transductive"), "moves if other test clips become noise"),
        (estimator("Scaling"), "moves if other test clips become noise"),
        (fit("peeking_fit"), "predictions move if the labels of the test side change"),
        (estimator("Peeking"), "predictions move if the labels of the test side change"),
    ],
)
def test_a_model_that_looks_at_the_test_side_is_found(spec: Any, said: str) -> None:
    found, evidence = result("never_sees_the_test_side", spec)
    assert found == "found"
    assert said in evidence


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (network("Overwriting"), "forward in training mode writes into its input"),
        (estimator("Blanking"), "fit writes into its input"),
    ],
)
def test_a_model_that_overwrites_its_clips_is_found(spec: Any, said: str) -> None:
    assert result("leaves_clips_unchanged", spec) == ("found", said)


BROKEN_FITS = [
    ("spec_resolves", fit("no_fit"), "there is no 'no_fit' in module zoo_models"),
    ("gives_class_scores", fit("undecided_fit"), "gives scores that are not finite"),
    ("gives_class_scores", fit("lonely_fit"), "gives an array of shape [3]; it must give a finite score for each"),
    ("gives_class_scores", fit("three_classes_fit"), "gives an array of shape [3, 3]; it must"),
    ("same_in_any_order", fit("growing_fit"), "differ in the opposite order of folds"),
    ("keeps_no_state", fit("wide_fit"), "differ after another task: toy/s1"),
    ("same_in_another_process", fit("aware_fit"), "predictions of 2 fold(s) differ in another process"),
    ("runs_without_gpu", fit("gpu_fit"), "RuntimeError: no GPU is available"),
    ("never_sees_the_test_side", fit("peeking_fit"), "predictions move if the labels of the test side change"),
    ("never_sees_the_test_side", fit("transductive_fit"), "moves if other test clips become noise"),
    ("resumes", fit("growing_fit"), "differ after a break"),
    ("trains_on_one_clip", fit("single_fit"), "ValueError: a class is missing"),
    ("trains_on_one_class", fit("single_fit"), "ValueError: a class is missing"),
    ("reports_equal_epochs", fit("patient_fit"), "the number of epochs depends on the fold"),
    ("saves_and_loads", kept("forgetful_fit"), "is a tensor that it needs no parameter and no buffer?"),
    ("saves_and_loads", kept("other_fit"), "gives a module with [3] tensor 0.head.bias; it must have no, as the"),
    ("saves_and_loads", kept("plain_fit"), "gives a function; it must return a torch.nn.Module, so that weights"),
]


@pytest.mark.parametrize(("check", "spec", "said"), BROKEN_FITS, ids=lambda one: getattr(one, "name", None))
def test_each_check_fails_on_a_fit_that_breaks_its_rule(check: str, spec: Any, said: str) -> None:
    found, evidence = result(check, spec)
    assert found == "found"
    assert said in evidence


def test_a_fit_that_hangs_is_ended_at_the_limit_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERBENCH_TIMEOUT", "0.3")
    found, evidence = result("gives_class_scores", fit("hanging_fit"))
    assert found == "found"
    assert re.search(r"fit did not end within 0.3 s .*; it was at .*zoo_models.py:\d+ in hanging_fit", evidence)


def test_all_failures_of_a_model_are_told_in_one_line() -> None:
    with pytest.raises(CheckFailed) as caught:
        check_model(estimator("TwoClasses"), shapes=SHAPES)
    said = str(caught.value)
    assert said.startswith("TwoClasses fails 2 check(s): trains_on_one_clip: ")
    assert "; trains_on_one_class: " in said


def test_a_failure_with_a_reason_is_expected() -> None:
    reasons = {"trains_on_one_clip": "it compares classes", "trains_on_one_class": "it compares classes"}
    done = check_model(estimator("TwoClasses"), shapes=SHAPES, expected_failures=reasons)
    assert {one.check for one in done if one.result == "found"} == set(reasons)


def test_a_check_that_was_expected_to_fail_and_passes_is_a_failure() -> None:
    with pytest.raises(CheckFailed, match=r"^Nearest fails 1 check\(s\): resumes: it was expected to fail$"):
        check_model(estimator("Nearest"), shapes=SHAPES, expected_failures={"resumes": "it does not"})


def test_a_reason_for_a_check_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(OptionError, match="no check of Nearest is called 'resums'"):
        check_model(estimator("Nearest"), shapes=SHAPES, expected_failures={"resums": "misspelt"})


def test_a_feature_of_unknown_shape_is_an_error_that_says_how_to_declare_it() -> None:
    with pytest.raises(OptionError, match=r"feature zoo-image does not declare the shape .* --shape zoo-image=3,28,28"):
        check_model(network("Linear"))


def test_a_recipe_that_the_model_does_not_have_is_an_error() -> None:
    with pytest.raises(UnknownName, match="no recipe is called 'quick'; Linear has plain"):
        check_model(network("Linear"), recipe="quick", shapes=SHAPES)


def test_a_failure_with_a_reason_is_marked_in_a_parametrized_test() -> None:
    mark = parametrize_with_checks(
        [estimator("Nearest")], expected_failures={"resumes": "it does not"}, shapes=SHAPES
    ).mark
    cases = {case.id: case.marks for case in mark.args[1]}
    assert [name for name, marks in cases.items() if marks] == ["Nearest-resumes"]
    (xfail,) = cases["Nearest-resumes"]
    assert xfail.kwargs == {"reason": "it does not", "strict": True, "raises": CheckFailed}


def test_every_check_fails_on_some_model() -> None:
    checks = {one.__name__ for one in (*MODEL_CHECKS, *NETWORK_CHECKS, *ESTIMATOR_CHECKS, *FIT_CHECKS)}
    assert checks == {*BROKEN, "never_sees_the_test_side", "leaves_clips_unchanged"}
    assert {one.__name__ for one in (*MODEL_CHECKS, *FIT_CHECKS)} == {check for check, *_ in BROKEN_FITS}
