"""Every command and every Python example of a page runs, and prints what the page says.

All commands of a page run in one folder, in the order of the page, as a reader would give them. Trainings of networks
are cut short by `FOLDS` and `EPOCHS`; the commands of `SETUP` are those that continuous integration runs.
"""

from __future__ import annotations

import glob
import re
import runpy
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from merbench import TorchModel
from merbench.cli import main
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from tests.docs.pages import ROOT, TEXT, blocks, commands
from tests.docs.releases import RELEASES
from tests.made.own import write_own

# What a test leaves of the training of a network on a dataset: two folds, on the demo with clips of every class.
FOLDS = {"demo": "demo-a/a0[12]", "tiny": "*", "casme3-7": "[12]of5"}
EPOCHS = ["--set", "epochs=2"]
NETWORKS = {model.name for model in Registry(load(allow=())).models if isinstance(model, TorchModel)}
INSTALL = "python -m pip install . && merbench run --model htnet --dataset demo --recipe quick"
CHECKS = "python -m pip install tox && tox"
# What a clone makes, and where the real data has it.
CLONES = {
    "git clone https://github.com/wangzhifengharrison/HTNet": ("HTNet", "htnet-release"),
    "git clone https://github.com/tony19980810/CausalNet": ("CausalNet", "causalnet-release"),
}
SETUP = {INSTALL, CHECKS, *CLONES}
REAL = re.compile(r"(htnet|causalnet)-release|(data check|--dataset) composite\b|(smic|casme2|samm)-3")
# Commands that end with 1 if they find a fault, and what they print if they find none.
CHECKING, NO_FAULT = ("merbench audit", "merbench plugin check"), re.compile(r"^0 found|, 0 failed")
NAMED = re.compile(r"# (\w+\.(?:py|toml))\n")  # the first line of an example that is a file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in; what plugin files leave in the interpreter is taken out again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    known = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "") or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize("page", [page for page in TEXT if blocks(TEXT[page], "console|python")])
def test_every_command_and_example_of_a_page_runs_and_prints_what_it_says(
    page: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    examples = blocks(TEXT[page], "python")
    for code in (*examples, *blocks(TEXT[page], "toml")):
        if name := NAMED.match(code):
            (folder / name[1]).write_text(code, "utf-8")
    for command, _ in commands(page):
        added = re.fullmatch(r"merbench data add \S+ (\S+)", command)
        if added and added[1] in RELEASES:
            RELEASES[added[1]](folder / added[1])
    if any(command.startswith(("merbench data import ", "merbench predict ")) for command, _ in commands(page)):
        write_own(folder)
    run_page(page, lambda command: not needs_real_data(command), capsys.readouterr)
    script = folder / "script.py"
    script.write_text("\n".join(code for code in examples if not NAMED.match(code)), "utf-8")
    runpy.run_path(str(script))


@pytest.mark.parametrize("page", [page for page in TEXT if any(command in CLONES for command, _ in commands(page))])
def test_every_command_on_the_real_composite_runs_and_prints_what_it_says(
    page: str, real_data: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for made, kept in CLONES.values():
        (folder / made).symlink_to(real_data / kept)
    assert run_page(page, needs_real_data, capsys.readouterr) >= 2


def test_the_setup_commands_are_those_that_continuous_integration_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    bare = re.sub(r' (-q|--out "\S+"|--workdir "?\S+"?)(?=[\s)]|$)', "", script)
    shown = [command for command, _ in commands("README.md")]
    for command in (INSTALL, CHECKS):
        assert command in shown
        assert command in bare


def test_every_command_is_in_a_block_that_is_run_and_every_example_in_one_that_is_used() -> None:
    for page, text in TEXT.items():
        used = " ".join(command for command, _ in commands(page))
        for language, block in re.findall(r"^```(.*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            hidden = re.findall(r"^\s*(?:\$ )?merbench \w.*", block, re.MULTILINE)
            assert language == "console" or not hidden, f"{page}: a block {language!r} with {hidden}"
            name = NAMED.match(block) if language in ("python", "toml") else None
            assert name is None or name[1] in used, f"{page}: no command uses {name}"


def needs_real_data(command: str) -> bool:
    return command not in CLONES and bool(REAL.search(command))


def run_page(page: str, wanted: Callable[[str], bool], read: Callable[[], tuple[str, str]]) -> int:
    """Runs the wanted commands of a page and compares what they print; the number of them."""
    count = 0
    for command, printed in commands(page):
        if command in SETUP or not wanted(command):
            continue
        if " run " in command:
            end_workers()
        code, (found, said) = run(command), read()
        faulty = command.startswith(CHECKING) and not any(NO_FAULT.search(line) for line in printed)
        assert code == int(faulty), f"{page}: {command} ends with {code} and says:\n{said}"
        lines = {plain(line) for line in found.splitlines()}
        missing = [line for line in printed if plain(line) not in lines]
        assert not missing, f"{page}: {command} does not print {missing}, but:\n{found}"
        count += 1
    return count


def run(command: str) -> int:
    """One command of a page, in this process; an exit code."""
    words = shlex.split(command)
    if words[:2] == ["python", words[-1]]:
        runpy.run_path(words[-1])
        return 0
    assert words[0] == "merbench", f"neither a merbench command nor one of SETUP: {command}"
    argv = [name for word in words[1:] for name in expanded(word)]
    models = NETWORKS.union(word for word in argv if word.startswith("timm:"))
    trained = "run" in argv and "--dry-run" not in argv and models & set(argv)
    return main([*argv, "--folds", FOLDS[argv[argv.index("--dataset") + 1]], *EPOCHS] if trained else argv)


def expanded(word: str) -> list[str]:
    """The files that a word with a `*` matches; the word itself if there are none, as in a shell."""
    return sorted(glob.glob(word)) or [word] if "*" in word else [word]


def plain(line: str) -> str:
    """A line of output without what may differ between machines: scores and the padding that depends on them."""
    return " ".join(re.sub(r"[01]?\.\d+|\d+ of \d+ (?=predictions|folds)|\d+ (?=beat )", "#", line).split())


def end_workers() -> None:
    """On a command line each command has worker processes of its own; so it has here."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)
