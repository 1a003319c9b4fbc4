"""The published records say what follows from their own predictions."""

from __future__ import annotations

from pathlib import Path

from merbench.cli import main
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.runs.code import code_digests
from merbench.runs.record import read_record
from tests.docs.pages import TEXT, blocks

FOLDER = Path(__file__).parents[1] / "leaderboards" / "records"
RECORDS = sorted(FOLDER.glob("*.json"))


def test_there_are_published_records():
    assert RECORDS


def test_the_published_records_are_verified(capsys):
    assert main(["leaderboard", "check", "--records", str(FOLDER)]) == 0
    assert capsys.readouterr().out == f"{len(RECORDS)} records read: no problems\n"


def test_a_model_with_its_own_loop_stands_on_the_composite_as_the_docs_print_it(tmp_path):
    (path,) = (one for one in RECORDS if one.name.startswith("my-contrastive-composite-"))
    record = read_record(path)
    assert (record.plan.kind, record.plan.dataset, record.complete) == ("fit", "composite", True)
    (code,) = (one for one in blocks(TEXT["own-training.md"], "python") if one.startswith("# my_contrastive.py"))
    file = tmp_path / "my_contrastive.py"
    file.write_text(code, "utf-8")
    registry = Registry(load(allow=(), files=[file]))
    (name,) = (one for one in record.plan.code if one.endswith(":my_contrastive"))
    printed = code_digests([registry.models.origin("my-contrastive")])[name]
    assert record.plan.code[name] == printed
