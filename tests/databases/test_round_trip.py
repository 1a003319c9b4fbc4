"""Every source reads what the release writer lays out: the same clips, the same frames, whatever is odd about it."""

import numpy as np
import pytest
from merbench_databases.errata import Span, impossible
from pandas.testing import assert_frame_equal

import merbench
from merbench.data.datasets import reader_class, release_reader
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from tests.made import LAYOUTS, plain_grey, write_release

SIZE = (8, 10)
ALONE = {"wrong-rows", "padded", "unpadded"}  # not together with others: two contradict, one breaks clips
# Blanks after the names of clips' folders would part a video of CAS(ME)3 that two clips share.
QUIRKS = {source: plan.quirks - ({"odd-names"} if source == "casme3a" else set()) for source, plan in LAYOUTS.items()}
CASES = [(source, layout, ()) for source, plan in LAYOUTS.items() for layout in plan.layouts]
CASES += [(source, "", (quirk,)) for source in LAYOUTS for quirk in sorted(QUIRKS[source])]
CASES += [
    (source, layout, (*sorted(QUIRKS[source] - ALONE), pads))
    for source, plan in LAYOUTS.items()
    for layout in plan.layouts
    for pads in ("padded", "unpadded")
]


@pytest.fixture(scope="module")
def registry():
    return Registry(load(allow=()))


def name_of(case):
    source, layout, quirks = case
    return f"{source} {layout} {'+'.join(quirks) if len(quirks) < 3 else f'all {quirks[-1]}'}"


def span_of(row):
    return Span(*(None if np.isnan(float(number)) else int(number) for number in row))


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_release_comes_back_as_it_was_laid_out(registry, tmp_path, case):
    source, layout, quirks = case
    told = write_release(source, tmp_path, layout=layout, quirks=quirks, size=SIZE, draw="plain")
    reader = release_reader(registry.sources.get(source), tmp_path)
    assert reader_class(registry.sources.get(source)).recognises(tmp_path)
    clips = reader.clips()
    columns = [name for name in told if name != "label"]
    assert_frame_equal(by_id(clips)[columns], by_id(told)[columns])
    for clip, *numbers in (
        told[["clip", "onset", "apex", "offset"]].astype(object).fillna(np.nan).itertuples(index=False)
    ):
        fault = impossible(span_of(numbers))
        if fault:
            with pytest.raises(merbench.ReleaseError, match=fault):
                reader.read("frames", clip)
        else:
            check(reader.read("frames", clip), span_of(numbers), LAYOUTS[source], layout, quirks)


def by_id(table):
    return table.sort_values("clip", ignore_index=True)


def check(frames, span, plan, layout, quirks):
    assert (frames.onset, frames.apex, frames.offset, frames.fps) == (*span, plan.fps)
    assert frames.cropped is ("crop" in (layout or plan.layouts[0]))
    assert span.onset <= frames.numbers[0] < frames.numbers[-1] <= span.offset
    if "gaps" not in quirks:
        assert frames.numbers == tuple(range(span.onset, span.offset + 1))
    for place in (0, -1):
        image = frames[place]
        assert image.shape == (*SIZE, 3)
        assert abs(int(image[0, 0, 0]) - plain_grey(frames.numbers[place])) <= 3  # what JPEG loses


@pytest.mark.parametrize("source", LAYOUTS)
def test_no_source_takes_another_ones_release(registry, tmp_path, source):
    write_release(source, tmp_path / "release", size=SIZE, draw="plain", frames="onset-apex-offset")
    for other in LAYOUTS:
        spec = registry.sources.get(other)
        assert reader_class(spec).recognises(tmp_path / "release") is (other == source)
        if other != source:
            with pytest.raises(merbench.ReleaseError):
                release_reader(spec, tmp_path / "release").clips()


@pytest.mark.parametrize("source", [source for source in LAYOUTS if not source.startswith("smic")])
def test_a_clip_without_its_folder_is_broken_and_a_release_without_frames_refused(registry, tmp_path, source):
    spec, root = registry.sources.get(source), tmp_path / "release"
    first, *_, last = write_release(source, root, size=SIZE, draw="plain", subjects=1)["clip"]
    next(iter(release_reader(spec, root).read("frames", last).files.values())).parent.rename(tmp_path / "gone")
    reader = release_reader(spec, root)
    assert {first, last} <= set(reader.clips()["clip"])
    assert len(reader.read("frames", first)) > 2
    with pytest.raises(merbench.ReleaseError, match=r"its folder (is missing|has no image)"):
        reader.read("frames", last)
    for folder in [path for path in root.iterdir() if path.is_dir()]:
        folder.rename(tmp_path / "frames")
    with pytest.raises(merbench.ReleaseError, match="is not a release of"):
        release_reader(spec, root).clips()
