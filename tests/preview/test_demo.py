"""From rendered video to a page, through the built-in features."""

import numpy as np
import pytest

from merbench.cli import main

FIXED = ["landmarks-68", "face-landmarks-68", "landmarks-28"]


@pytest.fixture(scope="module")
def clip():
    from merbench.data.datasets import open_dataset
    from merbench.plugin.loading import load
    from merbench.plugin.registry import Registry

    table = open_dataset(Registry(load(allow=())), "demo").clips
    return str(table[table["label"] == 2]["clip"].iloc[0])


def test_a_rendered_clip_is_seen_from_its_frames_to_what_the_models_see(clip, tmp_path, capsys, images_of):
    command = ["data", "preview", "demo", "--clips", clip, "--out", str(tmp_path), "--jobs", "1"]
    assert main(command) == 0
    assert f"{tmp_path / 'demo.html'}: " in capsys.readouterr().out
    images = images_of(tmp_path / "demo.html")
    titles = [title for alt in images for title in alt.removesuffix(f" of {clip}").split(" and ")]
    flows = ["tvl1", "farneback", "dis", "tvl1-opencv"]
    assert {*FIXED, "apex@difference", "apex@middle", "htnet-regions@as-released", "htnet-regions@anatomical"} <= {
        *titles
    }
    for name, variants in (("flow", flows), ("flow-28", [*flows, *(f"{one}-meb" for one in flows)])):
        assert [one for one in titles if one.startswith(f"{name}@")] == [f"{name}@{one}" for one in variants]
    crop = images[f"face-landmarks-68 of {clip}"].astype(int)
    skin = crop[110:130, 120:165].reshape(-1, 3).mean(axis=0)  # between the eyes and the mouth
    assert crop.shape == (284, 284, 3)
    assert skin[0] > skin[2]  # skin is red rather than blue, so the channels are in order
    as_released, anatomical = (images[f"htnet-regions@{one} of {clip}"] for one in ("as-released", "anatomical"))
    assert np.any(as_released != anatomical)
    assert main(command) == 0  # once more: what was kept is drawn alike
    again = images_of(tmp_path / "demo.html")
    assert all((again[alt] == images[alt]).all() for alt in images)


def test_errors_are_one_line(tmp_path, capsys):
    assert main(["data", "preview", "demo", "--clips", "nobody", "--out", str(tmp_path)]) == 2
    assert main(["data", "preview", "zzz", "--out", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.partition(" (nearest")[0] for line in err.splitlines()] == [
        "merbench: error: --clips 'nobody' matches none of 128 clips; it is a shell pattern on clip ids, such as "
        "'demo-a/a01/*', and '*' takes all",
        "merbench: error: no dataset is called 'zzz'; list all with: merbench list datasets",
    ]
