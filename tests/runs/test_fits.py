"""A run of a model with its own training loop."""

from __future__ import annotations

import re

import pytest

from merbench.cli import main
from merbench.runs.record import read_record
from merbench.runs.verify import check_scores


@pytest.fixture
def refused(kinds, tmp_path, capsys):
    """Runs the model of `own_loop.py` in one fold; the one line of its error."""

    def line(*argv: str) -> str:
        plugin = kinds["fit"][:6]
        command = ["run", "--dataset", "demo", *plugin, "--folds", "demo-a/a01", *argv, "--out", str(tmp_path)]
        assert main(command) == 2
        return capsys.readouterr().err.splitlines()[-1]

    return line


def test_the_record_says_that_the_author_trained_and_has_all_policies_and_the_digest_of_the_loop(undisturbed):
    record = read_record(undisturbed("fit"))
    check_scores(record)
    assert (record.plan.kind, record.plan.settings, record.plan.options) == ("fit", {}, {"epochs": 3})
    assert record.environment["engine"]["mode"] == "fit"
    assert set(record.scores) == {"last", "inner", "oracle"}
    assert all(len(fold.loss) == 3 and fold.epochs["last"] == 3 for fold in record.folds)
    assert any(name.endswith(":own_loop") for name in record.plan.code)


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (
            ["--set", "harm=diverge"],
            r"fold demo-a/a01: .*fit reports at .*own_loop.py:\d+ in fit the loss nan for epoch 1",
        ),
        (["--set", "harm=silent", "--epoch-policy", "inner"], "own-loop reports no epochs to choose from"),
        (
            ["--set", "harm=hang", "--timeout", "1"],
            r"fit did not end within 1 s .*; it was at .*own_loop.py:\d+ in fit",
        ),
        (["--precision", "bf16"], "own-loop trains itself, in its own precision; leave out --precision"),
        (["--set", "lr=0.1"], "own-loop has no option 'lr'.*; available: epochs, flow-28, harm"),
        (["--set", "seed=1"], "own-loop has no option 'seed'"),
        (["--weights", "."], "own-loop is not a network and has no checkpoints"),
    ],
)
def test_what_goes_wrong_is_told_in_one_line(argv, told, refused):
    assert re.search(told, refused(*argv))


def test_a_fit_without_epochs_has_the_policy_last_alone(kinds, run, tmp_path):
    argv = (*kinds["fit"][:6], "--folds", "demo-a/a0[12]", "--set", "harm=silent")
    record = read_record(run(tmp_path, *argv))
    assert set(record.scores) == {"last"}
    assert [fold.loss for fold in record.folds] == [[], []]


def test_the_record_names_a_network_s_own_loss_and_no_other_record_has_the_field(run, kinds, undisturbed, tmp_path):
    plugin = kinds["fit"][:2]
    argv = (*plugin, "--model", "own-loss", "--device", "cpu", "--folds", "demo-a/a0[12]", "--keep-weights")
    path = run(tmp_path, *argv)
    record = read_record(path)
    assert (record.plan.kind, record.plan.training_loss) == ("torch", "own_loop:training_loss")
    assert record.environment["engine"]["mode"] == "batched"
    assert "training_loss" not in undisturbed("fit").read_text("utf-8")
    assert len(list((path.parent / "weights").rglob("*.safetensors"))) == 2


def test_an_option_of_a_network_s_own_loss_is_set_like_those_of_the_network(run, kinds, tmp_path):
    argv = (*kinds["fit"][:2], "--model", "own-loss", "--device", "cpu", "--folds", "demo-a/a0[12]")
    record = read_record(run(tmp_path, *argv, "--set", "scale=0"))
    assert record.plan.options == {"scale": 0.0}
    assert [fold.loss for fold in record.folds] == [[0, 0], [0, 0]]
