"""How a network or estimator is made again in another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from merbench.errors import OptionError
from merbench.registry import load_target

__all__ = ["Build"]


@dataclass(frozen=True)
class Build:
    """Calls `target(**options)`.

    Attributes:
        target: `"module:attribute"` of the class or function.
        options: its keyword arguments.
        owner: for the error, e.g. `model htnet`.
    """

    target: str
    options: Mapping[str, Any]
    owner: str

    def __call__(self) -> Any:
        """A new network or estimator.

        Raises:
            OptionError: it does not accept one of its options.
        """
        target = load_target(self.target, owner=self.owner)
        try:
            return target(**self.options)
        except (TypeError, ValueError, RuntimeError, MemoryError) as error:  # the latter two: larger than memory
            given = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
            raise OptionError(f"{self.owner} cannot be built with {given or 'no options'}: {error}") from error
