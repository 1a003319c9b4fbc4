"""`merbench features`, and what a run does with clips that are broken."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from merbench.cli import main
from merbench.cli.features import size
from merbench.data.frames import Frames
from merbench.features.store import store_path

TOYS = ("--plugin", str(Path(__file__).parents[1] / "features" / "toys.py"))
Lay = Callable[..., Path]


def done(capsys, *argv: str, code: int = 0) -> tuple[str, str]:
    """What a command prints on stdout and on stderr."""
    capsys.readouterr()
    assert main([*argv]) == code
    out, err = capsys.readouterr()
    return out, err


def extract(capsys, *references: str, code: int = 0) -> tuple[str, str]:
    words = [word for one in references for word in ("--feature", one)]
    return done(capsys, "features", "extract", *TOYS, "--dataset", "toys", "--jobs", "1", *words, code=code)


@pytest.fixture
def broken(toys: Lay) -> Path:
    """A release of 12 clips, of which one image is cut short, one is missing and one shows nothing."""
    release = toys(12)
    image = next(release.glob("s1-0004-*")) / "2.png"
    image.write_bytes(image.read_bytes()[:-9])
    next(release.glob("s2-0005-*")).joinpath("1.png").write_bytes(b"")
    return release


def test_features_are_computed_listed_and_cleared(toys: Lay, capsys) -> None:
    toys()
    out, err = extract(capsys, "toy-video", "toy-light@dim")
    assert out.splitlines() == [
        "toy-video v1 (toy-face v1 (frames)): 6 clips of 3 x 3 x 8 x 8 uint8, 3.5 kB",
        "toy-light@dim v1 (toy-face v1 (frames)): 6 clips of 3 float32, 72 B",
    ]
    assert err == ""
    listed = done(capsys, "features", "list")[0].splitlines()
    assert [line.split()[:4] for line in listed[:3]] == [
        ["feature", "variant", "version", "clips"],
        ["toy-light", "dim", "1", "6"],
        ["toy-video", "1", "6", listed[2].split()[3]],
    ]
    assert listed[3].endswith(f" in {store_path()}")
    as_json = json.loads(done(capsys, "features", "list", "--json")[0])
    assert [(one["name"], one["variant"], one["version"], one["clips"]) for one in as_json] == [
        ("toy-light", "dim", 1, 6),
        ("toy-video", "", 1, 6),
    ]
    assert sum(one["bytes"] for one in as_json) == sum(
        path.stat().st_size for path in store_path().rglob("*") if path.is_file()
    )
    assert done(capsys, "features", "clear", "--feature", "toy-light@dim", "--yes")[0].startswith("removed toy-light@")
    assert "toy-light" not in done(capsys, "features", "list")[0]
    assert done(capsys, "features", "clear", "--yes")[0].startswith("removed toy-video: ")
    assert done(capsys, "features", "list")[0] == f"no features are stored in {store_path()}\n"
    assert done(capsys, "features", "clear", "--yes")[0] == "nothing to remove\n"
    assert done(capsys, "features", "path")[0] == f"{store_path()}\n"


def test_a_profile_counts_each_image_where_it_is_made_and_stores_nothing(toys: Lay, capsys, monkeypatch) -> None:
    toys(14)
    clock = [0.0]  # advances only when an image is read, by a second
    monkeypatch.setattr("merbench.features.profile.time.thread_time", lambda: clock[0])
    read = Frames.read

    def slow(self: Frames, place: int) -> object:
        clock[0] += 1
        return read(self, place)

    monkeypatch.setattr(Frames, "read", slow)
    features = ("--feature", "toy-sum", "--feature", "toy-video")
    out, err = done(capsys, "features", "extract", *TOYS, "--dataset", "toys", *features, "--profile")
    *table, last = out.splitlines()
    assert [line.split() for line in table[1:]] == [
        ["toy-face", "0.0", "0%"],
        ["frames", "9000.0", "100%"],  # one to look for a face; two features read three images, and one of them twice
        ["toy-light@plain", "0.0", "0%"],
        ["toy-sum", "0.0", "0%"],
        ["toy-video", "0.0", "0%"],
    ]
    assert last == "0.1 clips a second and core: processor time of 12 clips, nothing stored"
    assert err == ""
    assert done(capsys, "features", "list")[0] == f"no features are stored in {store_path()}\n"


def test_a_profile_counts_what_changes_an_image_for_the_feature_that_changes_it(toys: Lay, capsys, monkeypatch) -> None:
    toys(2)
    clock = [0.0]  # advances only when an image is turned over, by a second
    monkeypatch.setattr("merbench.features.profile.time.thread_time", lambda: clock[0])
    mapped = Frames.mapped

    def slowly(self: Frames, change: Callable[..., object]) -> Frames:
        def slow(image: object) -> object:
            clock[0] += 1
            return change(image)

        return mapped(self, slow)  # type: ignore[arg-type]

    monkeypatch.setattr(Frames, "mapped", slowly)
    out, _ = done(capsys, "features", "extract", *TOYS, "--dataset", "toys", "--feature", "toy-light", "--profile")
    costs = {line.split()[0]: line.split()[1] for line in out.splitlines()[1:-1]}
    assert costs == {"toy-face": "4000.0", "frames": "0.0", "toy-light@plain": "0.0"}


def test_a_profile_of_what_the_release_holds_says_that_nothing_is_computed(toys: Lay, capsys) -> None:
    toys(2)
    out, _ = done(capsys, "features", "extract", *TOYS, "--dataset", "toys", "--feature", "points", "--profile")
    assert out == "nothing is computed: the sources provide these features\n"


def test_a_profile_stops_at_a_broken_clip(toys: Lay, capsys) -> None:
    next(toys(2).glob("s1-*")).joinpath("1.png").write_bytes(b"")
    argv = ("features", "extract", *TOYS, "--dataset", "toys", "--feature", "toy-light", "--profile")
    _, err = done(capsys, *argv, code=2)
    assert err.splitlines()[-1] == "merbench: error: 1 broken clip(s), see above; fix the release and run again"


def test_nothing_is_cleared_unasked(toys: Lay, capsys, monkeypatch) -> None:
    toys()
    extract(capsys, "toy-light")
    command = [sys.executable, "-m", "merbench", "features", "clear"]
    piped = subprocess.run(command, input="y\n", capture_output=True, text=True)
    assert piped.returncode == 2
    assert piped.stderr.startswith("merbench: error: this would remove toy-light@plain: ")
    assert "--yes" in piped.stderr
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    for answer, kept in (("\n", True), ("n\n", True), ("yes\n", False)):
        monkeypatch.setattr(sys.stdin, "readline", lambda answer=answer: answer, raising=False)
        out, err = done(capsys, "features", "clear")
        assert err.startswith("remove toy-light@plain: ")
        assert out.startswith("nothing was removed" if kept else "removed")
        assert (store_path() / "toy-light@plain-v1").exists() == kept


def test_a_feature_of_images_or_of_no_name_is_refused_in_one_line(toys: Lay, capsys) -> None:
    toys()
    for name, says in (("toy-face", "is a clip's images"), ("toy-fase", "nearest: toy-face")):
        out, err = extract(capsys, name, code=2)
        assert (out, err.count("\n")) == ("", 1)
        assert says in err


def test_broken_clips_are_a_table_of_clip_file_and_reason(broken: Path, capsys) -> None:
    out, err = extract(capsys, "toy-light", code=2)
    assert out == ""
    assert [line.split(maxsplit=2) for line in err.splitlines()[:3]] == [
        ["clip", "file", "reason"],
        ["toy/s1/0004", "2.png", "is truncated"],
        ["toy/s2/0005", "1.png", "has 0 bytes"],
    ]
    assert err.splitlines()[3:] == ["merbench: error: 2 broken clip(s), see above; fix the release and run again"]


def test_a_run_stops_at_broken_clips_unless_they_are_to_be_left_out(broken: Path, capsys, tmp_path) -> None:
    argv = ("run", *TOYS, "--model", "toy-tree", "--dataset", "toys", "--jobs", "1", "--out", str(tmp_path / "out"))
    out, err = done(capsys, *argv, code=2)
    assert "toy/s1/0004  2.png  is truncated" in err
    assert err.splitlines()[-1].endswith("or leave them out with --skip-broken")
    assert not (tmp_path / "out").exists()
    out, err = done(capsys, *argv, "--skip-broken")
    warnings = ["2 of 12 clips are broken and were left out", "broken: toy/s1/0004, toy/s2/0005"]
    assert {f"merbench: note: {warning}" for warning in warnings} <= set(err.splitlines())
    (path,) = (tmp_path / "out").glob("*/record.json")
    record = json.loads(path.read_text())
    assert record["plan"]["clips_total"] == 12
    assert len(record["predictions"]) == 10
    assert not {"toy/s1/0004", "toy/s2/0005"} & {one["clip"] for one in record["predictions"]}
    assert set(warnings) <= set(record["warnings"])
    out, _ = done(capsys, "results", "verify", str(path), *TOYS)
    assert "2 clips are never tested" in out


def test_a_record_of_clips_that_may_not_be_named_says_how_many_are_missing(broken: Path, capsys, tmp_path) -> None:
    argv = ("run", *TOYS, "--model", "toy-tree", "--dataset", "private-toys", "--out", str(tmp_path / "out"))
    done(capsys, *argv, "--jobs", "1", "--skip-broken")
    (path,) = (tmp_path / "out").glob("*/record.json")
    record = json.loads(path.read_text())
    assert "2 of 12 clips are broken and were left out" in record["warnings"]
    assert not [warning for warning in record["warnings"] if "toy/s1/0004" in warning]


def test_a_fixed_release_is_another_run(broken: Path, capsys, tmp_path) -> None:
    argv = ("run", *TOYS, "--model", "toy-tree", "--dataset", "toys", "--jobs", "1", "--out", str(tmp_path / "out"))
    done(capsys, *argv, "--skip-broken")
    whole = (next(broken.glob("s1-0001-*")) / "2.png").read_bytes()
    (next(broken.glob("s1-0004-*")) / "2.png").write_bytes(whole)
    (next(broken.glob("s2-0005-*")) / "1.png").write_bytes(whole)
    done(capsys, *argv)
    records = [json.loads(path.read_text()) for path in (tmp_path / "out").glob("*/record.json")]
    assert sorted(len(record["predictions"]) for record in records) == [10, 12]


def test_a_release_of_broken_clips_alone_leaves_nothing_to_run_on(toys: Lay, capsys, tmp_path) -> None:
    for image in toys(3).glob("*/1.png"):
        image.write_bytes(b"")
    argv = ("run", *TOYS, "--model", "toy-tree", "--dataset", "toys", "--out", str(tmp_path / "out"))
    _, err = done(capsys, *argv, "--skip-broken", code=2)
    assert "3 broken clip(s)" in err


def test_sizes_are_for_people() -> None:
    assert [size(n) for n in (0, 999, 1000, 12345678, 5 * 10**9, 7 * 10**12)] == [
        "0 B", "999 B", "1.0 kB", "12.3 MB", "5.0 GB", "7.0 TB",
    ]  # fmt: skip
