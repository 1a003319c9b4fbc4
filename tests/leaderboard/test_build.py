"""The whole site: built from record files, the same bytes each time, whole or not at all, without a licensed clip."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from merbench.data.clips import clip_table, clips_digest, labels_digest
from merbench.errors import MerbenchError, OutputError, RecordError
from merbench.leaderboard import batches
from merbench.leaderboard.build import build
from merbench.leaderboard.cache import Cache
from merbench.leaderboard.pages import LARGEST
from merbench.leaderboard.place import MANIFEST
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.progress import Silent
from merbench.runs.export import without_clips
from merbench.runs.scoring import clips_of
from merbench.runs.seal import sealed

ROOT = Path(__file__).parents[2]

# A dataset whose labels are not public, as a plugin that somebody wrote registers it.
LICENSED = """
import merbench

@merbench.hookimpl
def merbench_sources():
    yield merbench.Source(name="vault", reader="nowhere:Reader", provides=(), databases=("vault",))

@merbench.hookimpl
def merbench_datasets():
    yield merbench.Dataset(name="vault", sources=("vault",), databases=("vault",), scheme=merbench.THREE_CLASS)
"""


@pytest.fixture
def records(tmp_path) -> Path:
    folder = tmp_path / "records"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "out" / "site"


@pytest.fixture
def built(records, out, registry):
    def of(reported: Path | None = None, registry: Registry = registry) -> dict[str, bytes]:
        build([records], reported, out, registry)
        return files(out)

    return of


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def licensed(tmp_path_factory) -> Registry:
    """A registry that has the licensed dataset too."""
    plugin = tmp_path_factory.mktemp("plugin") / "vault_plugin.py"
    plugin.write_text(LICENSED)
    registry = Registry(load(files=[plugin]))
    assert not registry.datasets.get("vault").public_labels
    return registry


@pytest.fixture(scope="session")
def vault():
    """The clips of the licensed dataset."""
    subjects = [f"vault/s{number}" for number in range(6)]
    names = [(subject, f"{subject}/secret-{number}") for subject in subjects for number in range(3)]
    return clip_table(
        {
            "clip": [clip for _, clip in names],
            "database": ["vault"] * len(names),
            "subject": [subject for subject, _ in names],
            "label": [number for _ in subjects for number in range(3)],
        }
    )


def test_a_site_has_pages_for_boards_and_entries_and_every_record_to_download(built, save, make_record):
    record = make_record()
    path = save(record, "one")
    found = built()
    assert {
        "index.html",
        "boards/composite-loso.html",
        "boards/composite-loso-compare.html",
        f"entries/{record.id[:12]}.html",
        f"records/{record.id[:12]}.json",
        MANIFEST,
    } <= set(found)
    assert found[f"records/{record.id[:12]}.json"] == path.read_bytes()
    assert set(found[MANIFEST].decode().split()) == set(found) - {MANIFEST}


def test_figures_under_a_protocols_former_name_stand_on_its_board(built, save, make_record):
    save(make_record(), "one")
    found = built(reported=ROOT / "leaderboards" / "reported.csv")
    boards = {name for name in found if name.startswith(("boards/composite-", "boards/smic-3-"))}
    names = {re.sub(r"(-compare|-smic|-casme2|-samm)?\.\w+$", "", name.removeprefix("boards/")) for name in boards}
    assert names == {"composite-loso", "smic-3-loso-per-database"}


def test_a_site_without_records_is_a_site(built):
    assert "index.html" in built()


def test_several_folders_of_records_are_one_site(tmp_path, out, make_record, registry):
    folders = [tmp_path / name for name in ("ours", "theirs")]
    for place, folder in enumerate(folders):
        folder.mkdir()
        (folder / "record.json").write_text(make_record(f"m{place}", draw=place).to_json())
    site = build(folders, None, out, registry)
    assert [len(board.rows) for board in site.boards] == [2]


def test_the_committed_records_and_published_figures_make_a_site(published):
    boards = {path.stem: json.loads(path.read_text("utf-8")) for path in published.glob("boards/*.json")}
    models = {row["model"] for board in boards.values() for row in board["rows"] if row["records"]}
    assert {"htnet", "ststnet"} <= models
    assert max(path.stat().st_size for path in published.rglob("*.html")) <= LARGEST
    assert all((published / "boards" / f"{name}.html").is_file() for name in boards)


def test_progress_is_told_of_every_record_and_every_page(records, out, save, make_record, registry):
    class Told:
        def __init__(self) -> None:
            self.units = self.done = 0

        def start(self, units: int, finished: int) -> None:
            self.units, self.done = units, finished

        def advance(self, units: int) -> None:
            self.done += units

        def note(self, text: str) -> None:
            raise AssertionError(text)

    for draw in range(2):
        save(make_record(f"m{draw}", draw=draw), str(draw))
    told = Told()
    build([records], None, out, registry, told)
    assert told.units == told.done == 4


def test_the_same_input_gives_the_same_bytes_whatever_the_folder_hash_seed_and_file_order(tmp_path, make_record):
    made = [make_record(f"m{draw}", draw=draw) for draw in range(3)]
    sites = []
    for seed, order in (("1", made), ("2", made[::-1])):
        folder = tmp_path / seed
        (folder / "records").mkdir(parents=True)
        for place, record in enumerate(order):
            (folder / "records" / f"{place}.json").write_text(record.to_json())
        command = [
            sys.executable,
            "-m",
            "merbench",
            "leaderboard",
            "build",
            "--records",
            "records",
            "--out",
            f"site{seed}",
        ]
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"Etc/GMT{seed}", "LC_ALL": "C"}
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        sites.append(files(folder / f"site{seed}"))
    assert sites[0] == sites[1]


def test_building_again_changes_nothing(built, save, make_record):
    save(make_record(), "one")
    assert built() == built()


def test_what_is_not_in_the_input_any_more_is_not_on_the_site_any_more(built, save, make_record):
    gone = save(make_record("gone", draw=1), "gone")
    save(make_record(), "one")
    before = built()
    gone.unlink()
    after = built()
    assert len([name for name in before if name.startswith("entries/")]) == 2
    assert len([name for name in after if name.startswith("entries/")]) == 1


def test_a_file_that_somebody_put_into_the_site_stops_the_build_and_stays(built, out, save, make_record):
    save(make_record(), "one")
    before = built()
    (out / "CNAME").write_text("board.example.org")
    with pytest.raises(OutputError, match="contains CNAME, which no build made"):
        built()
    assert files(out) == {**before, "CNAME": b"board.example.org"}


def test_the_folder_of_the_records_is_never_the_site(records, registry, save, make_record):
    save(make_record(), "one")
    with pytest.raises(OutputError, match=r"contains one\.json"):
        build([records], None, records, registry)
    assert (records / "one.json").is_file()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_text(path.read_text()[:9000]),
        lambda path: path.write_text(path.read_text().replace('"schema": 3', '"schema": 4')),
        lambda path: path.write_text(path.read_text().replace('"accuracy": 0.', '"accuracy": 0.0', 1)),
        lambda path: path.write_text(path.read_text().replace('"uf1": 0.', '"uf1": NaN, "x": 0.', 1)),
        lambda path: shutil.copy(path, path.with_name("again.json")),
        lambda path: path.with_name("list.json").write_text("[]"),
        lambda path: path.with_name("binary.json").write_bytes(b"\xff\x00"),
    ],
)
def test_a_record_that_is_not_valid_fails_the_build_and_leaves_the_old_site(built, out, save, make_record, spoil):
    path = save(make_record(), "one")
    before = built()
    spoil(path)
    with pytest.raises(RecordError) as error:
        built()
    assert str(path.parent) in str(error.value)
    assert "\n" not in str(error.value)
    assert files(out) == before
    assert [one.name for one in out.parent.iterdir()] == ["site"]


def test_a_table_of_published_figures_that_is_not_valid_leaves_the_old_site(built, out, save, make_record, tmp_path):
    save(make_record(), "one")
    before = built()
    (tmp_path / "reported.csv").write_text("nonsense\n")
    with pytest.raises(MerbenchError, match=r"reported"):
        built(reported=tmp_path / "reported.csv")
    assert files(out) == before


def test_verdicts_that_are_not_valid_are_one_line_and_leave_the_old_site(built, out, save, make_record, tmp_path):
    save(make_record(), "one")
    for name in ("reported.csv", "reported-notes.csv", "reported-verdicts.csv"):
        shutil.copy(ROOT / "leaderboards" / name, tmp_path)
    before = built(reported=tmp_path / "reported.csv")
    assert b"main_HTNet.py" in before["papers.html"]
    with (tmp_path / "reported-verdicts.csv").open("a") as file:
        file.write("Net,,fraud,,\n")
    with pytest.raises(MerbenchError, match=r"reported-verdicts\.csv, line \d+: verdict: .*found 'fraud'"):
        built(reported=tmp_path / "reported.csv")
    assert files(out) == before


def test_remarks_that_are_not_valid_are_one_line_and_leave_the_old_site(built, out, save, make_record, tmp_path):
    save(make_record(), "one")
    for name in ("reported.csv", "reported-notes.csv"):
        shutil.copy(ROOT / "leaderboards" / name, tmp_path)
    remarks = tmp_path / "reported-remarks.csv"
    remarks.write_text("topic,text\nUnits,<b>Not</b> millions.\n")
    before = built(reported=tmp_path / "reported.csv")
    assert b"&lt;b&gt;Not&lt;/b&gt; millions." in before["scores.html"]
    remarks.write_text("topic,text\nUnits,\n")
    with pytest.raises(MerbenchError, match=r"reported-remarks\.csv, line 2: text: is empty") as error:
        built(reported=tmp_path / "reported.csv")
    assert "\n" not in str(error.value)
    assert files(out) == before


NAMES = ["../../x", "/etc/passwd", "<b>bold</b>", "<script>alert(1)</script>", "\u202egnal", "x" * 200, "..", "a\\b"]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names_stay_inside_the_folder_and_are_escaped(built, out, save, make_record, vault, name):
    changes = {"dataset": name, "model": name, "recipe": name}
    record = make_record(table=vault, **changes, warnings=[name], environment={"device": name, name: name})
    save(record, "one")
    found = built()
    assert {path.name for path in out.parent.iterdir()} == {"site"}
    kinds = "html|json|css|csv|js|png|svg|xml"
    assert all(re.fullmatch(rf"(\w+/)?[a-z0-9.-]+\.({kinds})|\.merbench-site", one) for one in found)
    for page in (text.decode() for one, text in found.items() if one.endswith(".html")):
        assert "<script>alert" not in page
        assert "<b>bold" not in page


STRANGE = [
    {"finished": 5, "engine": [1], "python": {"a": [1, {}]}, "seconds": "x", "torch": None, "hardware": "<b>"},
    {"engine": {"parameters": "<script>alert(1)</script>"}, "command": ["<script>alert(1)</script>"], "seconds": -1},
    {"a": {"b": {"c": {"d": [[[]]]}}}, "": "", "finished": None},
]


@pytest.mark.parametrize("environment", STRANGE)
def test_an_environment_may_hold_anything(built, save, make_record, vault, environment):
    save(make_record(dataset="vault", table=vault, environment=environment), "one")
    found = built()
    assert not any(b"<script>alert" in content for name, content in found.items() if name.endswith(".html"))


def test_a_dataset_without_a_clip_of_some_class_has_pages_and_no_ranks(built, save, make_record, vault):
    table = vault[vault["label"] != 2].reset_index(drop=True)
    for place in range(2):
        save(make_record(f"m{place}", dataset="vault", table=table, draw=place), str(place))
    (page,) = [text for name, text in built().items() if re.fullmatch(r"boards/[a-z-]+loso\.html", name)]
    assert b"UF1 is not defined: some class has no clip" in page


@pytest.mark.parametrize("installed", [True, False])
def test_no_clip_of_a_licensed_dataset_is_in_any_file_of_the_site(
    built, save, make_record, registry, licensed, vault, installed
):
    warnings = ["2 broken clip(s): vault/s0/secret-0: no face", "everything else is fine"]
    record = make_record(dataset="vault", table=vault, warnings=warnings)
    path = save(record, "one")
    assert b"secret" in path.read_bytes()
    found = built(registry=licensed if installed else registry)
    assert [name for name, content in found.items() if b"secret" in content] == []
    published = json.loads(found[f"records/{record.id[:12]}.json"])
    assert published["predictions"] == []
    assert published["scores"] == json.loads(path.read_text())["scores"]
    assert b"everything else is fine" in found[f"entries/{record.id[:12]}.html"]


def test_counts_of_clips_that_only_claim_the_digests_of_others_stand_alone_and_break_nothing(
    built, save, make_record, vault
):
    others = [make_record(f"m{draw}", dataset="vault", table=vault, draw=draw) for draw in range(2)]
    moved = vault.assign(subject=[f"vault/t{place % 6}" for place in range(len(vault))])
    moved["clip"] = [f"{subject}/{place}" for place, subject in enumerate(moved["subject"])]
    forged = make_record("forged", dataset="vault", table=clip_table(moved))
    plan = forged.plan.model_copy(update={"digests": others[0].plan.digests})
    forged = without_clips(forged.model_copy(update={"plan": plan, "id": plan.digest()}))
    for place, record in enumerate([*map(without_clips, others), forged]):
        save(record, str(place))
    found = built()
    boards = [name for name in found if re.fullmatch(r"boards/vault-loso(-[0-9a-f]+)?\.html", name)]
    assert len(boards) == 2
    assert not any(b"forged" in found[name] and b"m0" in found[name] for name in boards)


@pytest.mark.parametrize("error", [RuntimeError("a defect"), KeyboardInterrupt()])
def test_a_build_that_stops_half_way_leaves_the_old_site_whole(built, out, save, make_record, records, registry, error):
    save(make_record(), "one")
    before = built()
    save(make_record("new", draw=1), "two")

    class Stops:
        def start(self, units: int, finished: int) -> None:
            self.left = units - 1

        def advance(self, units: int) -> None:
            self.left -= units
            if not self.left:
                raise error

        def note(self, text: str) -> None:
            raise AssertionError(text)

    with pytest.raises(type(error)):
        build([records], None, out, registry, Stops())
    assert files(out) == before
    assert [path.name for path in out.parent.iterdir()] == ["site"]


KILLED = """
import os, signal, sys
from pathlib import Path
from merbench.leaderboard import batches
from merbench.leaderboard.build import build
from merbench.leaderboard.cache import Cache
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.progress import Silent

class Kills(Silent):
    def start(self, units, finished):
        self.left = units - 1
    def advance(self, units):
        self.left -= units
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)

build([Path(sys.argv[1])], None, Path(sys.argv[2]), Registry(load()), Kills())
"""


def test_a_build_that_is_killed_leaves_the_old_site_whole_and_the_next_one_clears_the_rest(
    built, out, save, make_record, records
):
    save(make_record(), "one")
    before = built()
    save(make_record("new", draw=1), "two")
    done = subprocess.run([sys.executable, "-c", KILLED, str(records), str(out)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert files(out) == before
    assert len(list(out.parent.iterdir())) == 2
    after = built()
    assert len(after) > len(before)
    assert [path.name for path in out.parent.iterdir()] == ["site"]


def test_a_file_in_the_way_of_the_folder_is_one_line(built, out, save, make_record):
    save(make_record(), "one")
    out.parent.write_text("mine")
    with pytest.raises(OutputError, match=r"cannot write .*: Not a directory"):
        built()
    assert out.parent.read_text() == "mine"


@pytest.fixture
def many(save, make_record, vault, monkeypatch):
    """So many records that several processes read them, of few clips each."""
    monkeypatch.setattr(batches, "MANY", 60)
    for draw in range(60):
        save(make_record(f"m{draw // 2}", dataset="vault", table=vault, draw=draw, seed=draw % 2), f"{draw:03}")


@pytest.mark.processes
def test_many_records_read_by_several_processes_make_the_same_site_and_bring_no_licensed_clip(
    many, built, licensed, monkeypatch
):
    together = built(registry=licensed)
    monkeypatch.setattr(batches, "MANY", 61)
    assert built(registry=licensed) == together
    assert [name for name, content in together.items() if b"secret" in content] == []


@pytest.mark.processes
def test_one_broken_record_among_many_is_named_and_leaves_no_process(many, built, records):
    broken = records / "051.json"
    content = json.loads(broken.read_text().replace('"accuracy": 0.', '"accuracy": 0.0', 1))
    broken.write_text(json.dumps(sealed(content)))
    with pytest.raises(RecordError, match=re.escape(f"{broken}: scores.")):
        built()
    assert multiprocessing.active_children() == []


@pytest.mark.processes
def test_a_process_that_is_ended_from_outside_is_one_line(many, records, out, monkeypatch):
    owner = os.getpid()

    class Kills(Registry):  # here, so that the processes need not find this file
        def __getattribute__(self, name: str) -> object:
            if os.getpid() != owner and name == "datasets":  # every record is looked up there
                os.kill(os.getpid(), signal.SIGKILL)
            return super().__getattribute__(name)

    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    with pytest.raises(OutputError, match="a process that works on the records was ended from outside, most likely"):
        build([records], None, out, Kills(load()), Silent())
    assert list(out.parent.iterdir()) == []


INTERRUPTED = """
import os, signal, sys
from merbench.cli import main
from merbench.cli.progress import Shown

def interrupt(self, units):
    os.killpg(0, signal.SIGINT)

Shown.advance = interrupt
sys.exit(main(["leaderboard", "build", "--records", sys.argv[1], "--out", sys.argv[2]]))
"""


@pytest.mark.processes
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_while_several_processes_read_is_one_line(many, records, out):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(records), str(out)],
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "merbench: error: interrupted\n")
    assert list(out.parent.iterdir()) == []


def test_a_record_that_its_protocol_cannot_split_is_named(built, save, make_record, vault):
    record = make_record(dataset="vault", table=vault, protocol="loso")
    alone = [one for one in record.predictions if one.subject == "vault/s0"]
    table = clips_of(alone)
    digests = {"clips": clips_digest(table), "labels": labels_digest(table)}
    plan = record.plan.model_copy(update={"clips_total": 3, "digests": record.plan.digests.model_copy(update=digests)})
    forged = record.model_copy(
        update={"id": plan.digest(), "plan": plan, "predictions": alone, "folds": record.folds[:1]}
    )
    path = save(forged, "alone")
    with pytest.raises(RecordError, match=re.escape(f"{path}: predictions: to leave one subject out takes at least")):
        built()


def with_cache(cache: Cache, records: Path, out: Path, registry: Registry) -> dict[str, bytes]:
    build([records], None, out, registry, cache=cache)
    return files(out)


@pytest.fixture
def cache(tmp_path) -> Cache:
    return Cache(tmp_path / "cache", "code")


def save_some(save, make_record) -> None:
    for number in range(3):
        save(make_record(f"m{number}", accuracy=0.5 + 0.1 * number, draw=number), f"{number}")
    save(make_record("m1", accuracy=0.6, draw=7, seed=1), "seed")


def test_a_build_from_the_cache_has_the_same_bytes(built, save, make_record, cache, records, out, registry):
    save_some(save, make_record)
    wanted = built()
    assert with_cache(cache, records, out, registry) == wanted
    assert with_cache(cache, records, out, registry) == wanted


def test_a_build_after_one_new_record_has_the_bytes_of_a_build_without_cache(
    built, save, make_record, cache, records, out, registry
):
    save_some(save, make_record)
    with_cache(cache, records, out, registry)
    save(make_record("new", accuracy=0.9, draw=9), "new")
    from_cache = with_cache(cache, records, out, registry)
    assert from_cache == built()


def test_many_records_are_kept_by_the_processes_that_verify_them(
    built, save, make_record, cache, records, out, registry, monkeypatch
):
    save_some(save, make_record)
    wanted = built()
    monkeypatch.setattr(batches, "MANY", 2)
    assert with_cache(cache, records, out, registry) == wanted
    monkeypatch.setattr("merbench.leaderboard.entries.verify", None)  # would fail, if it were called
    assert with_cache(cache, records, out, registry) == wanted


def test_a_record_that_changes_by_a_byte_is_verified_again(save, make_record, cache, records, out, registry):
    path = save(make_record(), "one")
    with_cache(cache, records, out, registry)
    text = path.read_text()
    path.write_text(text.replace('"predicted": 0', '"predicted": 1', 1))
    assert path.read_text() != text
    with pytest.raises(RecordError, match="changed after it was written"):
        with_cache(cache, records, out, registry)


@pytest.mark.parametrize("damage", [b"", b"short", None, b"x" * 1000])
def test_a_damaged_cache_changes_no_byte(save, make_record, cache, records, out, registry, damage):
    save_some(save, make_record)
    wanted = with_cache(cache, records, out, registry)
    for path in cache.folder.rglob("*"):
        if path.is_file() and path.parent != cache.folder:  # a result
            kept = path.read_bytes()
            path.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]) if damage is None else damage)
    assert with_cache(cache, records, out, registry) == wanted


def test_a_cache_that_cannot_be_written_fails_no_build(save, make_record, tmp_path, records, out, registry):
    save_some(save, make_record)
    (tmp_path / "file").write_text("no folder")
    assert "index.html" in with_cache(Cache(tmp_path / "file" / "cache", "code"), records, out, registry)


def test_an_objection_shows_on_a_page_that_was_kept(save, make_record, cache, records, out, registry, tmp_path):
    record = make_record()
    save(record, "one")
    with_cache(cache, records, out, registry)
    disputes = tmp_path / "disputes.csv"
    disputes.write_text(
        f"record,status,date,link,reason\n{record.id[:12]},contested,2026-11-01,https://example.org,Wrong clips.\n"
    )
    build([records], None, out, registry, disputes=disputes, cache=cache)
    assert "Wrong clips." in (out / "entries" / f"{record.id[:12]}.html").read_text()
