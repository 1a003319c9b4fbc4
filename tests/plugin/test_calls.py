"""A call into a plugin: its prints and its faults are told with its name."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections import OrderedDict

import pytest

from merbench.errors import BrokenClips, MerbenchError, OptionError, PluginError, UnknownName
from merbench.plugin.calls import Author, calling, kind, wrong

AUTHOR = Author(spec="model my-net", plugin="mine", modules=(__name__.partition(".")[0],))


def fails() -> None:
    raise KeyError("flow")


def test_an_error_names_plugin_function_and_the_authors_line() -> None:
    with (
        pytest.raises(
            PluginError,
            match=r"^model my-net \(plugin mine\): fit failed at (.*/)?test_calls.py:\d+ in fails: KeyError: 'flow'",
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


def test_a_line_that_was_begun_is_ended_for_whoever_writes_next(capsys: pytest.CaptureFixture[str]) -> None:
    with calling(AUTHOR, "forward"):
        print("half", end="")
    with calling(AUTHOR, "forward"):
        print("whole")
    assert capsys.readouterr().err == "[mine] half\n[mine] whole\n"


def test_what_a_plugin_starts_may_write_to_its_stdout(capfd: pytest.CaptureFixture[str]) -> None:
    with calling(AUTHOR, "fit"):
        subprocess.run([sys.executable, "-c", "print('child')"], stdout=sys.stdout, check=True)
    assert capfd.readouterr() == ("", "child\n")


@pytest.mark.parametrize("text", ["CUDA out of memory. Tried", "DefaultCPUAllocator: can't allocate memory"])
def test_memory_that_runs_out_as_torch_says_it_is_not_the_authors_fault_either(text: str) -> None:
    with pytest.raises(RuntimeError, match=text.replace(".", "[.]")), calling(AUTHOR, "forward"):
        raise RuntimeError(text)


def test_a_wrong_answer_names_where_its_function_is_written_if_the_author_wrote_it() -> None:
    ours = str(wrong(AUTHOR, "fails", "None", "give logits", fails))
    assert ours.startswith("model my-net (plugin mine): fails at ")
    assert "test_calls.py:" in ours
    assert ours.endswith(" gives None; it must give logits")
    theirs = str(wrong(AUTHOR, "run", "None", "give logits", subprocess.run))
    assert theirs == "model my-net (plugin mine): run gives None; it must give logits"


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "None"), ((1,), "a tuple"), (1, "an int"), (OrderedDict(), "a collections.OrderedDict")],
)
def test_what_a_value_is_said_to_be(value: object, said: str) -> None:
    assert kind(value) == said


@pytest.mark.parametrize("error", [UnknownName("model", "x", ["y"]), BrokenClips({"a": "b"}), OptionError("one")])
def test_expected_errors_come_out_of_another_process_as_they_were(error: MerbenchError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_what_stands_for_stdout_has_what_a_stdout_has(capsys: pytest.CaptureFixture[str]) -> None:
    with calling(AUTHOR, "fit"):
        assert sys.stdout.writable()
        assert sys.stdout.encoding
        sys.stdout.buffer.write(b"bytes")
        sys.stdout.buffer.flush()
    assert capsys.readouterr().out == ""
