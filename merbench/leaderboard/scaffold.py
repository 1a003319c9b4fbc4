"""Write the files of a repository for a leaderboard of one's own."""

from __future__ import annotations

import json
import re
from importlib import resources
from importlib.metadata import version
from pathlib import Path

from pydantic import ValidationError

from merbench.errors import ConfigError
from merbench.files import write_new
from merbench.leaderboard.about import Settings

__all__ = ["FILES", "write_repository"]

# Path in the repository -> file in the folder `own_board`. Git keeps no empty folder, so the records have a file.
FILES = {
    "README.md": "README.md",
    ".gitignore": "gitignore",
    ".github/workflows/leaderboard.yml": "workflow.yml",
    ".github/pull_request_template.md": "pull_request_template.md",
    "leaderboards/board.toml": "board.toml",
    "leaderboards/disputes.csv": "disputes.csv",
    "leaderboards/records/README.md": "records.md",
}
ON_GITHUB = re.compile(r"https://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?")
SOMEWHERE = "https://OWNER.github.io/NAME/"  # to be replaced by hand


def write_repository(folder: Path, title: str, repository: str = "") -> list[Path]:
    """Write the files; an existing file is never changed.

    Args:
        folder: it is created if it does not exist.
        title: of the leaderboard.
        repository: its address. If it is on GitHub, the address of the pages follows from it.

    Returns:
        The paths of the files.

    Raises:
        ConfigError: the title or the address is not valid.
        OutputError: one of the files exists already, or the folder cannot be written.
    """
    settings = _settings(title, repository)
    return write_new(folder, {name: _filled(template, settings) for name, template in FILES.items()})


def _settings(title: str, repository: str) -> Settings:
    found = ON_GITHUB.fullmatch(repository)
    site = f"https://{found[1].lower()}.github.io/{found[2]}/" if found else ""
    try:
        return Settings(title=title, repository=repository, site=site)
    except ValidationError as error:
        fault = error.errors()[0]
        raise ConfigError(f"--{fault['loc'][0]}: {fault['msg']}, found {str(fault['input'])!r}") from error


def _filled(template: str, settings: Settings) -> str:
    values = {
        "TITLE": settings.title,
        "TITLE_TOML": json.dumps(settings.title, ensure_ascii=False),
        "REPOSITORY": settings.repository,
        "SITE": settings.site,
        "PAGES": settings.site or SOMEWHERE,
        "VERSION": version("merbench"),
    }
    text = (resources.files(__package__) / "own_board" / template).read_text("utf-8")
    return re.sub("@([A-Z_]+)@", lambda found: values[found[1]], text)
