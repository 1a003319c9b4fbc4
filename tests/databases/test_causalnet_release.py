import cv2
import numpy as np
import pytest
from merbench_databases.canonical import composite
from merbench_databases.causalnet_release import IMAGES, KINDS, CausalNetRelease
from merbench_databases.htnet_release import FALLBACK, HTNetRelease

import merbench
from merbench.cli import main
from merbench.data import locations
from merbench.data.check import check
from merbench.data.datasets import open_dataset
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry

CLIP = "casme2/sub01/EP02_01f"
NAMES = [f"sub01_EP02_01f{kind} .png" for kind in KINDS]
# A clip of SAMM whose name ends like that of a second image, and one of SMIC.
OTHERS = {"samm/006/006_1_2": "006_006_1_2", "smic/s01/s01_ne_01": "s01_s01_ne_01"}


def draw(root, name, seed):
    image = np.random.default_rng(seed).integers(0, 256, (28, 28, 3), dtype=np.uint8)
    assert cv2.imwrite(str(root / IMAGES / name), image)


@pytest.fixture
def small(tmp_path):
    """Three clips of noise in the layout of a clone."""
    root = tmp_path / "CausalNet"
    (root / IMAGES).mkdir(parents=True)
    names = [name for stem in ("sub01_EP02_01f", *OTHERS.values()) for name in (f"{stem}{kind} .png" for kind in KINDS)]
    for seed, name in enumerate(names):
        draw(root, name, seed)
    return root


@pytest.fixture
def registry():
    return Registry(load(allow=()))


@pytest.fixture
def real(real_data):
    return real_data / "causalnet-release"


def refusal(root, clip=None, feature="two-phase-flow-28"):
    reader = CausalNetRelease(root)
    with pytest.raises(merbench.ReleaseError) as caught:
        reader.clips() if clip is None else reader.read(feature, clip)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_clips_have_the_classes_and_subjects_of_the_canonical_list_in_its_order(small):
    clips = CausalNetRelease(small).clips()
    listed = composite().set_index("clip").loc[list(clips["clip"])]
    assert set(clips["clip"]) == {CLIP, *OTHERS}
    assert list(clips["clip"]) == [clip for clip in composite()["clip"] if clip in {CLIP, *OTHERS}]
    assert list(clips["subject"]) == list(listed["subject"])
    assert list(clips["emotion"]) == [merbench.THREE_CLASS.classes[label] for label in listed["label"]]


@pytest.mark.parametrize(("clip", "stem"), [(CLIP, "sub01_EP02_01f"), *OTHERS.items()])
def test_images_are_read_in_the_order_of_their_names_with_opencvs_channels(small, clip, stem):
    reader = CausalNetRelease(small)
    stored = [cv2.imread(str(small / IMAGES / f"{stem}{kind} .png")).transpose(2, 0, 1) for kind in KINDS]
    four = reader.read("two-phase-flow-28", clip)
    assert (four.shape, four.dtype) == ((4, 3, 28, 28), np.float32)
    np.testing.assert_array_equal(four, stored)
    flow = reader.read("flow-28", clip)
    assert (flow.shape, flow.dtype) == ((3, 28, 28), np.float32)
    np.testing.assert_array_equal(flow, stored[0])


def test_all_clips_have_the_fixed_landmarks_and_a_note_says_so(small):
    reader = CausalNetRelease(small)
    np.testing.assert_array_equal(reader.read("landmarks-28", CLIP), np.float32(FALLBACK))
    assert list(reader.notes()) == ["landmarks-28"]


def test_the_blank_in_a_name_may_be_missing_and_other_files_do_not_matter(small):
    (small / IMAGES / NAMES[1]).rename(small / IMAGES / NAMES[1].replace(" ", ""))
    (small / IMAGES / "Thumbs.db").write_bytes(b"x")
    assert CausalNetRelease(small).read("two-phase-flow-28", CLIP).shape == (4, 3, 28, 28)


def test_a_clip_without_any_image_is_refused_by_the_dataset(small, registry):
    locations.add("causalnet-release", small)
    for name in NAMES:
        (small / IMAGES / name).unlink()
    with pytest.raises(merbench.ReleaseError, match=f"{CLIP} is missing"):
        open_dataset(registry, "composite-causalnet")
    assert len(check(registry, "composite-causalnet").differences) == 440


@pytest.mark.parametrize("place", range(4))
def test_a_missing_image_is_named(small, place):
    (small / IMAGES / NAMES[place]).unlink()
    assert refusal(small, CLIP) == f"{NAMES[place]} is missing"
    assert CausalNetRelease(small).read("two-phase-flow-28", "samm/006/006_1_2").shape == (4, 3, 28, 28)


def test_an_image_that_is_there_twice_is_refused(small):
    draw(small, "sub01_EP02_01f_1.png", 99)
    said = refusal(small)
    assert "sub01_EP02_01f_1 .png and sub01_EP02_01f_1.png are the same image" in said


@pytest.mark.parametrize("name", ["sub01_EP02_01f_4 .png", "sub99_EP01_01 .png", "\x1b[31m .png"])
def test_an_image_of_no_clip_is_refused(small, name):
    draw(small, name, 99)
    assert "is an image of no clip of the composite" in refusal(small)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (lambda data: b"", "is empty"),
        (lambda data: b"not an image", "is not a PNG image"),
        (lambda data: data[:300], "is damaged or truncated"),
        (lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:], "is damaged or truncated"),
        (
            lambda data: cv2.imencode(".png", np.zeros((56, 28, 3), np.uint8))[1].tobytes(),
            "has 28x56 pixels",
        ),
        (lambda data: cv2.imencode(".png", np.zeros((28, 28), np.uint8))[1].tobytes(), "has pixels of the form L"),
    ],
    ids=["empty", "text", "cut", "flipped", "size", "grey"],
)
@pytest.mark.parametrize("place", [0, 3])
def test_a_broken_image_is_named_with_its_fault(small, registry, place, content, says):
    path = small / IMAGES / NAMES[place]
    path.write_bytes(content(path.read_bytes()))
    assert f"{NAMES[place]} {says}" in refusal(small, CLIP)
    locations.add("causalnet-release", small)
    broken = check(registry, "causalnet-release").broken
    assert list(broken) == [CLIP]
    assert says in broken[CLIP]


def test_nothing_outside_the_release_is_read_through_a_link(small, tmp_path):
    (small / IMAGES / NAMES[2]).rename(tmp_path / "outside.png")
    (small / IMAGES / NAMES[2]).symlink_to(tmp_path / "outside.png")
    assert refusal(small, CLIP) == f"{NAMES[2]} is a link that leads out of the release"


def test_a_folder_that_is_not_the_release_is_refused(tmp_path, release):
    assert f"{tmp_path} is not a clone of CausalNet's repository: {IMAGES} is missing" in refusal(tmp_path)
    assert "has no second image of any clip, so it is not a clone of CausalNet's repository" in refusal(release)


def test_the_one_flow_release_is_recognised_in_the_place_of_the_other(small, capsys):
    assert main(["data", "add", "htnet-release", str(small)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"{small} is a release of causalnet-release; add it with: merbench data add causalnet-release {small}" in err


def test_an_unknown_clip_or_feature_is_refused(small):
    assert refusal(small, "casme2/sub01/EP") == "the composite has no clip casme2/sub01/EP"
    assert refusal(small, CLIP, "frames") == "the release has no feature 'frames'"


def test_the_real_release_has_the_canonical_clips_and_no_fault(registry, real_data, monkeypatch):
    monkeypatch.setenv("MERBENCH_DATA", str(real_data))
    for name in ("composite-causalnet", "causalnet-release"):
        found = check(registry, name)
        assert (found.differences, dict(found.broken)) == ((), {})
        assert all(count.found == count.canonical for count in found.counts)
    clips, others = (open_dataset(registry, name).clips for name in ("composite-causalnet", "composite"))
    assert clips[["clip", "subject", "label"]].equals(others[["clip", "subject", "label"]])


def test_every_image_of_the_real_release_is_read_as_opencv_reads_it(real):
    reader = CausalNetRelease(real)
    for clip in reader.clips()["clip"]:
        stem = "_".join(clip.split("/")[1:])
        stored = [cv2.imread(str(real / IMAGES / f"{stem}{kind} .png")).transpose(2, 0, 1) for kind in KINDS]
        np.testing.assert_array_equal(reader.read("two-phase-flow-28", clip), stored)


def test_no_flow_of_the_real_release_is_one_of_htnets(real, real_data):
    ours, theirs = CausalNetRelease(real), HTNetRelease(real_data / "htnet-release")
    flows = {theirs.read("flow-28", clip).tobytes() for clip in theirs.clips()["clip"]}
    assert len(flows) == 442
    assert not flows & {ours.read("flow-28", clip).tobytes() for clip in ours.clips()["clip"]}


def test_the_real_directions_are_the_hue_of_the_stored_v_and_u_of_the_two_flows(real):
    reader = CausalNetRelease(real)
    four = np.stack([reader.read("two-phase-flow-28", clip) for clip in reader.clips()["clip"]])
    for flow, direction in ((0, 2), (1, 3)):
        stored = four[:, direction].transpose(0, 2, 3, 1).reshape(-1, 1, 3).astype(np.uint8)
        assert not stored[..., 0].any()
        hue = cv2.cvtColor(stored, cv2.COLOR_BGR2HSV)[:, 0, 0].astype(int)  # in steps of two degrees
        degrees = np.degrees(np.arctan2(four[:, flow, 1], four[:, flow, 2])).ravel()
        off = np.abs(hue - np.floor(degrees / 2))
        assert np.mean(off <= 1) > 0.999
