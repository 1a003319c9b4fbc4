"""How a network or estimator is made again in another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from merbench.errors import OptionError, one_line
from merbench.plugin.authors import failed_at
from merbench.plugin.calls import Author, calling, reason
from merbench.plugin.registry import load_target

__all__ = ["Build"]


@dataclass(frozen=True)
class Build:
    """Calls `target(**options)`.

    Attributes:
        target: `"module:attribute"` of the class or function.
        options: its keyword arguments.
        author: whose it is, e.g. of `model htnet`.
    """

    target: str
    options: Mapping[str, Any]
    author: Author

    def __call__(self) -> Any:
        """A new network or estimator.

        Raises:
            OptionError: it does not accept one of its options, or they make it larger than memory.
            PluginError: it fails in another way.
        """
        given = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        with calling(self.author, f"{self.target.partition(':')[2]}({given})"):
            target = load_target(self.target, owner=self.author.spec)
            try:
                return target(**self.options)
            except (TypeError, ValueError, RuntimeError, MemoryError) as error:  # the latter two: larger than memory
                # A ValueError is how an author refuses an option: its sentence is for the user, and its line is not.
                refused = type(error) is ValueError and str(error)
                failed = f"{failed_at(error.__traceback__, self.author)}: {reason(error)}"
                why = f": {one_line(error)}" if refused else failed
                raise OptionError(f"{self.author} cannot be built with {given or 'no options'}{why}") from error
