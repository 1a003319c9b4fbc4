import json
import shutil

import pytest

from merbench.cli import main

RELEASE = "htnet-release"
TABLE = "combined_3_class2_for_optical_flow.csv"
IMAGES = "datasets/STSNet_whole_norm_u_v_os"


@pytest.fixture
def release(tmp_path):
    """A folder that looks like the flow release, with two clips, of which one image is not an image."""
    root = tmp_path / "HTNet"
    (root / IMAGES).mkdir(parents=True)
    (root / TABLE).write_text("dataset,sub,filename_o,label\nsmic,s1,s1_ne_01,0\nsamm,6,006_1_2,0\n")
    (root / IMAGES / "s01_s01_ne_01 .png").write_text("not an image")
    return root


def refused(capsys, *argv):
    assert main(["data", *map(str, argv)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("merbench: error: ")
    assert err.count("\n") == 1
    return err


def shown(capsys, *argv, code=0):
    assert main(["data", *map(str, argv)]) == code
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_an_added_release_is_listed_and_says_what_was_found(release, capsys, monkeypatch):
    monkeypatch.chdir(release.parent)
    assert shown(capsys, "add", RELEASE, "HTNet") == f"2 clips of smic, samm in {release}\n"
    assert re.search(rf"^{RELEASE} +{re.escape(str(release))}$", shown(capsys, "list"), re.MULTILINE)


def test_sources_are_listed_with_how_to_get_them(capsys):
    out = shown(capsys, "list")
    assert "git clone https://github.com/wangzhifengharrison/HTNet" in out
    assert f"merbench data add {RELEASE} PATH" in out
    assert "built in" in out


def test_the_list_is_there_as_objects(release, capsys):
    shown(capsys, "add", RELEASE, release)
    listed = {one["name"]: one for one in json.loads(shown(capsys, "list", "--json"))}
    assert listed[RELEASE]["path"] == str(release)
    assert listed[RELEASE]["available"] is True
    assert listed["demo"] == {
        "name": "demo",
        "embedded": True,
        "path": None,
        "available": True,
        "obtain": "nothing: it is generated",
    }


def test_a_release_that_has_gone_is_listed_as_gone(release, capsys):
    shown(capsys, "add", RELEASE, release)
    shutil.rmtree(release)
    assert f"{release} was removed; get a clone" in shown(capsys, "list")


def test_a_folder_that_is_not_the_release_is_not_added(tmp_path, release, capsys):
    assert f"{TABLE} is missing" in refused(capsys, "add", RELEASE, tmp_path)
    assert "is not a folder" in refused(capsys, "add", RELEASE, tmp_path / "nowhere")
    assert "is not a folder" in refused(capsys, "add", RELEASE, release / TABLE)
    assert "no source is called 'htnet'" in refused(capsys, "add", "htnet", release)
    assert "demo needs no files" in refused(capsys, "add", "demo", release)
    assert json.loads(shown(capsys, "list", "--json"))[1]["path"] is None


def test_adding_says_when_the_variable_comes_first(release, tmp_path, capsys, monkeypatch):
    shutil.copytree(release, tmp_path / "shelf" / RELEASE)
    monkeypatch.setenv("MERBENCH_DATA", str(tmp_path / "shelf"))
    out = shown(capsys, "add", RELEASE, release)
    assert f"MERBENCH_DATA is set and comes first, so {tmp_path / 'shelf' / RELEASE} is read instead" in out


def test_a_check_names_every_difference_and_every_broken_clip_and_exits_with_1(release, capsys):
    shown(capsys, "add", RELEASE, release)
    out = shown(capsys, "check", "composite", code=1)
    assert out.count("difference: ") == out.count(" is missing\n") - 1 == 440
    assert "difference: casme2/sub01/EP02_01f is missing\n" in out
    assert "broken: smic/s01/s01_ne_01: s01_s01_ne_01 .png is not a PNG image\n" in out
    assert "broken: samm/006/006_1_2: 006_006_1_2 .png is missing\n" in out
    assert "note: landmarks-28: the release has no landmarks_mtcnn28.csv" in out
    assert "1 of 92" in out
    assert out.endswith("440 difference(s), 2 broken clip(s)\n")


def test_a_check_is_there_as_an_object(release, capsys):
    shown(capsys, "add", RELEASE, release)
    found = json.loads(shown(capsys, "check", "samm-3", "--json", code=1))
    assert found["ok"] is False
    assert found["counts"][0] == {"database": "samm", "label": "negative", "found": 1, "canonical": 92}
    assert len(found["differences"]) == 132
    assert found["broken"] == {"samm/006/006_1_2": "006_006_1_2 .png is missing"}


def test_a_check_without_data_or_of_nothing_is_a_users_error(capsys):
    assert "merbench data add htnet-release PATH" in refused(capsys, "check", "composite")
    assert "(nearest: composite, composite-causalnet)" in refused(capsys, "check", "compsite")


def test_the_demo_is_as_it_should_be(capsys):
    out = shown(capsys, "check", "demo")
    assert "demo: built in\n" in out
    assert out.endswith("every file was read; nothing differs\n")


def test_the_real_release_is_as_it_should_be(real_data, capsys):
    shown(capsys, "add", RELEASE, real_data / RELEASE)
    out = shown(capsys, "check", "composite")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines()[2:6]}
    assert rows == {
        "smic": ["70", "51", "43", "164"],
        "casme2": ["88", "32", "25", "145"],
        "samm": ["92", "26", "15", "133"],
        "all": ["250", "109", "83", "442"],
    }
