"""What is computed from images: in parallel, kept as each clip is done, and never kept where a clip is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from merbench.data.datasets import OpenDataset, open_dataset
from merbench.errors import BrokenClips, ConfigError, OutputError, PluginError
from merbench.features.clip import ClipValues
from merbench.features.compute import arrays_digest, compute
from merbench.features.resolve import resolve
from merbench.features.store import _read, kept, store_path
from merbench.files import HOST
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.progress import Silent

TOYS = Path(__file__).parent / "toys.py"
Lay = Callable[..., Path]
Told = Callable[[], list[str]]


class Notes(Silent):
    """Progress that can be looked at afterwards."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.units = self.finished = self.done = 0

    def start(self, units: int, finished: int) -> None:
        self.units, self.finished, self.done = units, finished, 0

    def advance(self, units: int) -> None:
        self.done += units

    def note(self, text: str) -> None:
        self.notes.append(text)


def opened() -> tuple[OpenDataset, Registry]:
    registry = Registry(load(files=[TOYS]))
    return open_dataset(registry, "toys"), registry


def found(*references: str, jobs: int = 1, progress: Silent | None = None) -> tuple[np.ndarray, ...]:
    """These features of all toys."""
    dataset, registry = opened()
    resolved = [resolve(one, registry, dataset.provides, "toys", "test") for one in references]
    return compute(dataset, resolved, jobs=jobs, progress=progress)


def found_elsewhere(reference: str, *, jobs: int = 1, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own; it prints the digest."""
    return subprocess.run(command(reference, jobs), env={**os.environ, **environment}, capture_output=True, text=True)


def command(reference: str, jobs: int = 1) -> list[str]:
    code = (
        "import os, sys; sys.path[:0] = sys.argv[1:2]; os.environ['TOYS_RUN'] = str(os.getpid())\n"
        "from test_extract import arrays_digest, found\n"
        "print(arrays_digest(found(sys.argv[2], jobs=int(sys.argv[3]))))"
    )
    return [sys.executable, "-c", code, str(TOYS.parent), reference, str(jobs)]


def files(kind: str) -> list[Path]:
    return sorted(store_path().glob(f"**/*.{kind}"))


def test_values_are_those_of_the_functions_in_the_order_of_the_clips(toys: Lay) -> None:
    toys(4)
    light, total, video = found("toy-light", "toy-sum", "toy-video")
    # s0-0003, s1-0001, s1-0004, s2-0002
    assert light.shape == (4, 3)
    assert light[:, 0] == pytest.approx([30, 10, 40, 20], abs=0.5)
    assert total[:, 1].tolist() == [3, 1, 4, 2]
    assert total[:, 0] == pytest.approx(light.sum(1), rel=1e-6)
    assert (light.dtype, total.dtype, video.dtype) == (np.float32, np.float32, np.uint8)
    assert video.shape == (4, 3, 3, 8, 8)


def test_a_second_time_nothing_is_computed_and_the_arrays_are_mapped(toys: Lay, computed: Told) -> None:
    toys()
    first = found("toy-sum", "toy-video")
    assert len(computed()) == 12
    again = found("toy-sum", "toy-video")
    assert computed() == []
    assert all(isinstance(array, np.memmap) for array in again)
    assert arrays_digest(first) == arrays_digest(again)


def test_processes_give_what_this_process_gives_to_the_bit(toys: Lay, monkeypatch, tmp_path) -> None:
    toys()
    serial = arrays_digest(found("toy-sum", "toy-video", "toy-light@dim"))
    monkeypatch.setenv("MERBENCH_CACHE", str(tmp_path / "other"))
    assert arrays_digest(found("toy-sum", "toy-video", "toy-light@dim", jobs=2)) == serial


def test_what_features_share_is_computed_once_for_a_clip_and_kept_for_others(toys: Lay, computed: Told) -> None:
    toys()
    found("toy-sum")
    assert len(computed()) == 6
    found("toy-light", "toy-where")
    assert computed() == []
    assert found("toy-where")[0].tolist() == [[0.0]] * 6


def test_images_are_never_written_and_never_a_models_input(toys: Lay) -> None:
    toys()
    found("toy-light")
    assert {one.name for one in kept(store_path())} == {"toy-light"}
    for name in ("toy-face", "frames"):
        with pytest.raises(PluginError, match=rf"feature {name} is a clip's images"):
            found(name)


def test_variants_versions_and_annotations_are_kept_apart(toys: Lay, computed: Told, monkeypatch) -> None:
    toys()
    plain, dim = found("toy-light", "toy-light@dim")
    assert np.array_equal(plain, 2 * dim)
    assert len(computed()) == 12
    monkeypatch.setenv("TOYS_VERSION", "2")
    found("toy-light")
    assert len(computed()) == 6
    assert [(one.name, one.variant, one.version, one.clips) for one in kept(store_path())] == [
        ("toy-light", "dim", 1, 6),
        ("toy-light", "plain", 1, 6),
        ("toy-light", "plain", 2, 6),
    ]


EDITED = """
import sys
from merbench.data.datasets import open_dataset
from merbench.features.compute import compute
from merbench.features.resolve import resolve
from merbench.files import HOST
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
registry = Registry(load(files=[sys.argv[1]]))
dataset = open_dataset(registry, "toys")
feature = resolve("toy-sum", registry, dataset.provides, "toys", "test")
print(compute(dataset, [feature], jobs=1)[0].tolist())
"""


@pytest.mark.parametrize(
    ("line", "edit", "factor"),
    [
        ("image.mean() for image", "2 * image.mean() for image", 2),  # of the feature that is kept
        ("return image[::-1]", "return image * 0 + 1", None),  # of one it is computed from
        ("", "", 1),
    ],
)
def test_a_feature_whose_code_was_edited_is_computed_again_without_a_new_version(
    toys: Lay, tmp_path: Path, line: str, edit: str, factor: float | None
) -> None:
    def ran() -> list[list[float]]:
        argv = [sys.executable, "-c", EDITED, str(plugin)]
        return json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)

    toys(2)
    plugin = tmp_path / "toys.py"
    plugin.write_text(TOYS.read_text())
    before = ran()
    plugin.write_text(TOYS.read_text().replace(line, edit))
    lights = [light for light, _ in ran()]
    wanted = [3.0, 3.0] if factor is None else [factor * light for light, _ in before]
    assert lights == pytest.approx(wanted)


def test_the_code_of_the_reader_is_in_the_key_of_what_is_computed_from_its_images(toys: Lay) -> None:
    toys(1)
    dataset, registry = opened()
    frames = dataset.read("frames", "toy/s1/0001")
    feature = resolve("toy-light", registry, dataset.provides, "toys", "test")
    key = ClipValues("toy/s1/0001", {"frames": frames}).key(feature)
    frames.code = "another"
    assert ClipValues("toy/s1/0001", {"frames": frames}).key(feature) != key


def test_a_clip_that_changed_is_computed_again_and_no_other(toys: Lay, computed: Told) -> None:
    release = toys()
    before = found("toy-light")[0].copy()
    computed()
    image = next(release.glob("s1-0004-*")) / "2.png"
    image.write_bytes((next(release.glob("s2-0005-*")) / "2.png").read_bytes())
    after = found("toy-light")[0]
    assert computed() == ["toy-light 40"]
    assert np.argwhere(before != after).tolist() == [[3, 1]]


def test_a_clip_added_to_a_release_leaves_the_others_as_they_are(toys: Lay, computed: Told) -> None:
    toys(5)
    found("toy-light")
    computed()
    toys(5)  # written again: other times, so other files
    found("toy-light")
    assert len(computed()) == 5
    release = toys(0)
    (release / "s0-0009-negative").mkdir()
    for image in (1, 2, 3):
        source = next(release.glob("s1-0004-*")) / f"{image}.png"
        (release / "s0-0009-negative" / f"{image}.png").write_bytes(source.read_bytes())
    assert found("toy-light")[0].shape == (6, 3)
    assert computed() == ["toy-light 40"]


def test_every_broken_clip_is_told_and_none_is_kept(toys: Lay, computed: Told) -> None:
    release = toys()
    (next(release.glob("s1-0001-*")) / "2.png").write_bytes(b"")
    whole = (next(release.glob("s2-0002-*")) / "3.png").read_bytes()
    (next(release.glob("s2-0002-*")) / "3.png").write_bytes(whole[:-20])
    blank = next(release.glob("s0-0003-*")) / "1.png"
    import cv2

    cv2.imwrite(str(blank), np.full((16, 16, 3), 255, np.uint8))
    reasons = {"toy/s1/0001": "2.png has 0 bytes", "toy/s2/0002": "3.png is truncated", "toy/s0/0003": "no face found"}
    for jobs in (1, 2):
        with pytest.raises(BrokenClips) as caught:
            found("toy-light", jobs=jobs)
        assert caught.value.reasons == reasons
        assert list(caught.value.reasons) == ["toy/s0/0003", "toy/s1/0001", "toy/s2/0002"]
    assert len(files("clip")) == 3
    assert files("dataset") == []
    computed()
    (next(release.glob("s1-0001-*")) / "2.png").write_bytes(whole)
    with pytest.raises(BrokenClips):
        found("toy-light")
    assert computed() == ["toy-light 10", "toy-light 20"]  # the third has no face to compute from


@pytest.mark.parametrize("jobs", [1, 2])
def test_after_a_kill_only_what_was_in_flight_is_computed_again(toys: Lay, computed: Told, jobs: int) -> None:
    toys(12)
    killed = found_elsewhere("toy-light", jobs=jobs, TOYS_KILL="8")
    assert killed.returncode == -9
    assert len(computed()) >= 8
    there = len(files("clip"))
    assert there >= 8 - jobs
    progress = Notes()
    whole = found("toy-light", progress=progress)
    assert len(computed()) == 12 - progress.finished <= 12 - there
    assert (progress.units, progress.finished + progress.done) == (12, 12)
    assert whole[0].shape == (12, 3)
    assert list(store_path().rglob("*.partial")) == []


def test_a_process_that_is_ended_from_outside_is_one_line_and_costs_no_more_than_its_clips(
    toys: Lay, computed: Told, monkeypatch
) -> None:
    toys(12)
    monkeypatch.setenv("TOYS_KILL", "5")
    with pytest.raises(OutputError, match=r"ended from outside.*fewer --jobs"):
        found("toy-light", jobs=2)
    assert len(files("clip")) >= 3
    computed()
    monkeypatch.delenv("TOYS_KILL")
    assert found("toy-light", jobs=2)[0].shape == (12, 3)
    assert len(computed()) <= 9


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_keeps_what_is_finished(toys: Lay, computed: Told, monkeypatch) -> None:
    toys()
    monkeypatch.setenv("TOYS_STOP", "4")
    with pytest.raises(KeyboardInterrupt):
        found("toy-light")
    assert len(computed()) == 4
    monkeypatch.delenv("TOYS_STOP")
    found("toy-light")
    assert len(computed()) == 3


def test_two_processes_at_once_give_the_same_and_leave_each_result_once(toys: Lay) -> None:
    toys(12)
    both = [subprocess.Popen(command("toy-sum", 2), stdout=subprocess.PIPE, text=True) for _ in range(2)]
    digests = {process.communicate()[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert digests == {arrays_digest(found("toy-sum")) + "\n"}
    assert [one.clips for one in kept(store_path()) if one.name == "toy-sum"] == [12]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "flipped in the first line": lambda content: flipped(content, 3),
    "flipped in the padding": lambda content: flipped(content, content.index(b"\n") - 1),
    "flipped in the values": lambda content: flipped(content, -20),
    "flipped in the checksum": lambda content: flipped(content, -1),
    "empty": lambda content: b"",
    "cut in the first line": lambda content: content[:50],
    "cut in the values": lambda content: content[:-9],
    "longer": lambda content: content + b"0",
    "zeros": lambda content: bytes(len(content)),
}


def flipped(content: bytes, at: int, bit: int = 1) -> bytes:
    """The content with one bit changed."""
    changed = bytearray(content)
    changed[at] ^= bit
    return bytes(changed)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_result_of_a_clip_is_computed_again_and_said_so(toys: Lay, computed: Told, damage) -> None:
    toys()
    before = arrays_digest(found("toy-sum"))
    computed()
    lights = [path for path in files("clip") if "toy-light" in str(path)]
    lights[2].write_bytes(damage(lights[2].read_bytes()))
    for path in (*files("clip"), *files("dataset")):
        if "toy-sum" in str(path):
            path.unlink()
    progress = Notes()
    assert arrays_digest(found("toy-sum", progress=progress)) == before
    assert len(computed()) == 1
    (note,) = progress.notes
    assert "kept of toy-light of toy/s" in note
    assert "damaged" in note


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_of_a_dataset_is_written_again_and_said_so(toys: Lay, computed: Told, damage) -> None:
    toys()
    before = arrays_digest(found("toy-video"))
    computed()
    (whole,) = files("dataset")
    whole.write_bytes(damage(whole.read_bytes()))
    progress = Notes()
    assert arrays_digest(found("toy-video", progress=progress)) == before
    (note,) = progress.notes
    assert "toy-video was damaged" in note
    assert arrays_digest(found("toy-video", progress=progress)) == before
    assert computed() == []
    assert len(progress.notes) == 1


def test_no_bit_of_a_file_can_be_flipped_without_notice(toys: Lay) -> None:
    toys()
    found("toy-video")
    (whole,) = files("dataset")
    content = whole.read_bytes()
    first = 8 * content.index(b"\n")
    for place in [*range(0, first, 7), *range(first, 8 * len(content), 611)]:
        whole.write_bytes(flipped(content, place // 8, 1 << place % 8))
        with pytest.raises((ValueError, KeyError, TypeError)):
            _read(whole)
    whole.write_bytes(content)
    assert _read(whole).shape == (6, 3, 3, 8, 8)


def test_every_damaged_result_is_computed_again_however_many_there_are(toys: Lay, computed: Told) -> None:
    toys(12)
    before = arrays_digest(found("toy-light"))
    computed()
    for path in (*files("clip"), *files("dataset")):
        path.write_bytes(path.read_bytes()[:-1])
    progress = Notes()
    assert arrays_digest(found("toy-light", progress=progress)) == before
    assert len(computed()) == 12
    (note,) = progress.notes
    assert "and 11 more was damaged" in note


def test_a_part_of_a_dataset_is_taken_from_the_file_of_the_whole(toys: Lay, computed: Told) -> None:
    toys()
    (whole,) = found("toy-video")
    computed()
    dataset, registry = opened()
    feature = resolve("toy-video", registry, dataset.provides, "toys", "test")
    clips = list(dataset.clips["clip"])
    (part,) = compute(dataset.without([*clips[:2], clips[-1]]), [feature], jobs=1)
    assert np.array_equal(part, whole[2:-1])
    (scattered,) = compute(dataset.without([clips[1], clips[3]]), [feature], jobs=1)
    assert np.array_equal(scattered, whole[[0, 2, 4, 5]])
    assert computed() == []


def test_a_full_disk_is_one_line_and_keeps_what_is_finished(toys: Lay, computed: Told) -> None:
    toys(12)
    argv = command("toy-video")  # a clip's file has 772 bytes, that of all more than 6000
    argv[2] = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900))\n" + argv[2]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert "OutputError: the feature store" in done.stderr
    assert "what is finished is kept" in done.stderr
    assert len(computed()) == 12
    found("toy-video")
    assert computed() == []


def test_a_disk_without_room_for_an_entry_is_one_line_too(toys: Lay, monkeypatch) -> None:
    toys()
    argv = command("toy-light", 2)
    argv[2] = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n" + argv[2]
    monkeypatch.delenv("TOYS_LOG")
    done = subprocess.run(argv, capture_output=True, text=True)
    assert "OutputError: the feature store" in done.stderr


def test_without_a_place_to_write_features_are_computed_in_memory(toys: Lay, computed: Told, monkeypatch) -> None:
    toys()
    kept_on_disk = arrays_digest(found("toy-sum", "toy-video"))
    computed()
    monkeypatch.setenv("MERBENCH_CACHE", "/proc/merbench")
    progress = Notes()
    assert arrays_digest(found("toy-sum", "toy-video", jobs=2, progress=progress)) == kept_on_disk
    assert len(computed()) == 12
    assert progress.notes == [
        "nothing can be kept in /proc/merbench/features, so features are computed again in every run"
    ]


def test_a_cache_that_is_no_folder_is_told(toys: Lay, tmp_path, monkeypatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MERBENCH_CACHE", str(tmp_path / "file"))
    with pytest.raises(ConfigError, match=r"MERBENCH_CACHE names .* not a folder"):
        store_path()


def test_an_error_of_a_function_stops_the_run_from_any_process(toys: Lay, monkeypatch) -> None:
    toys()
    monkeypatch.setenv("TOYS_SIDE", "none")
    for jobs in (1, 2):
        with pytest.raises(PluginError, match=r"video on toy/s\d/\d+ failed at .*toys.py:\d+ in video: ValueError"):
            found("toy-video", jobs=jobs)


def test_files_that_change_while_they_are_read_are_read_again_or_told(toys: Lay, monkeypatch) -> None:
    toys(2)
    monkeypatch.setenv("TOYS_TOUCH", "once")
    assert found("toy-light")[0].shape == (2, 3)
    monkeypatch.setenv("TOYS_TOUCH", "always")
    toys(2)
    with pytest.raises(BrokenClips) as caught:
        found("toy-light")
    assert set(caught.value.reasons.values()) == {"its files change while they are read"}


def test_what_is_read_straight_from_the_source_is_not_kept(toys: Lay) -> None:
    toys()
    (points,) = found("points")
    assert points.ravel().tolist() == [3, 6, 1, 4, 2, 5]
    assert not store_path().exists()
    assert not isinstance(points, np.memmap)


def test_nothing_but_folders_of_features_is_counted_as_kept(toys: Lay) -> None:
    toys()
    found("toy-light")
    (store_path() / "notes.txt").touch()
    (store_path() / "a@b-vx").mkdir()
    (one,) = kept(store_path())
    assert one.bytes == sum(path.stat().st_size for path in one.folder.rglob("*") if path.is_file()) > 0


def test_a_disk_that_gives_back_something_else_is_told(toys: Lay, monkeypatch) -> None:
    toys()
    monkeypatch.setattr("merbench.features.store._read", lambda path: np.dtype("damaged"))
    with pytest.raises(OutputError, match="does not give back what is written"):
        found("toy-video")


def test_a_clips_file_under_another_clips_key_is_computed_again(toys: Lay, computed: Told) -> None:
    toys()
    wanted = arrays_digest(found("toy-sum"))
    one, other, *_ = (path for path in files("clip") if "toy-light" in str(path))
    other.write_bytes(one.read_bytes())
    for path in (*files("clip"), *files("dataset")):
        if "toy-sum" in str(path):
            path.unlink()
    computed()
    progress = Notes()
    assert arrays_digest(found("toy-sum", progress=progress)) == wanted
    assert len(computed()) == 1
    assert any("kept of toy-light of toy/s" in note for note in progress.notes)


def test_what_a_killed_process_left_is_cleared_by_the_next_run_although_nothing_is_missing(toys: Lay) -> None:
    toys()
    found("toy-sum")
    left = store_path() / "toy-light@plain-v1" / f".999999999-{HOST}{'0' * 16}.partial"
    probe = store_path() / f".999999999-{HOST}{'0' * 16}.partial"
    for one in (left, probe):
        one.touch()
    found("toy-sum")
    assert not left.exists()
    assert not probe.exists()
