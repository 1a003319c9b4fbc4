"""Builds a network, estimator or fit, in this process or in another one."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from merbench.errors import OptionError, one_line
from merbench.plugin.authors import failed_at
from merbench.plugin.calls import Author, calling, reason
from merbench.plugin.registry import load_target

__all__ = ["Build", "Fit", "predictor_of"]


@dataclass(frozen=True)
class Build:
    """A picklable call of `target(**options)`.

    Attributes:
        target: `"module:attribute"` of the class or function.
        options: its keyword arguments.
        author: the plugin it belongs to, for errors.
    """

    target: str
    options: Mapping[str, Any]
    author: Author

    def __call__(self) -> Any:
        """Build a new network or estimator.

        Raises:
            OptionError: the target does not accept its options, or does not fit into memory with them.
            PluginError: the target fails in another way.
        """
        given = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        with calling(self.author, f"{self.target.partition(':')[2]}({given})"):
            target = load_target(self.target, owner=self.author.spec)
            try:
                return target(**self.options)
            except (TypeError, ValueError, RuntimeError, MemoryError) as error:  # the last two: out of memory
                # Authors refuse an option with a ValueError: show the user its message without its line of code.
                refused = type(error) is ValueError and str(error)
                failed = f"{failed_at(error.__traceback__, self.author)}: {reason(error)}"
                why = f": {one_line(error)}" if refused else failed
                raise OptionError(f"{self.author} cannot be built with {given or 'no options'}{why}") from error


@dataclass(frozen=True)
class Fit(Build):
    """The same for the training loop of a `FitModel`, which gets its options when it is called."""

    def __call__(self) -> Any:
        """Load the function, with its options.

        Raises:
            PluginError: the target cannot be loaded.
        """
        return partial(load_target(self.target, owner=self.author.spec), **self.options)


def predictor_of(fit: Build, target: str, classes: int) -> Build | None:
    """What builds the predictor of a fit before training, see `FitModel.predictor`; None if the target is empty.

    Args:
        fit: with its options.
        target: of the predictor.
        classes: number of classes.

    Raises:
        PluginError: a target cannot be loaded.
    """
    if not target:
        return None
    named = inspect.signature(load_target(target, owner=fit.author.spec)).parameters
    known = {one.name: one.default for one in inspect.signature(fit()).parameters.values() if one.default != one.empty}
    return Build(target, {name: known[name] for name in named if name in known} | {"classes": classes}, fit.author)
