"""What every page says of the board itself: its name, where it comes from, and when it was built."""

from __future__ import annotations

import importlib.metadata
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as calendar_date
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from merbench.errors import ConfigError
from merbench.leaderboard.history import commit_of
from merbench.leaderboard.lines import Cell, shown
from merbench.runs.schema import Link, Strict

__all__ = ["About", "Settings", "about_board", "day", "read_settings"]

Words = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
PACKAGE = "merbench"
REPOSITORY = "repository"  # the label of its address in a package's metadata, in any case


class Settings(Strict):
    """The file `board.toml`; every setting may be missing.

    Attributes:
        title: the name of the board.
        authors: who keeps it, for citations.
        repository: the address of the repository that holds the records.
        site: the address under which the pages are published, for links from elsewhere.
        licence: of the records.
    """

    title: Cell = "merbench leaderboard"
    authors: Words = ""
    repository: Link = ""
    site: Link = ""
    licence: Words = ""


@dataclass(frozen=True)
class About:
    """Everything that a page says of the board itself; a text is empty if it is not known.

    Attributes:
        title, authors, licence: of the board.
        version: of merbench.
        commit: the last one that changed the records, with `+` if they differ from it.
        date: of the build, as the user gave it (ISO).
        repository: its address; without a slash at the end.
        site: the address of the pages; with a slash at the end.
    """

    title: str = "merbench leaderboard"
    version: str = ""
    commit: str = ""
    date: str = ""
    licence: str = ""
    authors: str = ""
    repository: str = ""
    site: str = ""

    @property
    def objection(self) -> str:
        """The address at which a reader contests a row; empty without a repository on GitHub."""
        on_github = self.repository.startswith("https://github.com/")
        return f"{self.repository}/issues/new?title=Contest+row" if on_github else ""


def day(text: str) -> str:
    """The text, if it is a day as `2026-11-23`.

    Raises:
        ValueError: it is not.
    """
    try:
        found = calendar_date.fromisoformat(text).isoformat() == text
    except ValueError:
        found = False
    if not found:
        raise ValueError("not a date; write YYYY-MM-DD")
    return text


def about_board(settings: Settings, records: Path, date: str = "") -> About:
    """What pages say of a board with these settings whose first folder of records this is."""
    metadata = importlib.metadata.metadata(PACKAGE)
    site = settings.site
    return About(
        title=settings.title,
        version=importlib.metadata.version(PACKAGE),
        commit=commit_of(records),
        date=date,
        authors=settings.authors,
        licence=settings.licence or _licence(metadata),
        repository=(settings.repository or _repository(metadata.get_all("Project-URL") or [])).rstrip("/"),
        site=f"{site.rstrip('/')}/" if site else "",
    )


def read_settings(path: Path | None) -> Settings:
    """The settings of a board.

    Raises:
        ConfigError: the file cannot be read, is not TOML, or has an unknown or invalid setting.
    """
    if path is None:
        return Settings()
    try:
        content: Mapping[str, object] = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not TOML: {' '.join(str(error).split())}") from error
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        fault = error.errors()[0]
        name = str(fault["loc"][0])
        known = ", ".join(Settings.model_fields)
        what = fault["msg"] if name in Settings.model_fields else f"no such setting; the settings are {known}"
        raise ConfigError(f"{path}: {shown(name)}: {what}, found {shown(str(content.get(name)))}") from error


def _licence(metadata: importlib.metadata.PackageMetadata) -> str:
    return str(metadata["License-Expression"]) if "License-Expression" in metadata else ""


def _repository(addresses: list[str]) -> str:
    pairs = (address.partition(", ") for address in addresses)
    return next((link for label, _, link in pairs if label.lower() == REPOSITORY), "")
