"""The folds that a protocol makes of clips; a fault of its splitter is reported with the plugin's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from merbench.authors import Author, written
from merbench.calls import calling
from merbench.protocols import Fold, ProtocolError, Splitter, SplitterFault, make_folds
from merbench.registry import Registry, load_target

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["protocol_folds", "shares_subjects", "split_by"]


def protocol_folds(registry: Registry, name: str, clips: pd.DataFrame) -> list[Fold]:
    """The folds of `clips` (a table as `merbench.clip_table` makes it), checked, in the protocol's order.

    Raises:
        UnknownName: no protocol is called so.
        PluginError: the splitter cannot be loaded, or fails; the line names the plugin and the line of its code.
        ProtocolError: the clips cannot be split so, or the folds break a rule.
    """
    spec = registry.protocols.get(name)
    return split_by(spec.splitter, registry.protocols.author(name, spec.splitter), clips)


def split_by(target: str, author: Author, clips: pd.DataFrame) -> list[Fold]:
    """The same, by the splitter's target and its author; raises PluginError and ProtocolError as `protocol_folds`."""
    splitter = load_target(target, owner=author.spec, base=Splitter)
    try:
        with calling(author, f"{splitter.__name__}.split", "yield merbench.Fold(name, train, test)"):
            return make_folds(splitter(), clips)
    except SplitterFault as fault:
        raise ProtocolError(f"{author}{written(splitter.split, author)}: {fault}") from fault


def shares_subjects(registry: Registry, name: str) -> bool:
    """Whether the protocol's splitter says that subjects may stand on both sides of a fold.

    Raises:
        UnknownName: no protocol is called so.
        PluginError: the splitter cannot be loaded.
    """
    splitter: type[Splitter] = load_target(
        registry.protocols.get(name).splitter, owner=f"protocol {name}", base=Splitter
    )
    return bool(splitter.shares_subjects)
