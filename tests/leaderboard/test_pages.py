"""The pages as text: whole, escaped, within their size, linked, and the same every time."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import takewhile

import pytest

from merbench.leaderboard.boards import Board, Site, make_site
from merbench.leaderboard.entries import Figure, make_entry
from merbench.leaderboard.exports import exports
from merbench.leaderboard.pages import LARGEST, render
from merbench.leaderboard.reported import Remark
from merbench.leaderboard.rows import Paper, Row
from merbench.leaderboard.tables import PER_PAGE
from merbench.leaderboard.wording import DASH
from merbench.runs.export import without_clips
from merbench.runs.schema import Code

MARKUP = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
REMARKS = (Remark(topic="Units & names", text="Some <b>paper</b> says so."),)
BACKWARDS = "\u202egnp.exe\u2067"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)


class Parsed(HTMLParser):
    """What a test asks of a page: its elements with their attributes, its ids, its links, its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.ids = [attributes["id"] for _, attributes in self.elements if "id" in attributes]
        self.links = [
            (tag, attributes.get("href") or attributes["src"], attributes)
            for tag, attributes in self.elements
            if "href" in attributes or "src" in attributes
        ]

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


@pytest.fixture(scope="module")
def records(make_record):
    return [
        make_record("net", accuracy=0.8, draw=1, seed=0),
        make_record("net", accuracy=0.8, draw=3, seed=1),
        make_record("other", accuracy=0.5, draw=5, warnings=["Something to know."]),
        make_record("sent in", declared="unknown", link="https://example.org/log"),
        make_record("partial", clips=400),
    ]


@pytest.fixture(scope="module")
def site(records, entry_of, registry, figures):
    return make_site([entry_of(record) for record in records], figures, registry, REMARKS)


@pytest.fixture(scope="module")
def pages(site):
    return dict(render(site))


@pytest.fixture(scope="module")
def hostile(make_record, entry_of, registry):
    """A site in which every text that a stranger may write is an attack."""
    record = make_record(
        MARKUP,
        recipe=BACKWARDS,
        classes=[MARKUP, "a&b", BACKWARDS],
        settings={MARKUP: MARKUP},
        options={"o": [MARKUP]},
        features=[MARKUP],
        environment={MARKUP: {"processor": MARKUP}},
        warnings=[MARKUP, "w" * 2000],
    )
    sent = make_record("sent", declared="last", paper=MARKUP, link="https://example.org/?a=1&b=2", draw=4)
    site = make_site([entry_of(record), entry_of(sent)], (), registry)
    link = "javascript:alert(3)"
    paper = Row(
        id="paper", model=MARKUP, badge="reported", policy="not stated", figures={"full": {"uf1": Figure(0.5)}},
        paper=Paper(MARKUP, 2020, MARKUP, link), notes=(MARKUP, "n" * 10_000, BACKWARDS),
    )  # fmt: skip
    boards = tuple(replace(board, dataset=MARKUP, about=(MARKUP,), rows=(*board.rows, paper)) for board in site.boards)
    return dict(render(Site(boards, site.entries, (), (Remark(topic=MARKUP, text=MARKUP),))))


def html_of(pages: dict[str, str]) -> dict[str, Parsed]:
    return {name: Parsed(text) for name, text in pages.items() if name.endswith(".html")}


def test_there_is_a_page_for_every_board_and_entry(pages, site):
    (board,) = site.boards
    names = ["about.html", "index.html", "records.html", "reported.html", "papers.html", "scores.html"]
    names += ["assets/site.css", "assets/site.js", "records.js", "reported.js"]
    tables = [f"boards/{board.slug}{part}" for part in ("", "-smic", "-casme2", "-samm")]
    names += [f"{table}{ending}" for table in tables for ending in (".html", ".js")]
    names += [f"boards/{board.slug}-compare.html", *(row.page for row in board.rows if len(row.entries) > 1)]
    names += [f"entries/{entry.id}.html" for entry in site.entries]
    assert sorted(pages) == sorted(names)


def test_the_same_input_gives_the_same_bytes(site, pages):
    assert dict(render(site)) == pages


def test_pages_come_one_by_one(site):
    assert next(iter(render(site)))[0] == "assets/site.css"


@pytest.mark.parametrize("which", ["pages", "hostile"])
def test_no_page_styles_or_scripts_itself(which, request):
    for name, page in html_of(request.getfixturevalue(which)).items():
        for tag, attributes in page.elements:
            assert tag != "style", name
            assert not [one for one in attributes if one == "style" or one.startswith("on")], (name, tag, attributes)
            if tag == "script":
                assert attributes.get("type") == "application/json" or attributes["src"].endswith("assets/site.js")


def test_every_page_has_the_policy_first_thing(pages):
    for name, page in html_of(pages).items():
        metas = [attributes for tag, attributes in page.elements if tag == "meta"]
        assert metas[0] == {"charset": "utf-8"}, name
        assert metas[1] == {"http-equiv": "Content-Security-Policy", "content": CSP}, name


@pytest.mark.parametrize("which", ["pages", "hostile"])
def test_nothing_is_fetched_from_elsewhere_and_links_are_safe(which, request):
    for name, page in html_of(request.getfixturevalue(which)).items():
        for tag, target, attributes in page.links:
            if re.match(r"[a-z]+:", target):
                external = target.startswith(("http://", "https://"))
                assert (tag == "a" and external) or (tag, target) == ("link", "data:,"), (name, tag, target)
                assert tag != "a" or attributes["rel"] == "noopener noreferrer"


def test_every_link_leads_somewhere(pages, site):
    parsed = html_of(pages)
    downloads = {f"records/{name[8:-5]}.json" for name in pages if name.startswith("entries/")}
    downloads |= {"feed.xml", *(name for name, _ in exports(site))}
    for name, page in parsed.items():
        for _, target, _ in page.links:
            if re.match(r"[a-z]+:", target):
                continue
            path, _, fragment = target.partition("#")
            found = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            assert found in pages or found in downloads, (name, target)
            if fragment and "=" not in fragment:
                assert fragment in parsed[found].ids, (name, target)


@pytest.mark.parametrize("which", ["pages", "hostile"])
def test_ids_are_unique_on_a_page(which, request):
    for name, page in html_of(request.getfixturevalue(which)).items():
        assert len(page.ids) == len(set(page.ids)), name


def test_no_text_of_a_stranger_becomes_markup(hostile):
    for name, text in hostile.items():
        assert "<img" not in text, name
        assert "<script>" not in text, name
        assert "javascript:" not in text, name
    board = Parsed(hostile["boards/composite-loso.html"])
    assert MARKUP in board.text


def test_right_to_left_marks_do_not_reach_their_neighbours(hostile):
    for name, text in hostile.items():
        if not name.endswith(".html"):
            continue
        shown = re.sub(r"<(script|title|desc|svg)\b.*?</\1>", "", text, flags=re.S)
        shown = re.sub(r'aria-label="[^"]*"', "", shown)
        shown = re.sub(r"<(bdi|code|option)>.*?</\1>", "", shown, flags=re.S)
        assert "\u202e" not in shown, name


def test_a_long_note_is_short_on_the_board_and_opens(hostile):
    text = hostile["boards/composite-loso.html"]
    note = re.search(r"<details><summary><bdi>(n+)…</bdi></summary><p><bdi>(n+)…</bdi></p>", text)
    assert note is not None
    assert (len(note[1]), len(note[2])) == (160, 600)


def test_a_long_warning_is_whole_on_the_page_of_its_entry(hostile):
    assert any("w" * 2000 in text for name, text in hostile.items() if name.startswith("entries/"))


def test_data_for_the_script_cannot_end_its_element(hostile):
    for text in hostile.values():
        for data in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text, flags=re.S):
            assert not set("<>&\u2028\u2029") & set(data)
            json.loads(data)


def test_why_a_row_is_not_ranked_is_said_however_many_notes_there_are(site):
    board = site.boards[0]
    row = next(row for row in board.rows if row.unranked)
    rows = tuple(replace(row, id=f"row{number}", notes=(f"note {number}",)) for number in range(100))
    last = replace(row, id="last", unranked="it is the last")
    board = replace(board, rows=(*rows, last), incomplete=())
    text = Parsed(dict(render(Site((board,))))["boards/composite-loso.html"]).text
    assert "Not ranked: it is the last." in text
    assert "more notes" in text


def test_tables_have_captions_and_scopes(pages):
    for name, page in html_of(pages).items():
        tags = [tag for tag, _ in page.elements]
        assert tags.count("table") == tags.count("caption"), name
        assert all("scope" in attributes for tag, attributes in page.elements if tag == "th"), name


def test_a_board_shows_rank_interval_badge_and_what_choosing_adds(pages, site):
    row = site.boards[0].rows[0]
    line = re.search(rf"<tr id={row.id}>.*", pages["boards/composite-loso.html"])
    assert line is not None
    cells = [re.sub("<[^>]+>", " ", cell).split() for cell in re.split("<t[dh]", line[0])]
    assert row.selection is not None
    assert cells[1][:2] == [">1", "#"]
    assert "leading" in cells[1]
    assert cells[2][1] == "net"
    assert cells[3] == [">run", "here", "own", "settings"]
    low, high = row.figures["full"]["uf1"].interval
    shown = f">{row.figures['full']['uf1'].value:.3f} {low:.2f}{DASH}{high:.2f}".replace("0.", ".")
    assert " ".join(cells[4][:2]) == shown
    assert cells[13][0] == f">+{row.selection:.3f}".replace("0.", ".")
    assert cells[13][1:3] == [str(row.epochs), "epochs"]


def test_a_board_and_an_entry_show_what_set_changed(make_record, registry):
    changed = {"kind": "estimator", "recipe": "default", "settings": {}, "options": {"C": "0.5<b>"}}
    records = [make_record("flow-lr", draw=seed, seed=seed, **changed) for seed in (0, 1)]
    made = make_site([make_entry(one, registry) for one in records], (), registry)
    found = html_of(dict(render(made)))
    (row,) = made.boards[0].rows
    assert "default; C=0.5<b>, 2 seeds" in found[f"boards/{made.boards[0].slug}.html"].text
    assert "default; C=0.5<b>" in found[row.page].text
    assert "default; C=0.5<b>" in found[f"entries/{row.entries[0].id}.html"].text


def test_reported_rows_have_no_rank_and_cite_their_paper(pages):
    line = re.search(r"<tr id=\w+ class=paper>.*", pages["boards/composite-loso.html"])
    assert line is not None
    assert f"<td>{DASH} " in line[0]
    assert '<a href="https://example.org/paper" rel="noopener noreferrer">A paper, 2020</a>, Table 1' in line[0]


def test_rows_that_are_not_ranked_say_why(pages):
    text = Parsed(pages["boards/composite-loso.html"]).text
    assert "Not ranked: its sender does not say how the epoch was chosen." in text
    assert "400 of 442 clips" in text


def test_every_reported_figure_stands_on_its_page(pages):
    page = Parsed(pages["reported.html"]).text
    assert ".900" in page
    assert "without <flow>" in page
    assert "on a board" in page
    assert "left out: a variant" in page
    assert "The paper slips & says so." in page


def test_an_entry_has_its_command_and_its_citation(pages, site):
    entry = next(one for one in site.entries if one.record.plan.model == "other")
    text = Parsed(pages[f"entries/{entry.id}.html"]).text
    assert "merbench run \\ --model other \\ --dataset composite \\ --protocol loso \\ --recipe quick" in text
    assert f"@misc{{merbench-{entry.id}" in text
    assert "Something to know." in text


def test_every_page_names_the_protocol_by_its_current_name(make_record, entry_of, registry, figures):
    code = {"merbench:core": Code(distribution="merbench", digest="0" * 64)}  # as runs write it today: no version
    entry = entry_of(make_record("old", protocol="composite", code=code))
    made = dict(render(make_site([entry], figures, registry)))
    for name in ("index.html", "reported.html", f"entries/{entry.id}.html"):
        text = Parsed(made[name]).text
        assert "loso" in text or "leave one subject out" in text
        assert "composite composite" not in text
        assert "None" not in text


def test_predictions_handed_in_say_so(pages, site):
    entry = next(one for one in site.entries if one.record.plan.kind == "rescored")
    text = Parsed(pages[f"entries/{entry.id}.html"]).text
    assert "nothing was run here" in text
    assert "merbench run" not in text


def test_an_entry_of_too_many_clips_leaves_them_to_its_record(site):
    entry = site.entries[0]
    answers = entry.answers
    predicted = {policy: indices * 20 for policy, indices in answers.predicted.items()}
    big = replace(
        entry, answers=replace(answers, clips=answers.clips * 20, truth=answers.truth * 20, predicted=predicted)
    )
    page = dict(render(replace(site, entries=(big,))))[f"entries/{entry.id}.html"]
    assert len(page.encode()) <= LARGEST
    assert "The record has the results of each of the clips." in page
    assert "Per subject" in page


def test_an_entry_whose_labels_are_not_public_names_no_clip(records, registry, figures):
    entries = [replace(make_entry(without_clips(record), registry), public=False) for record in records[:3]]
    site = make_site(entries, figures, registry)
    clips = {one.clip.rsplit("/", 1)[-1] for one in records[0].predictions}
    pages = dict(render(site))
    for name, text in pages.items():
        if name.startswith(("entries/", "boards/")):
            assert not [clip for clip in clips if re.search(rf"[>\"/,]{re.escape(clip)}[<\",]", text)], name
    assert '"pairs":' in pages["boards/composite-loso-compare.html"]


def test_a_site_without_records_has_its_pages(figures, registry):
    pages = dict(render(make_site([], figures, registry)))
    assert "This board has no runs yet." in Parsed(pages["boards/composite-loso.html"]).text
    assert "No row of this board is ranked yet." in Parsed(pages["boards/composite-loso-compare.html"]).text


def test_remarks_on_papers_are_shown_where_a_board_has_them(pages, site):
    text = Parsed(pages["scores.html"]).text
    assert "Units & names. Some <b>paper</b> says so." in text
    assert "What to look for in reported results" in text
    without = dict(render(replace(site, remarks=())))["scores.html"]
    assert "What to look for in reported results" not in without


@pytest.fixture(scope="module")
def long_site(site):
    """A site with a board of 1,000 ranked runs, each with intervals in four parts, and 300 incomplete ones."""
    board = site.boards[0]
    pattern = next(row for row in board.rows if row.rank and len(row.entries) == 1)
    rows = tuple(
        replace(one, standings={"full": replace(pattern.standing, rank=place)})
        for place, one in enumerate(copies(pattern, 1000, "model"), start=1)
    )
    less = replace(pattern, standings={}, clips=400)
    board = replace(board, rows=rows, incomplete=(tuple(copies(less, 300, "partial")),))
    return Site((board,), tuple(entry for row in board.every_row for entry in row.entries))


def copies(row: Row, count: int, name: str) -> list[Row]:
    """Copies of a row under other names, with entries of their own."""
    made = []
    for number in range(count):
        digest = hashlib.sha256(f"{name} {number}".encode()).hexdigest()
        entry = replace(row.entries[0], record=row.entries[0].record.model_copy(update={"id": digest}))
        made.append(replace(row, id=digest[-12:], model=f"{name}-{number:04d}", entries=(entry,)))
    return made


@pytest.fixture(scope="module")
def long_pages(long_site):
    return dict(render(replace(long_site, entries=long_site.entries[999:1000])))


def pages_of(pages: dict[str, str], stem: str) -> list[str]:
    """The pages of a long table, as a reader follows them."""
    first = Parsed(pages[f"{stem}.html"])
    (pager, *_) = [one for one in first.elements if one[0] == "nav" and one[1].get("class") == "pages"]
    assert pager[1]["aria-label"] == "Pages"
    folder = posixpath.dirname(stem)
    links = [
        target for _, target, _ in first.links if re.fullmatch(rf"{posixpath.basename(stem)}(-page\d+)?\.html", target)
    ]
    return [pages[posixpath.join(folder, target)] for target in dict.fromkeys(links)]


def test_a_long_board_has_pages_of_200_rows_with_links_between_them(long_pages, long_site):
    found = pages_of(long_pages, "boards/composite-loso")
    shown = [re.findall(r"<tr id=(\w+)", page) for page in found]
    assert [len(rows) for rows in shown] == [PER_PAGE] * 6 + [100]
    assert [one for rows in shown for one in rows] == [row.id for row in long_site.boards[0].every_row]
    for number, page in enumerate(found, start=1):
        current = [attributes for tag, attributes in Parsed(page).elements if attributes.get("aria-current") == "page"]
        assert {one["href"] for one in current} == {f"composite-loso{f'-page{number}' if number > 1 else ''}.html"}


def test_ranks_on_every_page_are_those_of_the_whole_board(long_pages):
    (line,) = re.findall(r"<tr id=\w+>.*model-0999.*", pages_of(long_pages, "boards/composite-loso")[4])
    assert line.split("<td>")[1].startswith("1000 ")


def test_every_page_of_a_board_of_1000_rows_stays_small(long_pages):
    assert max(len(text.encode()) for name, text in long_pages.items() if name.endswith(".html")) <= LARGEST


def test_every_ranked_row_is_compared_with_the_best_on_some_page(long_pages):
    found = pages_of(long_pages, "boards/composite-loso-compare")
    assert sum(page.count("<th scope=row>") for page in found) == 1000


def test_the_page_of_an_entry_links_its_row_on_the_page_where_it_is(long_pages, long_site):
    row = long_site.boards[0].rows[999]
    page = long_pages[f"entries/{row.entries[0].id}.html"]
    assert f"../boards/composite-loso-page5.html#{row.id}" in page


def test_the_newest_records_have_pages_too(long_site):
    pages = dict(takewhile(lambda page: not page[0].startswith("boards/"), render(long_site)))
    found = pages_of(pages, "records")
    assert [page.count("<tr id=") for page in found] == [PER_PAGE] * 6 + [100]
    assert max(len(text.encode()) for name, text in pages.items() if name.endswith(".html")) <= LARGEST


def test_a_long_board_with_long_names_notes_and_many_seeds_stays_small(long_site):
    board = long_site.boards[0]
    wordy = [
        replace(
            row, model=row.model + "文" * 190, recipe="r" * 200, entries=row.entries * 50,
            notes=(f"{place} {'n' * 2000}",), standings={},
        )
        for place, row in enumerate(board.rows[:300])
    ]  # fmt: skip
    pages = dict(render(Site((replace(board, rows=tuple(wordy), incomplete=()),))))
    assert max(len(text.encode()) for name, text in pages.items() if name.endswith(".html")) <= LARGEST


def test_a_row_whose_id_could_break_its_attribute_is_refused(long_site):
    board = long_site.boards[0]
    broken: Board = replace(board, rows=(replace(board.rows[0], id="a onclick=alert(1)"),), incomplete=())
    with pytest.raises(ValueError, match="no id of a row"):
        dict(render(Site((broken,))))
