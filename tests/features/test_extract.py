"""What is computed from images: in parallel, kept as each clip is done, and never kept where a clip is broken."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from merbench.errors import BrokenClips, PluginError
from merbench.features.clip import ClipValues
from merbench.features.compute import arrays_digest, compute
from merbench.features.resolve import resolve
from merbench.features.store import kept, store_path
from tests.features.extraction import TOYS, Lay, Told, files, found, opened


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
