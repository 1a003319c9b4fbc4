"""The data for other programs: valid by its schema, in full precision, and the same text as on the pages."""

from __future__ import annotations

import csv
import io
import json
import struct
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from merbench.leaderboard.about import About
from merbench.leaderboard.badges import badges
from merbench.leaderboard.boards import make_site
from merbench.leaderboard.entries import make_entry
from merbench.leaderboard.exports import SCHEMA_VERSION, BoardExport, Endpoint, IndexExport, exports
from merbench.leaderboard.feed import feed
from merbench.leaderboard.previews import SIZE, preview
from merbench.leaderboard.reported import reported_rows

ATOM = "{http://www.w3.org/2005/Atom}"
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "=HYPERLINK(1)</text><script>alert(1)</script>\u202egnp\u2067"
SET = {"C": 0.5, HOSTILE: "a\x00\n"}
ABOUT = About(title="Ours & yours", version="1.0", commit="c" * 40, date="2026-11-30", site="https://example.org/b/")


@pytest.fixture(scope="module")
def site(make_record, registry):
    """Two seeds of a run, a row with a hostile name, and one that is not ranked."""
    records = [
        make_record("net", accuracy=0.8, draw=1, seed=0),
        make_record("net", accuracy=0.7, draw=2, seed=1),
        make_record(HOSTILE, accuracy=0.5, draw=3, recipe=HOSTILE, options={"a": 1}),
        make_record("flow-lr", accuracy=0.6, draw=5, kind="estimator", recipe="default", settings={}, options=SET),
        make_record("sent", accuracy=0.6, draw=4, declared="oracle", paper="A paper"),
    ]
    return make_site([make_entry(one, registry) for one in records], (), registry, about=ABOUT)


@pytest.fixture(scope="module")
def files(site):
    return dict(exports(site)) | dict(badges(site)) | {"feed.xml": feed(site)}


@pytest.fixture(scope="module")
def empty(registry):
    """A board of papers alone, and a leaderboard of nothing."""
    return make_site((), (), registry)


def board_file(files, ending):
    (name,) = [name for name in files if name.startswith("boards/") and name.endswith(ending)]
    return files[name]


def test_every_json_file_is_valid_by_its_model(files):
    models = {"index.json": IndexExport, "boards": BoardExport, "badges": Endpoint}
    names = [name for name in files if name.endswith(".json") and not name.startswith("schema/")]
    assert len(names) == 1 + 1 + 6  # the index, the board, and the badges of index, board and four rows
    for name in names:
        models[name.split("/")[0]].model_validate_json(files[name], strict=True)


def test_every_schema_names_the_fields_of_the_files_that_it_describes(files):
    def required(schema, content):
        assert (
            schema["required"] == [*schema["properties"]] or "schema_version" in content or "schemaVersion" in content
        )
        assert set(content) == set(schema["properties"])
        assert schema["additionalProperties"] is False

    required(json.loads(files["schema/index.json"]), json.loads(files["index.json"]))
    required(json.loads(files["schema/board.json"]), json.loads(board_file(files, ".json")))
    required(json.loads(files["schema/badge.json"]), json.loads(files["badges/index.json"]))


def test_figures_have_full_precision(files, site):
    (board,) = site.boards
    row = board.ranked[0]
    content = json.loads(board_file(files, ".json"))
    assert content["schema_version"] == SCHEMA_VERSION
    exported = content["rows"][0]
    assert exported["figures"]["full"]["uf1"]["value"] == row.uf1.value
    assert tuple(exported["figures"]["full"]["uf1"]["interval"]) == row.uf1.interval
    assert tuple(exported["standings"]["samm"]["rank_interval"]) == row.standings["samm"].rank_interval
    assert exported["records"] == [one.record.id for one in row.entries]
    line = next(csv.DictReader(io.StringIO(board_file(files, ".csv"), newline="")))
    assert float(line["full uf1"]) == row.uf1.value
    assert float(line["samm uar high"]) == row.figures["samm"]["uar"].interval[1]
    assert (line["rank"], line["leading"], line["seeds"]) == ("1", "yes", "2")


def test_what_set_changed_is_an_object_in_json_and_a_text_in_csv(files):
    (row,) = [row for row in json.loads(board_file(files, ".json"))["rows"] if row["model"] == "flow-lr"]
    assert row["recipe"] == "default"
    assert row["set"]["C"] == "0.5"
    assert [*row["set"].values()] == ["0.5", "a\\x00\\n"]
    lines = csv.DictReader(io.StringIO(board_file(files, ".csv"), newline=""))
    assert [line["set"][:6] for line in lines if line["model"] == "flow-lr"] == ["C=0.5,"]


def test_the_index_names_files_that_exist(files):
    (board,) = json.loads(files["index.json"])["boards"]
    assert {board["json_file"], board["csv_file"]} <= set(files)
    assert (board["rows"], board["ranked"], board["records"]) == (4, 3, 5)


def test_hostile_names_are_text_in_every_file(files):
    assert any("script" in text for text in files.values())
    for name, text in files.items():
        assert "\u202e" not in text, name
        assert "\u2067" not in text, name
        if name.endswith((".svg", ".xml")):
            ET.fromstring(text)
            assert "<script>" not in text, name
    names = [row["model"] for row in csv.DictReader(io.StringIO(board_file(files, ".csv"), newline=""))]
    assert [name[:3] for name in names if "HYPER" in name] == ["'=H"]
    rows = json.loads(board_file(files, ".json"))["rows"]
    assert HOSTILE in [row["model"] for row in rows]


def test_the_feed_is_newest_first_with_absolute_links_and_the_dates_of_the_records(files):
    root = ET.fromstring(files["feed.xml"])
    entries = root.findall(f"{ATOM}entry")
    assert root.findtext(f"{ATOM}updated") == "2026-11-21T09:00:00Z"
    assert len(entries) == 5
    assert len({one.findtext(f"{ATOM}id") for one in entries}) == 5
    for one in entries:
        assert one.find(f"{ATOM}link").get("href").startswith("https://example.org/b/entries/")
        assert one.findtext(f"{ATOM}updated") == "2026-11-21T09:00:00Z"


def test_a_badge_says_the_score_and_the_interval_of_the_rank(site, files):
    (board,) = site.boards
    row = board.ranked[0]
    low, high = row.standing.rank_interval
    badge = json.loads(files[f"badges/{row.id}.json"])
    assert badge["message"] == f"UF1 {row.uf1.value:.3f}, rank 1 ({low} to {high}) of 3".replace("0.", ".")
    assert badge["label"] == "net on composite"
    assert (
        ET.fromstring(files[f"badges/{row.id}.svg"]).findtext(f"{SVG}title") == f"net on composite: {badge['message']}"
    )


def test_a_row_without_a_rank_has_a_badge_that_says_so(site, files):
    (row,) = [row for row in site.boards[0].rows if row.unranked]
    assert json.loads(files[f"badges/{row.id}.json"])["message"].endswith(", not ranked")


def test_a_leaderboard_without_runs_has_an_empty_feed_badge_and_index(empty):
    root = ET.fromstring(feed(empty))
    assert root.findall(f"{ATOM}entry") == []
    assert root.findtext(f"{ATOM}updated") == "1970-01-01T00:00:00Z"
    assert json.loads(dict(badges(empty))["badges/index.json"])["message"] == "no runs yet"
    IndexExport.model_validate_json(dict(exports(empty))["index.json"], strict=True)


@pytest.fixture(scope="module")
def bare(site):
    """The board without its rows."""
    return replace(site, boards=(replace(site.boards[0], rows=()),), entries=())


def test_a_board_without_runs_has_a_badge_a_table_and_a_picture(bare):
    files = dict(exports(bare)) | dict(badges(bare))
    assert BoardExport.model_validate_json(board_file(files, ".json"), strict=True).rows == ()
    assert board_file(files, ".csv") == "id\r\n"
    assert json.loads(files[f"badges/{bare.boards[0].slug}.json"])["message"] == "no runs yet"
    assert preview(bare.boards[0], "x").startswith(b"\x89PNG")
    assert reported_rows(()) == ()


def test_the_picture_has_the_size_that_networks_show_and_the_same_bytes_each_time(site):
    (board,) = site.boards
    picture = preview(board, "Ours")
    assert struct.unpack(">II", picture[16:24]) == SIZE == (1200, 630)
    assert picture == preview(board, "Ours") != preview(board, "Theirs")
    assert len(picture) < 40_000


def test_a_long_or_hostile_title_is_cut_inside_the_picture(site):
    board = replace(site.boards[0], name="\u202e" + "w" * 5000)
    assert len(preview(board, "\n".join(["x" * 500] * 9))) < 60_000
