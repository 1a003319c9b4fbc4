"""The registry of other people's plugins, and the form of its entries."""

from __future__ import annotations

import json

import pytest

from merbench.cli import main
from merbench.errors import ConfigError
from merbench.plugin.known import known_plugins

ENTRY = {
    "name": "my-net",
    "repository": "https://github.com/owner/my-net",
    "commit": "0123456789abcdef0123456789abcdef01234567",
    "kind": "model",
    "maintainer": "Somebody <somebody@example.org>",
    "licence": "MIT",
}


def registry(*entries: dict[str, object]) -> str:
    return "".join(
        "[[plugin]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in one.items()) for one in entries
    )


def test_every_entry_of_our_own_registry_has_the_form() -> None:
    assert len({one.name for one in known_plugins()}) == len(known_plugins())


def test_entries_are_read_in_the_order_of_their_names() -> None:
    found = known_plugins(registry(ENTRY, {**ENTRY, "name": "a-net"}))
    assert [one.name for one in found] == ["a-net", "my-net"]
    assert found[1].licence == "MIT"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[plugin", "is not TOML"),
        (registry({**ENTRY, "extra": "1"}), "plugin 1 must have exactly these fields"),
        (registry({name: value for name, value in ENTRY.items() if name != "commit"}), "exactly these fields"),
        (registry(ENTRY, {**ENTRY, "name": "b", "commit": "main"}), "plugin 2: commit 'main' has not the form"),
        (registry({**ENTRY, "repository": "http://example.org/x"}), "repository 'http"),
        (registry({**ENTRY, "repository": "https://example.org/x y"}), "has not the form of a repository"),
        (registry({**ENTRY, "kind": "virus"}), "has not the form of a kind"),
        (registry({**ENTRY, "maintainer": "a\u001b[2J"}), "has not the form of a maintainer"),
        (registry({**ENTRY, "licence": 3}), "has not the form of a licence"),
        (registry(ENTRY, ENTRY), "listed twice"),
        ("other = 1\n", "'other' is not a plugin"),
        ("plugin = 3\n", "plugin 1 must have exactly these fields"),
    ],
)
def test_a_wrong_entry_is_one_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        known_plugins(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_command_lists_them_or_says_how_to_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "--known"]) == 0
    out = capsys.readouterr().out
    assert all(one.name in out for one in known_plugins()) if known_plugins() else "how to be listed" in out
    assert main(["plugins", "--known", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(known_plugins())
