"""The command that runs an entry again, and its citation."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from merbench.cli.parser import Parser
from merbench.cli.run import add_parser
from merbench.leaderboard.about import About
from merbench.leaderboard.citation import bibtex, command, tex
from merbench.leaderboard.entries import make_entry
from merbench.runs.prepare import Request, prepare


def request_of(text: str) -> Request:
    """What the command line makes of a command."""
    parser = Parser()
    add_parser(parser.add_subparsers())
    given = vars(parser.parse_args(shlex.split(text.replace("\\\n", ""))[1:]))
    known = {one: given[one] for one in Request.__dataclass_fields__ if one in given}
    return Request(**known, settings=given["set"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "settings", "more"),
    [
        ("flow-lr", (), {}),
        ("ststnet", ("epochs=3", "lr=0.01"), {"seed": 4, "epoch_policy": "inner"}),
        ("htnet", ("dim=32", "block_repeats=1,1,2", "htnet-regions=anatomical", "order=by-class"), {"recipe": "quick"}),
        ("timm:resnet18", ("image_size=64",), {}),
    ],
)
def test_the_command_of_a_plan_makes_the_same_plan(registry, model, settings, more):
    plan = prepare(
        registry, Request(model=model, dataset="demo", protocol="subjects-5", settings=settings, **more)
    ).plan
    again = prepare(registry, request_of(command(plan))).plan
    assert again.digest() == plan.digest()


def test_a_file_is_named_and_not_its_digest(make_record):
    plan = make_record(options={"pretrained": f"my model.pth sha256:{'0a' * 32}"}).plan
    assert "pretrained=my model.pth" in shlex.split(command(plan).replace("\\\n", ""))


def test_what_a_shell_would_read_is_quoted(make_record):
    plan = make_record("a; rm -rf ~ $(x)", options={"o": "it's"}).plan
    assert shlex.split(command(plan).replace("\\\n", ""))[2:4] == ["--model", "a; rm -rf ~ $(x)"]
    assert "o=it's" in shlex.split(command(plan).replace("\\\n", ""))


def test_a_record_is_cited_with_its_id_and_year(make_record, registry):
    entry = make_entry(make_record("net_1"), registry)
    cited = bibtex(entry, About())
    assert cited.startswith(f"@misc{{merbench-{entry.id},\n")
    assert r"title = {{net\_1, recipe quick on composite, protocol loso}}" in cited
    assert f"note = {{record {entry.record.id}}}" in cited
    assert "year = {2026}" in cited


def test_a_record_is_cited_with_the_authors_of_its_board_and_the_address_of_its_page(make_record, registry):
    entry = make_entry(make_record(), registry)
    cited = bibtex(entry, About(authors="A lab", site="https://example.org/board/"))
    assert "author = {{A lab}}" in cited
    assert f"url = {{https://example.org/board/entries/{entry.id}.html}}" in cited
    assert "url" not in bibtex(entry, About())


def test_a_record_without_a_date_is_cited_without_a_year(make_record, registry):
    entry = make_entry(make_record(), registry)
    undated = replace(entry, record=entry.record.model_copy(update={"environment": {"finished": ["x"]}}))
    assert "year" not in bibtex(undated, About())


def test_no_text_is_a_command_to_tex():
    assert tex(r"\input{x} 5% a_b $ & # ~ ^") == (
        r"\textbackslash{}input\{x\} 5\% a\_b \$ \& \# \textasciitilde{} \textasciicircum{}"
    )


def test_a_citation_keeps_the_direction_of_the_text_around_it():
    assert (
        tex("a\N{RIGHT-TO-LEFT OVERRIDE}b\N{LEFT-TO-RIGHT ISOLATE}c")
        == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"
    )


def test_the_command_of_a_compiled_network_compiles_it(make_record):
    plan = make_record(compiled=True).plan
    assert request_of(command(plan)).compiled
    assert not request_of(command(make_record().plan)).compiled
