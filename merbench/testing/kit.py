"""The checks of a spec, run one after the other or as tests of pytest."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from merbench.audit.findings import Finding
from merbench.errors import OptionError
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.plugin.specs import Dataset, Executor, Feature, Model, ModelFamily, Protocol, Source
from merbench.testing.features import Inputs
from merbench.testing.findings import Check, CheckFailed, find, name_of
from merbench.testing.kinds import checks_of
from merbench.testing.toys import Shapes

if TYPE_CHECKING:
    import pandas as pd
    import pytest

__all__ = ["check_executor", "check_feature", "check_model", "check_protocol", "check_source"]
__all__ += ["parametrize_with_checks"]

Expected = Mapping[str, str]  # name of a check -> why the plugin breaks its rule


def check_model(
    spec: Model,
    *,
    recipe: str = "",
    shapes: Shapes | None = None,
    expected_failures: Expected | None = None,
) -> list[Finding]:
    """Check a model on 9 toy clips, filled with noise, and return what each check found.

    Args:
        spec: the model.
        recipe: the name of the recipe to train with; empty for the first. Networks get two epochs.
        shapes: feature name to shape of its array, for features that do not declare one.
        expected_failures: name of a check to the reason why the model breaks its rule.

    Raises:
        CheckFailed: the model breaks a rule that it was not expected to break, or keeps one that it was.
        OptionError: the shape of a feature is not known, or a check does not exist.
        UnknownName: the model has no such recipe.
    """
    return _checked(spec, expected_failures, recipe=recipe, shapes=shapes)


def check_feature(
    spec: Feature,
    *,
    shapes: Shapes | None = None,
    inputs: Inputs | None = None,
    expected_failures: Expected | None = None,
) -> list[Finding]:
    """Check a feature on four toy clips of images: of noise, constant, of one image, and of 200 images.

    Args:
        spec: the feature.
        shapes: name to shape of inputs that do not declare one. An input without any shape is the clip's images.
        inputs: a function that takes a clip of images (`merbench.Frames`) and returns inputs by name, for a feature
            that needs other inputs than noise.
        expected_failures: name of a check to the reason why the feature breaks its rule.

    Raises:
        CheckFailed: the feature breaks a rule that it was not expected to break, or keeps one that it was.
        OptionError: a check does not exist.
    """
    return _checked(spec, expected_failures, shapes=shapes, inputs=inputs)


def check_source(spec: Source, *, root: Path | None = None, expected_failures: Expected | None = None) -> list[Finding]:
    """Check a source on a release, which it must not change.

    Args:
        spec: the source.
        root: the folder of a release, real or made for the test; None for an embedded source.
        expected_failures: name of a check to the reason why the source breaks its rule.

    Raises:
        CheckFailed: the source breaks a rule that it was not expected to break, or keeps one that it was.
        OptionError: a check does not exist.
    """
    return _checked(spec, expected_failures, root=root)


def check_protocol(
    spec: Protocol, *, clips: pd.DataFrame | None = None, expected_failures: Expected | None = None
) -> list[Finding]:
    """Check a protocol on toy clips of three databases, with 6 subjects each and 3 clips of each subject.

    Args:
        spec: the protocol.
        clips: other clips, as `merbench.clip_table` makes them, with labels.
        expected_failures: name of a check to the reason why the protocol breaks its rule.

    Raises:
        CheckFailed: the protocol breaks a rule that it was not expected to break, or keeps one that it was.
        OptionError: a check does not exist.
    """
    return _checked(spec, expected_failures, clips=clips)


def check_executor(
    spec: Executor, *, options: dict[str, object] | None = None, expected_failures: Expected | None = None
) -> list[Finding]:
    """Check an executor on the work of six small folds.

    Args:
        spec: the executor.
        options: of its runner, such as the address of a cluster; None for none.
        expected_failures: name of a check to the reason why the executor breaks its rule.

    Raises:
        CheckFailed: the executor breaks a rule that it was not expected to break, or keeps one that it was.
        OptionError: a check does not exist.
    """
    return _checked(spec, expected_failures, options=options)


def parametrize_with_checks(
    specs: Iterable[Any],
    *,
    expected_failures: Expected | Callable[[Any], Expected] | None = None,
    **how: Any,
) -> pytest.MarkDecorator:
    """Parametrize a test with the checks of some specs: `def test_my_plugin(check): check()`.

    A check that cannot decide skips its test, with the reason.

    Args:
        specs: what hooks yield, e.g. `my_package.merbench_models()`. Datasets and families have no checks.
        expected_failures: name of a check to the reason why a spec breaks its rule, or a function that takes a spec and
            returns this. Such a test is marked `xfail`; it fails if the spec keeps the rule.
        how: further arguments for `check_model`, `check_feature` and so on.

    Raises:
        OptionError: the shape of a feature is not known, or a check or an argument does not exist.
    """
    import pytest

    cases = []
    for spec in specs:
        if isinstance(spec, Dataset | ModelFamily):
            continue
        toys, checks = checks_of(spec, _registry(), **how)
        expected = _known(spec, expected_failures(spec) if callable(expected_failures) else expected_failures, checks)
        for check in checks:
            name, why = name_of(check), expected.get(name_of(check))
            marks = [pytest.mark.xfail(reason=why, strict=True, raises=CheckFailed)] if why else []
            cases.append(pytest.param(functools.partial(_test, check, toys), marks=marks, id=f"{spec.name}-{name}"))
    return pytest.mark.parametrize("check", cases)


def _test(check: Check[Any], toys: Any) -> None:
    """One check as a test."""
    import pytest

    finding = find(check, toys)
    if finding.result == "unchecked":
        pytest.skip(finding.evidence)
    if finding.result == "found":
        raise CheckFailed(f"{finding.evidence} (the rule: {finding.advice})")


@functools.cache
def _registry() -> Registry:
    """Of all installed plugins."""
    return Registry(load())


def _checked(spec: Any, expected: Expected | None, **how: Any) -> list[Finding]:
    toys, checks = checks_of(spec, _registry(), **how)
    known = _known(spec, expected, checks)
    done = [find(check, toys) for check in checks]
    wrong = [
        f"{one.check}: {one.evidence}" if one.result == "found" else f"{one.check}: it was expected to fail"
        for one in done
        if (one.result == "found") is not (one.check in known)
    ]
    if wrong:
        raise CheckFailed(f"{spec.name} fails {len(wrong)} check(s): {'; '.join(wrong)}")
    return done


def _known(spec: Any, expected: Expected | None, checks: Iterable[Check[Any]]) -> Expected:
    """The reasons, after a look whether each belongs to a check."""
    unknown = sorted(set(expected or {}) - set(map(name_of, checks)))
    if unknown:
        raise OptionError(f"expected_failures: no check of {spec.name} is called {unknown[0]!r}")
    return expected or {}
