"""The registry of other people's plugins: `known.toml`, which is part of merbench."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from importlib import resources
from itertools import pairwise

from merbench.errors import ConfigError

__all__ = ["KnownPlugin", "known_plugins"]

# The form of each field; a text has no control characters.
FORMS = {
    "name": re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*"),
    "repository": re.compile(r"https://[a-z0-9.-]+(/[\w.-]+)+"),
    "commit": re.compile(r"[0-9a-f]{40}"),
    "kind": re.compile(r"model|feature|source|dataset|protocol"),
    "maintainer": re.compile(r"[^\x00-\x1f\x7f]{1,100}"),
    "licence": re.compile(r"[A-Za-z0-9.+-]{1,50}"),
}


@dataclass(frozen=True, kw_only=True)
class KnownPlugin:
    """A plugin of others.

    Attributes:
        name: as `merbench plugins` shows it.
        repository: its https address.
        commit: the commit that was looked at, 40 hexadecimal digits.
        kind: `model`, `feature`, `source`, `dataset` or `protocol`: the first thing that it brings.
        maintainer: name and address.
        licence: SPDX identifier.
    """

    name: str
    repository: str
    commit: str
    kind: str
    maintainer: str
    licence: str


def known_plugins(text: str = "") -> list[KnownPlugin]:
    """The listed plugins, in the order of their names.

    Args:
        text: content of a registry (TOML); empty for merbench's own.

    Raises:
        ConfigError: the text is not TOML, or an entry lacks a field, has another field, or a field has another form.
    """
    text = text or (resources.files(__package__) / "known.toml").read_text("utf-8")
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"known.toml is not TOML: {error}") from error
    if unknown := sorted({*content} - {"plugin"}):
        raise ConfigError(f"known.toml: {unknown[0]!r} is not a plugin; entries begin with [[plugin]]")
    found = sorted(_entries(content.get("plugin", [])), key=lambda one: one.name)
    for one, following in pairwise(found):
        if one.name == following.name:
            raise ConfigError(f"known.toml: {one.name!r} is listed twice; remove one entry")
    return found


def _entries(entries: object) -> Iterator[KnownPlugin]:
    wanted = [field.name for field in fields(KnownPlugin)]
    for number, entry in enumerate(entries if isinstance(entries, list) else [entries], start=1):
        if not isinstance(entry, dict) or sorted(entry) != sorted(wanted):
            raise ConfigError(f"known.toml: plugin {number} must have exactly these fields: {', '.join(wanted)}")
        for name in wanted:
            if not isinstance(entry[name], str) or not FORMS[name].fullmatch(entry[name]):
                raise ConfigError(f"known.toml: plugin {number}: {name} {entry[name]!r} has not the form of a {name}")
        yield KnownPlugin(**entry)
