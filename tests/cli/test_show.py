"""`merbench show`: everything that is known of one registered thing."""

from __future__ import annotations

import json

import pytest

from merbench.cli import main


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
    assert "protocol composite\n" in text
    assert "emotions:\n" in text  # the label scheme


def test_a_qualified_name_is_found(capsys):
    assert shown(capsys, "merbench:htnet").startswith("model htnet\n")


def test_it_can_be_had_as_json(capsys):
    (one,) = json.loads(shown(capsys, "flow-lr", "--json"))
    assert (one["noun"], one["name"], one["features"]) == ("model", "flow-lr", ["flow-28"])
    assert one["doc"]


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


def test_a_paper_is_shown_in_full(capsys):
    assert "  paper: Wang, Zhang, Luo, Sankaranarayana: HTNet for micro-expression" in shown(capsys, "htnet")
