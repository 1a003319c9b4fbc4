"""Reported results: what the committed table holds, what the reader refuses, and which figures become rows."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from merbench.leaderboard.bibliography import CITATIONS_FILE, Paper
from merbench.leaderboard.reported import (
    COLUMNS,
    NOTES_FILE,
    REMARKS_FILE,
    TITLES_FILE,
    InvalidReport,
    Remark,
    Reported,
    read_notes,
    read_remarks,
    read_reported,
    read_titles,
    reported_rows,
)
from merbench.leaderboard.rows import Row
from merbench.leaderboard.verdicts import read_verdicts
from merbench.plugin.registry import Registry

TABLE = Path(__file__).parents[2] / "leaderboards" / "reported.csv"
COMPOSITE = ("composite", "composite")  # the file keeps the protocol's first name
LINE = {
    "method": "Net", "variant": "", "approach": "network", "first_published": "2019", "year": "2020",
    "dataset": "smic-3",
    "protocol": "per-database", "part": "full", "classes": "3", "metric": "uf1", "value": "0.5", "clips": "164",
    "epoch_policy": "last", "paper": "A paper", "table": "Table 1", "link": "https://example.org/a",
    "evidence": "paper", "notes": "one",
}  # fmt: skip
NOTES = {"one": "A sentence.", "two": "Another, with a comma."}

Write = Callable[..., Path]


@pytest.fixture(scope="module")
def committed() -> tuple[Reported, ...]:
    return read_reported(TABLE)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a table of lines like `LINE`, changed as told, and its notes."""

    def table(*changes: dict[str, str], columns: tuple[str, ...] = COLUMNS, notes: dict[str, str] = NOTES) -> Path:
        path = tmp_path / "reported.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(columns)
            lines.writerows([{**LINE, **change}.get(column, "") for column in columns] for change in changes)
        with (tmp_path / NOTES_FILE).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("id", "text"), *notes.items()])
        return path

    return table


def row_of(rows: tuple[Row, ...], model: str, paper: str = "") -> Row:
    (row,) = [one for one in rows if one.model == model and one.paper and paper in one.paper.title]
    return row


def of_board(figures: Iterable[Reported], dataset: str, protocol: str) -> list[Reported]:
    return [one for one in figures if (one.dataset, one.protocol) == (dataset, protocol)]


def values(row: Row) -> dict[str, dict[str, float]]:
    return {part: {name: one.value for name, one in metrics.items()} for part, metrics in row.figures.items()}


# --- the committed table ---


def test_the_committed_table_is_sorted_so_that_an_added_figure_moves_no_other_line(
    committed: tuple[Reported, ...],
) -> None:
    key = ("dataset", "protocol", "method", "variant", "paper", "part", "metric")
    assert list(committed) == sorted(committed, key=lambda one: tuple(getattr(one, name) for name in key))


def test_each_committed_note_is_used_and_each_unclear_metric_has_one(committed: tuple[Reported, ...]) -> None:
    proofs = {text for one in read_verdicts(TABLE) for text in one.proof}
    texts = set(read_notes(TABLE.with_name(NOTES_FILE)).values())
    assert {note for one in committed for note in one.notes} | proofs == texts
    assert all(one.notes for one in committed if one.metric == "unclear")


def test_a_committed_dataset_name_says_where_classes_or_clips_are_not_stated(committed: tuple[Reported, ...]) -> None:
    listed = {"composite", "smic-3", "casme2-5", "samm-5", "mmew-4", "casme3-3", "casme-casme2-casme-squared"}
    for one in committed:
        assert one.dataset in listed or one.dataset.endswith(("-unlisted", "-unstated"))
        assert one.part == "full" or (one.dataset, one.protocol) == COMPOSITE


def test_every_figure_of_the_source_stands_in_the_committed_table(
    committed: tuple[Reported, ...], real_data: Path
) -> None:
    with (real_data.parent / "reference" / "reported_results.csv").open(encoding="utf-8") as file:
        source = list(csv.DictReader(file))
    wanted = Counter(
        (stem(line["method"]), line["paper"], line["table"], database(line["dataset"]), metric(line["metric"]),
         line["classes"], float(line["value"]))
        for line in source
    )  # fmt: skip
    found = Counter(
        (stem(one.method), one.paper.removesuffix(", authors' log"), one.table, database(one.dataset, one.part),
         one.metric, str(one.classes or ""), one.value)
        for one in committed
    )  # fmt: skip
    assert len(source) == 778
    assert not wanted - found
    assert {method for method, *_ in (found - wanted)} == {"CausalNet"}  # which the source lacks


def stem(method: str) -> str:
    """The name without what stands in brackets, which the table has as a variant."""
    short = re.split(r" ?[\[(]", method)[0]
    return {"u-BERT": "Micron-BERT", "MicroAttention": "Micro-Attention"}.get(short, short)


def metric(printed: str) -> str:
    """The metric of the source, whose uncertain names all become `unclear`."""
    plain = printed.lower().removesuffix("(recomputed)").removesuffix("-score")
    return re.sub(r"\[(\w+)\]", r":\1", plain) if "(" not in plain else "unclear"


def database(dataset: str, part: str = "full") -> str:
    """The database of a dataset's name, the source's or the table's."""
    if part != "full":
        return part
    if re.fullmatch(r"casme3-\d", dataset):  # the other names of CAS(ME)3 say that the part is not stated
        return "casme3a"
    name = dataset.replace("CAS(ME)", "casme").replace("^2", "-squared").replace(" II", "2").replace("+", "-")
    name = name.replace("casme3 Part A", "casme3a").lower()
    return re.sub(r"(-\d)?(-part)?(-unlisted|-unstated)?$", "", name)


def test_a_figure_that_the_source_calls_second_hand_never_loses_that_mark(
    committed: tuple[Reported, ...], real_data: Path
) -> None:
    with (real_data.parent / "reference" / "reported_results.csv").open(encoding="utf-8") as file:
        quoted = {(line["paper"], line["table"]) for line in csv.DictReader(file) if line["evidence"] == "second-hand"}
    marked = [one.evidence for one in committed if (one.paper, one.table) in quoted]
    assert len(marked) == 192
    assert set(marked) == {"second-hand"}


# --- the committed notes and rows ---


def test_htnets_headline_stands_on_the_composite_board_with_all_four_parts(committed: tuple[Reported, ...]) -> None:
    row = row_of(reported_rows(of_board(committed, *COMPOSITE)), "HTNet")
    assert values(row) == {
        "full": {"uf1": 0.8603, "uar": 0.8475},
        "smic": {"uf1": 0.8049, "uar": 0.7905},
        "casme2": {"uf1": 0.9532, "uar": 0.9516},
        "samm": {"uf1": 0.8131, "uar": 0.8124},
    }
    assert (row.badge, row.policy, row.approach, row.clips) == ("reported", "test-selected", "network", 442)
    assert row.paper is not None
    assert (row.paper.year, row.paper.link) == (2024, "https://doi.org/10.1016/j.neucom.2024.128196")
    assert any("best accuracy on the test subject" in note for note in row.notes)
    assert any("MiB of fp32 weights" in note for note in row.notes)


def test_ststnets_printed_uar_is_noted_as_precision_wherever_it_stands(committed: tuple[Reported, ...]) -> None:
    printed = [
        one
        for one in committed
        if (one.method, one.dataset, one.metric) == ("STSTNet", "composite", "uar") and "log" not in one.evidence
    ]
    assert {one.value for one in printed if one.part == "full"} == {0.7605}
    assert {one.evidence for one in printed} == {"paper", "second-hand"}
    assert all(any("macro precision" in note and ".7186" in note for note in one.notes) for one in printed)


def test_ststnets_own_log_makes_a_row_beside_the_printed_one(committed: tuple[Reported, ...]) -> None:
    rows = reported_rows(of_board(committed, *COMPOSITE))
    log = row_of(rows, "STSTNet", "log")
    assert values(log)["full"] == {"uf1": 0.7353, "uar": 0.7186, "accuracy": 0.7692}
    assert log.notes[0] == "recomputed from the authors' own log of predictions, not printed in a paper"
    assert len([one for one in rows if one.model == "STSTNet"]) == 2


def test_capsulenets_row_covers_435_clips_and_says_how_its_epoch_was_chosen(committed: tuple[Reported, ...]) -> None:
    row = row_of(reported_rows(of_board(committed, *COMPOSITE)), "CapsuleNet")
    assert (row.clips, row.policy) == (435, "test-selected")
    assert any("435 of the 442 clips" in note for note in row.notes)


def test_every_figure_of_htnet_and_mmnet_is_test_selected(committed: tuple[Reported, ...]) -> None:
    assert {one.epoch_policy for one in committed if one.method in ("HTNet", "MMNet")} == {"test-selected"}


def test_the_committed_boards_hold_rows_with_ids_of_their_own(committed: tuple[Reported, ...]) -> None:
    boards = {(one.dataset, one.protocol) for one in committed if one.on_board}
    rows = [row for board in boards for row in reported_rows(of_board(committed, *board))]
    assert COMPOSITE in boards
    assert all(protocol != "not-stated" for _, protocol in boards)
    assert len({row.id for row in rows}) == len(rows)
    assert all(re.fullmatch("[0-9a-f]{12}", row.id) and row.figures for row in rows)


def test_the_composite_board_leaves_out_the_ablations_and_the_metrics_it_does_not_have(
    committed: tuple[Reported, ...],
) -> None:
    # 15 lines of HTNet's ablations with 8 figures; F1 of 7 methods; 12 recalls and 4 precisions of STSTNet
    assert sum(not one.on_board for one in of_board(committed, *COMPOSITE)) == 15 * 8 + 7 + 12 + 4


# --- which figures become rows ---


def test_a_row_gathers_the_figures_of_one_method_and_paper(write: Write) -> None:
    figures = read_reported(
        write(
            {},
            {"metric": "accuracy", "value": "0.6", "notes": "two one", "table": "Table 2"},
            {"paper": "B paper", "value": "0.7"},
        )
    )
    rows = reported_rows(figures)
    assert [values(row) for row in rows] == [{"full": {"uf1": 0.5, "accuracy": 0.6}}, {"full": {"uf1": 0.7}}]
    assert rows[0].notes == (NOTES["one"], NOTES["two"])
    assert rows[0].paper is not None
    assert rows[0].paper.table == "Table 1; Table 2"


def test_a_corrected_value_keeps_the_rows_id_and_another_paper_has_another(write: Write) -> None:
    def row_id(**change: str) -> str:
        (row,) = reported_rows(read_reported(write(change)))
        return row.id

    # printf '["smic-3", "per-database", "Net", "", "A paper"]' | sha256sum
    assert row_id() == "c6cae70cb225"
    assert row_id(value="0.4", notes="", table="Table 9", year="2021", link="", clips="") == row_id()
    assert row_id(paper="B paper") != row_id()


def test_a_quotation_makes_a_row_only_where_it_says_something_else(write: Write) -> None:
    quote = {"evidence": "second-hand", "paper": "B paper"}
    assert len(reported_rows(read_reported(write({}, quote)))) == 1
    # .4999 and .5000 are one figure, printed with another last digit
    assert len(reported_rows(read_reported(write({}, {**quote, "value": "0.4999"})))) == 1
    first, other = reported_rows(read_reported(write({**quote, "value": "0.51"}, {})))
    assert first.notes == (NOTES["one"],)
    assert other.notes == ("second-hand: as given by B paper, Table 1", NOTES["one"])


def test_of_two_quotations_without_an_original_the_fuller_one_stands(write: Write) -> None:
    quote = {"evidence": "second-hand"}
    figures = read_reported(
        write(
            quote,
            {**quote, "paper": "B paper"},
            {**quote, "paper": "B paper", "metric": "uar"},
            {**quote, "method": "Another"},
        )
    )
    rows = reported_rows(figures)
    assert [(row.model, row.paper and row.paper.title) for row in rows] == [
        ("Another", "A paper"),
        ("Net", "B paper"),
    ]


@pytest.mark.parametrize(
    "change",
    [{"variant": "depth 2"}, {"metric": "unclear"}, {"metric": "f1"}, {"metric": "recall:negative"},
     {"metric": "macro-precision"}, {"protocol": "not-stated"}],
)  # fmt: skip
def test_variants_other_metrics_and_unstated_protocols_make_no_row(write: Write, change: dict[str, str]) -> None:
    figures = read_reported(write(change))
    assert reported_rows(figures) == ()
    assert [one.on_board for one in figures] == [False]


# --- bad input ---


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": "1.01"}, r"value: .*less than or equal to 1, found '1.01'"),
        ({"value": "-0.1"}, r"value: .*greater than or equal to 0"),
        ({"value": "nan"}, r"value: .*found 'nan'"),
        ({"value": "86 %"}, r"value: .*valid number"),
        ({"value": ""}, r"value: is empty"),
        ({"method": ""}, r"method: is empty"),
        ({"paper": ""}, r"paper: is empty"),
        ({"table": ""}, r"table: is empty"),
        ({"metric": "WF1"}, r"metric: .*found 'WF1'"),
        ({"evidence": "hearsay"}, r"evidence: .*'second-hand', found 'hearsay'"),
        ({"approach": "magic"}, r"approach: .*found 'magic'"),
        ({"epoch_policy": "best"}, r"epoch_policy: .*found 'best'"),
        ({"part": "SMIC HS"}, r"part: .*found 'SMIC HS'"),
        ({"dataset": "SMIC 3"}, r"dataset: .*found 'SMIC 3'"),
        ({"year": "19"}, r"year: .*found '19'"),
        ({"first_published": "soon"}, r"first_published: .*found 'soon'"),
        ({"first_published": "1989"}, r"first_published: .*greater than or equal to 1990, found '1989'"),
        ({"first_published": "2019.5"}, r"first_published: .*found '2019.5'"),
        ({"first_published": "2021"}, r"first_published: 2021 is after 2020, when the paper"),
        ({"classes": "three"}, r"classes: .*found 'three'"),
        ({"clips": "0"}, r"clips: .*found '0'"),
        ({"link": "javascript:alert(1)"}, r"link: .*found 'javascript:alert\(1\)'"),
        ({"link": "https://a.org/\"><script>"}, r"link: "),
        ({"notes": "three"}, r"notes: unknown note 'three'; add it to reported-notes.csv"),
        ({"method": "a" * 10_000}, r"method: .*at most 200 characters"),
        ({"variant": "b" * 10_000}, r"variant: .*at most 200 characters"),
        ({"method": "Net\x1b[31m"}, r"method: .*found 'Net\\x1b\[31m'"),
        ({"table": "two\nlines"}, r"table: "),
    ],
)  # fmt: skip
def test_a_cell_that_its_column_does_not_take_is_named_with_file_and_line(
    write: Write, change: dict[str, str], message: str
) -> None:
    path = write({"paper": "Z paper"}, change)
    with pytest.raises(InvalidReport, match=rf"^{re.escape(str(path))}, line \d: {message}") as caught:
        read_reported(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < len(str(path)) + 300


def test_right_to_left_marks_are_text_like_any_other(write: Write) -> None:
    (figure,) = read_reported(write({"method": "\u202enet\u202c"}))
    assert figure.method == "\u202enet\u202c"


def test_the_same_figure_twice_is_refused_with_both_lines(write: Write) -> None:
    path = write({}, {"metric": "uar"}, {"value": "0.9"})
    with pytest.raises(InvalidReport, match="line 4: the same figure as on line 2"):
        read_reported(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "uar", "evidence": "second-hand"}, "evidence is 'second-hand', but 'paper' on line 2"),
        ({"metric": "uar", "epoch_policy": "test-selected"}, "epoch_policy is 'test-selected', but 'last' on line 2"),
        ({"method": "Other", "classes": "5"}, "classes is 5, but 3 on line 2 of the same dataset"),
        ({"paper": "B", "first_published": "2018"}, "first_published is 2018, but 2019 on line 2 of the same method"),
    ],
)  # fmt: skip
def test_lines_that_contradict_each_other_are_refused(write: Write, change: dict[str, str], message: str) -> None:
    path = write({}, change)
    with pytest.raises(InvalidReport, match=message):
        read_reported(path)


def test_missing_and_unknown_columns_are_named(write: Write) -> None:
    columns = tuple(column for column in COLUMNS if column != "evidence")
    with pytest.raises(
        InvalidReport, match=r"line 1: missing columns: evidence; unknown columns: 'proof'; the columns"
    ):
        read_reported(write({}, columns=(*columns, "proof")))
    with pytest.raises(InvalidReport, match="line 1: a column is listed twice"):
        read_reported(write({}, columns=(*COLUMNS, "value")))


def test_columns_may_stand_in_any_order(write: Write) -> None:
    assert read_reported(write({}, columns=COLUMNS[::-1])) == read_reported(write({}))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"line 1: missing columns: method"),
        (b"\xff\xfe", r"cannot be read: .*decode"),
        (",".join(COLUMNS).encode() + b"\nNet,2020\n", r"line 2: 2 cells, but the header has 18"),
        (",".join(COLUMNS).encode() + b'\n"Net"x,1\n', r"line 2: not a line of CSV"),
        (b"a\x00b\n", r"line 1: "),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(write: Write, content: bytes, message: str) -> None:
    path = write()
    path.write_bytes(content)
    with pytest.raises(InvalidReport, match=message):
        read_reported(path)


def test_a_table_without_its_notes_is_refused(write: Write) -> None:
    path = write({})
    path.with_name(NOTES_FILE).unlink()
    with pytest.raises(InvalidReport, match=r"reported-notes\.csv cannot be read: No such file"):
        read_reported(path)


@pytest.mark.parametrize(
    ("notes", "message"),
    [
        ({"one": ""}, "line 2: text: is empty"),
        ({"": "text"}, "line 2: id: is empty"),
        ({"One note": "text"}, "line 2: id: .*found 'One note'"),
        ({"one": "t" * 10_000}, "line 2: text: .*at most 500 characters"),
        ({"one": "\x1b[2J"}, "line 2: text: "),
    ],
)
def test_a_note_that_cannot_be_shown_is_refused(write: Write, notes: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidReport, match=message):
        read_reported(write({}, notes=notes))


def test_two_notes_of_one_id_are_refused(write: Write) -> None:
    path = write({})
    with path.with_name(NOTES_FILE).open("a", encoding="utf-8") as file:
        file.write("one,Once more.\n")
    with pytest.raises(InvalidReport, match=r"line 4: note one is listed twice; give the second one another id"):
        read_reported(path)


def test_a_part_that_an_installed_dataset_does_not_have_is_refused(write: Write, registry: Registry) -> None:
    read_reported(write({"dataset": "composite", "part": "casme2"}), registry)
    with pytest.raises(
        InvalidReport, match="line 2: part: composite has no part 'mmew'; its parts are full, smic, casme2"
    ):
        read_reported(write({"dataset": "composite", "part": "mmew"}), registry)
    read_reported(write({"dataset": "not-installed", "part": "mmew"}), registry)


# --- figures that arithmetic forbids ---

FORBIDDEN = ({"value": "0.9001"}, {"metric": "uar", "value": "0.8000"})


def test_a_table_that_arithmetic_forbids_is_refused_with_line_reason_and_remedy(write: Write) -> None:
    path = write(*FORBIDDEN)
    with pytest.raises(InvalidReport) as caught:
        read_reported(path)
    assert str(caught.value) == (
        f"{path}, line 2: Net: arithmetic forbids UF1 0.9001 with UAR 0.8: no UF1 is above 0.889; correct the figure, "
        "or give it a note whose id begins with arithmetic-"
    )


def test_a_note_on_each_of_the_figures_lets_the_table_pass_and_is_shown(write: Write) -> None:
    noted = {"notes": "one arithmetic-net"}
    notes = {**NOTES, "arithmetic-net": "They cannot both be right."}
    path = write(*({**one, **noted} for one in FORBIDDEN), notes=notes)
    (row,) = reported_rows(read_reported(path))
    assert row.notes == (NOTES["one"], "They cannot both be right.")
    with pytest.raises(InvalidReport, match="line 3: Net: arithmetic forbids"):
        read_reported(write({**FORBIDDEN[0], **noted}, FORBIDDEN[1], notes=notes))


def test_figures_of_two_papers_are_not_held_against_each_other(write: Write) -> None:
    assert len(read_reported(write(FORBIDDEN[0], {**FORBIDDEN[1], "paper": "B paper"}))) == 2


LOW = ({"dataset": "composite", "clips": "", "part": "smic", "value": "0.2"},
       {"dataset": "composite", "clips": "", "part": "smic", "metric": "uar", "value": "0.5280"})  # fmt: skip


def test_the_clips_of_an_installed_dataset_set_a_lower_end(write: Write, registry: Registry) -> None:
    path = write(*LOW)
    assert len(read_reported(path)) == 2
    with pytest.raises(InvalidReport, match=r"with 70, 51, 43 clips of the classes no UF1 is below 0\.293"):
        read_reported(path, registry)


def test_a_figure_of_other_clips_is_not_held_against_the_datasets_own(write: Write, registry: Registry) -> None:
    assert len(read_reported(write(*({**one, "clips": "157"} for one in LOW)), registry)) == 2


def test_the_committed_table_adds_up_but_for_figures_that_say_why_not(
    committed: tuple[Reported, ...], registry: Registry
) -> None:
    assert read_reported(TABLE, registry) == committed
    notes = read_notes(TABLE.with_name(NOTES_FILE))
    forbidden = {notes[one] for one in notes if one.startswith("arithmetic-")}
    marked = [one for one in committed if forbidden & {*one.notes}]
    assert {(one.method, one.part, one.metric, one.value) for one in marked} == {
        ("LBP-TOP", "smic", "uf1", 0.2), ("LBP-TOP", "smic", "uar", 0.528)
    }  # fmt: skip


# --- first publication ---


def test_a_row_has_the_year_of_its_method_and_cites_the_year_of_its_paper(write: Write) -> None:
    (row,) = reported_rows(read_reported(write({})))
    assert (row.first_published, row.paper and row.paper.year) == (2019, 2020)
    (row,) = reported_rows(read_reported(write({"first_published": ""})))
    assert row.first_published is None


def test_a_committed_year_is_in_the_words_that_say_where_the_method_was_published(
    committed: tuple[Reported, ...],
) -> None:
    years = {one.method: one.first_published for one in committed}
    words = {one.method: one.published for one in read_verdicts(TABLE)}
    assert all(str(year) in words[method] for method, year in years.items() if year)
    assert not any(words.get(method) for method, year in years.items() if not year)
    assert years["HTNet"] == 2024
    assert years["Bi-WOOF"] == 2018


@pytest.mark.parametrize(
    ("method", "figures"), [("SLSTT", 5), ("SLSTT-LSTM", 8), ("Off-TANet", 2), ("CausalNet", 12), ("MAPNet", 10)]
)
def test_figures_whose_released_code_chooses_on_the_test_subject_say_so(
    committed: tuple[Reported, ...], method: str, figures: int
) -> None:
    found = [one for one in committed if one.method == method]
    assert [one.epoch_policy for one in found] == ["test-selected"] * figures
    assert all(any(".py" in note for note in one.notes) for one in found)


def test_means_over_folds_say_that_they_cannot_be_compared(committed: tuple[Reported, ...]) -> None:
    means = [one for one in committed if one.method == "SRMCL" or one.protocol == "off-tanet"]
    assert len(means) == 5 + 12
    assert all(any("over folds" in note and "cannot be compared" in note for note in one.notes) for one in means)


# --- remarks ---


def test_the_committed_table_has_remarks_on_papers() -> None:
    assert read_remarks(TABLE)


def test_remarks_are_read_in_their_order_and_may_be_missing(write: Write) -> None:
    path = write({})
    assert read_remarks(path) == ()
    path.with_name(REMARKS_FILE).write_text('topic,text\nUnits,"MiB, not millions."\nClips,One too few.\n')
    assert read_remarks(path) == (
        Remark(topic="Units", text="MiB, not millions."), Remark(topic="Clips", text="One too few.")
    )  # fmt: skip


def test_a_figure_is_cited_as_the_citation_of_its_paper_says(write: Write) -> None:
    path = write({"paper": "A net, README", "year": "2024", "table": "Table 2", "link": ""})
    assert read_reported(path)[0].cited == Paper("A net, README", 2024, "Table 2", "", "paper")
    citation = "Wang, Zhang: A net: small. Journal 602, doi 10.1000/182, 2024"
    path.with_name(CITATIONS_FILE).write_text(f'paper,citation\n"A net, README","{citation}"\n')
    assert read_reported(path)[0].cited == Paper(
        "A net: small", 2024, "Table 2", "https://doi.org/10.1000/182", "paper", ("Wang", "Zhang"), "Journal 602"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("paper,citation\nAnother,X: T. V 2020\n", "'Another' is no paper of reported.csv; remove the line, or "),
        ("paper,citation\nA paper,X: T. V 2019\n", "'A paper' is of 2019, but reported.csv says 2020; correct one"),
    ],
)
def test_a_citation_must_fit_the_table(write: Write, content: str, message: str) -> None:
    path = write({})
    path.with_name(CITATIONS_FILE).write_text(content)
    with pytest.raises(InvalidReport, match=message):
        read_reported(path)


def test_most_committed_figures_are_cited_with_authors(committed: tuple[Reported, ...]) -> None:
    assert sum(bool(one.cited.authors) for one in committed) > len(committed) / 2


def test_titles_are_read_by_name(write: Write) -> None:
    path = write({})
    assert read_titles(path) == {}
    path.with_name(TITLES_FILE).write_text("name,title\nvault-unlisted,The vault\n")
    assert read_titles(path) == {"vault-unlisted": "The vault"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name\n", "line 1: missing columns: title"),
        ("name,title\nvault,\n", "line 2: title: is empty"),
        ("name,title\nvault,A vault\nvault,Another\n", "line 3: 'vault' is listed twice; remove one of the lines"),
        ("name,title\nvault,\x1b[2J\n", "line 2: title: "),
    ],
)
def test_a_title_that_cannot_be_shown_is_refused_in_one_line(write: Write, content: str, message: str) -> None:
    path = write({})
    path.with_name(TITLES_FILE).write_text(content)
    with pytest.raises(InvalidReport, match=rf"reported-titles\.csv, {message}") as caught:
        read_titles(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("nonsense\n", "line 1: missing columns: topic, text; unknown columns: 'nonsense'"),
        ("topic,text\n,A text.\n", "line 2: topic: is empty"),
        ("topic,text\nUnits,\n", "line 2: text: is empty"),
        ("topic,text\nUnits,a,b\n", "line 2: 3 cells, but the header has 2"),
        (f"topic,text\nUnits,{'t' * 10_000}\n", "line 2: text: .*at most 2000 characters"),
        ("topic,text\nUnits,\x1b[2J\n", "line 2: text: "),
    ],
)
def test_a_remark_that_cannot_be_shown_is_refused_in_one_line(write: Write, content: str, message: str) -> None:
    path = write({})
    path.with_name(REMARKS_FILE).write_text(content)
    with pytest.raises(InvalidReport, match=rf"reported-remarks\.csv, {message}") as caught:
        read_remarks(path)
    assert "\n" not in str(caught.value)
