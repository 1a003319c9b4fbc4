"""A call into a plugin: its prints and its faults are told with its name."""

from __future__ import annotations

import pytest

from merbench.calls import Author, calling
from merbench.errors import OptionError, PluginError

AUTHOR = Author(spec="model my-net", plugin="mine", modules=(__name__.partition(".")[0],))


def fails() -> None:
    raise KeyError("flow")


def test_an_error_names_plugin_function_and_the_authors_line() -> None:
    with (
        pytest.raises(
            PluginError,
            match=r"^model my-net \(plugin mine\): fit failed at (.*/)?test_calls.py:14 in fails: KeyError: 'flow'",
        ),
        calling(AUTHOR, "fit"),
    ):
        fails()


def test_an_error_says_what_was_wanted() -> None:
    with (
        pytest.raises(PluginError, match=r"ZeroDivisionError: .*; it must give logits$"),
        calling(AUTHOR, "f", "give logits"),
    ):
        1 / 0  # noqa: B018


def test_an_expected_error_passes_as_it_is() -> None:
    with pytest.raises(OptionError, match=r"^depth must be 1$"), calling(AUTHOR, "build"):
        raise OptionError("depth must be 1")


def test_an_exit_is_a_fault_of_the_plugin() -> None:
    with pytest.raises(PluginError, match="SystemExit"), calling(AUTHOR, "build"):
        raise SystemExit


def test_memory_that_runs_out_is_not_the_authors_fault() -> None:
    with pytest.raises(MemoryError), calling(AUTHOR, "fit"):
        raise MemoryError


def test_what_is_printed_goes_to_stderr_line_by_line_with_the_plugins_name(capsys: pytest.CaptureFixture[str]) -> None:
    with calling(AUTHOR, "fit"):
        print("one", "two")
        print("three", end="")
        print(" four")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "[mine] one two\n[mine] three four\n"
