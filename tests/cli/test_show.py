"""`merbench show`: everything that is known of one registered thing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from merbench.cli import main

OWN_LOOP = Path(__file__).parents[1] / "runs" / "own_loop.py"


def shown(capsys, *argv: str) -> str:
    assert main(["show", *argv]) == 0
    return capsys.readouterr().out


def test_a_model_is_shown_with_its_recipes_its_origin_and_its_documentation(capsys):
    text = shown(capsys, "htnet")
    assert text.startswith("model htnet\n")
    assert "  network: merbench_htnet.network:HTNet\n" in text
    assert "    published:\n      optimizer: adam\n      lr: 5e-05\n" in text
    assert "plugin htnet, module merbench_htnet" in text
    from merbench_htnet.network import HTNet

    assert (HTNet.__doc__ or "").splitlines()[0] in text


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("htnet-regions", "  inputs: flow-28, landmarks-28"),
        ("htnet-release", "  provides: flow-28, landmarks-28"),
        ("majority", "  estimator: "),
        ("subjects-5", "  splitter: merbench.protocols:"),
    ],
)
def test_every_noun_can_be_shown(capsys, name, line):
    assert line in shown(capsys, name)


def test_a_name_that_several_nouns_have_is_shown_for_each(capsys):
    text = shown(capsys, "composite")
    assert "dataset composite\n" in text
    assert "protocol loso\n" in text
    assert "emotions:\n" in text  # the label scheme


def test_a_qualified_name_is_found(capsys):
    assert shown(capsys, "merbench:htnet").startswith("model htnet\n")


def test_it_can_be_had_as_json(capsys):
    (one,) = json.loads(shown(capsys, "flow-lr", "--json"))
    assert (one["noun"], one["name"], one["features"]) == ("model", "flow-lr", ["flow-28"])
    assert one["doc"]


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("own-loss", {"scale": 1.0}),
        ("own-loop", {"epochs": 10, "harm": ""}),
        ("flow-lr", {"C": 0.001}),
    ],
)
def test_a_model_is_shown_with_what_set_can_change_and_the_defaults_of_its_code(capsys, model, options):
    (one,) = json.loads(shown(capsys, model, "--json", "--plugin", str(OWN_LOOP)))
    assert {name: one["options"][name] for name in options} == options


def test_an_unknown_name_is_answered_with_the_nearest(capsys):
    assert main(["show", "htnte"]) == 2
    assert "no model, dataset, feature, protocol or source is called 'htnte' (nearest: htnet" in capsys.readouterr().err


def test_a_family_is_shown_with_what_makes_its_members(capsys):
    text = shown(capsys, "timm")
    assert text.startswith("model family timm\n")
    assert "  member: merbench_timm.architectures:member\n" in text
    assert "The model `timm:NAME`." in text


def test_a_member_of_a_family_is_shown_as_a_model(capsys):
    text = shown(capsys, "timm:resnet18")
    assert text.startswith("model timm:resnet18\n")
    assert "        architecture: resnet18\n" in text
    assert "plugin timm, module merbench_timm" in text


def test_an_unknown_member_is_answered_with_the_nearest_in_one_line(capsys):
    assert main(["show", "timm:resnet19"]) == 2
    err = capsys.readouterr().err
    assert "has no architecture 'resnet19' (nearest: resnet1" in err
    assert err.count("\n") == 1


def test_settings_are_named_as_they_are_set_and_those_at_a_default_of_little_interest_left_out(capsys):
    text = shown(capsys, "mmnet")
    assert "      weight_decay: 0.7\n      batch_size: 24\n      epochs: 70\n      schedule: step\n" in text
    assert "        pc_drop_path: 0.0\n" in text
    assert "mixup" not in text
    (one,) = json.loads(shown(capsys, "mmnet", "--json"))
    assert one["recipes"]["published"]["mixup"] == 0


def test_parameters_that_a_plugin_does_not_give_are_counted(capsys):
    # ResNet-18's published 11,689,512, with a last layer for 3 classes in place of 1000.
    trained = 11_689_512 - (1000 - 3) * (512 + 1)
    assert f"  parameters: {trained}\n" in shown(capsys, "timm:resnet18")
    (one,) = json.loads(shown(capsys, "timm:resnet18", "--json"))
    assert one["parameters"] == trained


NETWORKS = """
import merbench
from torch import nn, ones

class Frozen(nn.Sequential):
    \"\"\"Trains a bias alone.\"\"\"

    def __init__(self, classes=3):
        super().__init__(nn.Linear(1, classes))
        self[0].weight.requires_grad = False

class Reads(nn.Linear):
    \"\"\"Reads a value while it is built.\"\"\"

    def __init__(self, classes=3):
        super().__init__(int(ones(1).sum()), classes)

@merbench.hookimpl
def merbench_models():
    for network in ("Frozen", "Reads"):
        yield merbench.TorchModel(name=network.lower(), network=f"show_networks:{network}", features=("flow-28",),
                                  recipes={"only": merbench.Recipe()})
"""


@pytest.fixture
def networks(tmp_path):
    (tmp_path / "show_networks.py").write_text(NETWORKS)
    return ["--plugin", str(tmp_path / "show_networks.py")]


def test_only_parameters_that_are_trained_are_counted(networks, capsys):
    assert "  parameters: 3\n" in shown(capsys, "frozen", *networks)


def test_a_network_that_cannot_be_built_without_values_is_shown_without_a_count(networks, capsys):
    text = shown(capsys, "reads", *networks)
    assert "parameters" not in text
    assert "Reads a value while it is built." in text


def test_other_sets_of_sources_stand_as_sums(capsys):
    assert "  alternatives: smic-hs+casme2+samm\n" in shown(capsys, "composite")


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_on_a_terminal_lines_are_broken_between_words_and_broken_lines_are_joined_first(columns, on_a_terminal):
    lines = on_a_terminal(columns, "show", "mmnet")
    assert max(map(len, lines)) <= columns
    said = " ".join(" ".join(lines).split())
    assert "`none` adds nothing. Raises: ValueError: an option is out of range." in said
    assert "      classes: number of logits; both scripts have 5." in lines or columns == 40
    if columns == 80:
        assert "        blocks; the last is also the width of the position branch." in lines


def test_a_paper_is_shown_in_full(capsys):
    assert "  paper: Wang, Zhang, Luo, Sankaranarayana: HTNet for micro-expression" in shown(capsys, "htnet")
