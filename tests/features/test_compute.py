"""Computing features clip by clip."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import merbench
from merbench.data.datasets import OpenDataset
from merbench.data.homes import Home
from merbench.errors import BrokenClips, OutputError, PluginError, ReleaseError
from merbench.features.compute import arrays_digest, compute
from merbench.features.resolve import Resolved
from merbench.plugin.specs import Dataset, Feature, Source

CLIPS = [f"smic/s0{number}/c" for number in (1, 2, 3)]
SOURCE = Source(name="toy", reader="m:Reader", provides=("frames", "points"), databases=("smic",))
FRAMES, POINTS = Resolved("frames"), Resolved("points")


class Reader(merbench.SourceReader):
    """Clip number n: frames are a 2x2 of n, points are (n, -n) in float64; counts what is read."""

    def __init__(self, root: Path | None = None, broken: dict[str, str] | None = None) -> None:
        super().__init__(root)
        self.broken, self.reads = broken or {}, Counter[tuple[str, str]]()
        self.arrays = {clip: np.full((2, 2), number, np.float32) for number, clip in enumerate(CLIPS, 1)}

    def clips(self) -> pd.DataFrame:
        subjects = [clip.rsplit("/", 1)[0] for clip in CLIPS]
        emotions = ["negative", "positive", "surprise"]
        return merbench.clip_table({"clip": CLIPS, "database": "smic", "subject": subjects, "emotion": emotions})

    def read(self, feature: str, clip: str) -> np.ndarray:
        self.reads[feature, clip] += 1
        if clip in self.broken:
            raise ReleaseError(self.broken[clip])
        number = float(self.arrays[clip][0, 0])
        return self.arrays[clip] if feature == "frames" else np.array([number, -number])


def opened(reader: Reader) -> OpenDataset:
    spec = Dataset(name="toys", sources=("toy",), databases=("smic",), scheme=merbench.THREE_CLASS)
    return OpenDataset(spec, Home({"toy": SOURCE}), {"toy": reader})


def double(frames: np.ndarray, *, variant: str = "") -> np.ndarray:
    return frames * (10 if variant == "tenfold" else 2)


def joined(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.concatenate([first.ravel(), second.ravel()])


def growing(frames: np.ndarray) -> np.ndarray:
    return np.zeros(int(frames[0, 0]))


def hollow(frames: np.ndarray) -> np.ndarray:
    return np.where(frames == 2, np.nan, frames)


def choking(frames: np.ndarray) -> np.ndarray:
    if frames[0, 0] == 2:
        raise IndexError("no\nface")
    return frames


def faceless(frames: np.ndarray) -> np.ndarray:
    if frames[0, 0] >= 2:
        raise ReleaseError("no face found")
    return frames


def scribbling(frames: np.ndarray) -> np.ndarray:
    frames *= 0
    return frames


def hungry(frames: np.ndarray) -> np.ndarray:
    return frames[:, :0]


def greedy(frames: np.ndarray) -> np.ndarray:
    return np.empty(2**50)


def forgetful(frames: np.ndarray) -> None:
    frames.sum()


def feature(function: str, *inputs: Resolved, variant: str = "") -> Resolved:
    names = tuple(one.name for one in inputs)
    spec = Feature(name=function, function=f"{__name__}:{function}", inputs=names)
    return Resolved(function, variant, spec, inputs, "toys")


def test_rows_are_the_clips_in_order_and_float32() -> None:
    frames, points = compute(opened(Reader()), [FRAMES, POINTS])
    assert frames[:, 0, 0].tolist() == [1, 2, 3]
    assert points.tolist() == [[1, -1], [2, -2], [3, -3]]
    assert (frames.dtype, points.dtype) == (np.float32, np.float32)


def test_functions_get_their_inputs_in_order_and_their_variant() -> None:
    tenfold = feature("double", FRAMES, variant="tenfold")
    (found,) = compute(opened(Reader()), [feature("joined", POINTS, tenfold)])
    assert found[1].tolist() == [2, -2, 20, 20, 20, 20]


def test_what_several_features_share_is_read_once_for_each_clip() -> None:
    reader = Reader()
    twice = feature("double", FRAMES)
    compute(opened(reader), [twice, feature("joined", FRAMES, twice), FRAMES])
    assert reader.reads == {("frames", clip): 1 for clip in CLIPS}


def test_no_feature_is_no_array_and_nothing_is_read() -> None:
    reader = Reader()
    assert compute(opened(reader), []) == ()
    assert not reader.reads


def test_every_broken_clip_is_told_with_its_reason() -> None:
    broken = {CLIPS[0]: "frame 3 is truncated", CLIPS[2]: "no frames"}
    with pytest.raises(BrokenClips) as caught:
        compute(opened(Reader(broken=broken)), [feature("double", FRAMES)])
    assert caught.value.reasons == broken
    assert f"2 broken clip(s): {CLIPS[0]}: frame 3 is truncated; {CLIPS[2]}: no frames" in str(caught.value)


def test_a_feature_can_find_a_clip_broken_too() -> None:
    with pytest.raises(BrokenClips) as caught:
        compute(opened(Reader()), [feature("faceless", FRAMES)])
    assert caught.value.reasons == {CLIPS[1]: "no face found", CLIPS[2]: "no face found"}


@pytest.mark.parametrize(
    ("function", "says"),
    [
        ("growing", r"feature growing gives arrays of different shapes: \[\(1,\), \(2,\), \(3,\)\]"),
        (
            "choking",
            rf"^feature choking \(plugin toys\): choking on {CLIPS[1]} failed at .*py:\d+ in choking: IndexErr",
        ),
        ("scribbling", rf"scribbling on {CLIPS[0]} failed at .*: .*read-only"),
        ("hungry", rf"hungry on {CLIPS[0]} at .* gives an empty array of shape \[2, 0\]; it must give an array"),
        ("forgetful", rf"forgetful on {CLIPS[0]} at .*test_compute.py:\d+ gives None; it must give an array"),
        ("missing", "there is no 'missing' in module"),
    ],
)
def test_a_function_at_fault_is_named_in_one_line(function, says) -> None:
    with pytest.raises(PluginError, match=says) as caught:
        compute(opened(Reader()), [feature(function, FRAMES)])
    assert "\n" not in str(caught.value)


def test_a_clip_whose_feature_is_not_finite_is_broken() -> None:
    with pytest.raises(BrokenClips) as caught:
        compute(opened(Reader()), [feature("hollow", FRAMES)])
    assert caught.value.reasons == {CLIPS[1]: "hollow has values that are not numbers"}


def test_what_a_reader_keeps_stays_its_own_to_write() -> None:
    reader = Reader()
    (frames,) = compute(opened(reader), [FRAMES])
    frames += 1
    reader.arrays[CLIPS[0]][0, 0] += 0
    assert reader.arrays[CLIPS[0]].tolist() == [[1, 1], [1, 1]]


def test_a_digest_tells_values_shapes_and_order_apart() -> None:
    a, b = np.arange(6, dtype=np.float32), np.ones(3, np.float32)
    digests = {
        arrays_digest(arrays) for arrays in [(a, b), (b, a), (a,), (a.reshape(2, 3), b), (a.astype(np.float64), b), ()]
    }
    assert len(digests) == 6
    assert arrays_digest((a, b)) == arrays_digest((a.copy(), b.copy()))
    assert arrays_digest((np.arange(12, dtype=np.float32)[::2],)) == arrays_digest((2 * a,))


def test_memory_that_runs_out_in_a_function_is_told_as_such() -> None:
    with pytest.raises(OutputError, match=r"greedy on smic/s01/c: no memory is left; run again with fewer --jobs$"):
        compute(opened(Reader()), [feature("greedy", FRAMES)])
