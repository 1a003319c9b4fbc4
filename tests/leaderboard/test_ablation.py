"""`merbench results compare`: what a setting changes, in runs that differ in nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from merbench.cli import main
from merbench.runs.schema import Record


@pytest.fixture
def keep(make_record: Any, tmp_path: Path) -> Any:
    """Writes a record of a run with some options, which answers right on a share of the clips."""

    def write(
        name: str, accuracy: float, *, seed: int = 0, draw: int = 0, variant: str = "tvl1", **options: Any
    ) -> Record:
        run = {
            "kind": "estimator",
            "recipe": "default",
            "settings": {},
            "features": [f"flow-28@{variant} v2 (face v1)"],
        }
        made: Record = make_record("flow-lr", accuracy=accuracy, draw=draw, seed=seed, options=options, **run)
        (tmp_path / f"{name}.json").write_text(made.to_json())
        return made

    return write


def compared(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["results", "compare", str(folder), "--by", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_runs_with_each_value_are_compared_with_those_with_the_default(keep, tmp_path, capsys) -> None:
    own = keep("own", 0.6, draw=1)
    one, two = keep("a", 0.9, C=0.1, draw=2), keep("b", 0.9, C=0.1, draw=3, seed=1)
    keep("low", 0.6, C=0.0001, draw=4)
    code, out, err = compared(tmp_path, capsys, "C")
    assert (code, err) == (0, "")
    title, head, *lines, last = out.splitlines()
    assert title == "flow-lr (default) on composite, loso"
    assert head.split()[:3] == ["C", "seeds", "UF1"]
    assert [line.split()[:2] for line in lines] == [["default", "1"], ["0.0001", "1"], ["0.1", "2"]]
    assert lines[2].split()[8].startswith("+.")
    assert last == "choosing a value by this table is choosing on the test subjects"
    (group,) = json.loads((compared(tmp_path, capsys, "C", "--json"))[1])
    assert [line["records"] for line in group["lines"]][::2] == [[own.id], [one.id, two.id]]
    assert group["lines"][0]["p"] is None
    scores = own.scores["last"]["full"]
    assert group["lines"][0]["intervals"]["uar"] == list(scores.intervals["uar"])
    assert group["lines"][2]["p"] < 0.05


def test_runs_that_differ_in_something_else_are_other_tables_or_left_out(keep, tmp_path, capsys) -> None:
    for number, (c, depth) in enumerate([(0.1, 1), (0.2, 1), (0.1, 2), (0.2, 2), (0.3, 2), (0.1, 3)]):
        keep(str(number), 0.6, C=c, depth=depth, draw=number)
    out = compared(tmp_path, capsys, "C")[1]
    titles = [line for line in out.splitlines() if line.startswith("flow-lr")]
    assert titles == [f"flow-lr (default; depth={depth}) on composite, loso" for depth in (2, 1)]
    assert out.splitlines()[-1] == f"left out {tmp_path / '5.json'}: differs in --set depth"


def test_variants_of_a_feature_are_compared_with_the_first_one(keep, tmp_path, capsys) -> None:
    keep("own", 0.6)
    keep("other", 0.7, variant="from-zero", draw=1)
    _, _, *lines, _ = compared(tmp_path, capsys, "flow-28")[1].splitlines()
    assert [line.split()[0] for line in lines] == ["tvl1", "from-zero"]


def test_predictions_that_were_handed_in_are_left_out(keep, make_record, tmp_path, capsys) -> None:
    keep("own", 0.6)
    keep("low", 0.6, C=0.1, draw=1)
    (tmp_path / "sent.json").write_text(make_record(declared="last").to_json())
    said = compared(tmp_path, capsys, "C")[1].splitlines()[-1]
    assert said == f"left out {tmp_path / 'sent.json'}: was handed in, so its options are not known"


@pytest.mark.parametrize(
    ("options", "by", "said"),
    [
        ([], "C", "no records in "),
        ([{"C": 1}], "D", "no option is called 'D'; options of these records: C, flow-28"),
        ([{"C": 1}, {"D": 1}], "C", "no two records differ in C alone (found: 1); run again with --set C=VALUE"),
    ],
)
def test_bad_input_is_one_line(keep, tmp_path, capsys, options, by, said) -> None:
    for number, given in enumerate(options):
        keep(str(number), 0.6, **given)
    code, out, err = compared(tmp_path, capsys, by)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
