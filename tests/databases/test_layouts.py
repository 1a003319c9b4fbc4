"""Each database's own layout: how folders and frames are called, and what its clips are known by."""

import pytest
from merbench_databases.casme import CASME
from merbench_databases.casme3a import CASME3A
from merbench_databases.fourdme import FourDME
from merbench_databases.mmew import MMEW
from merbench_databases.samm import SAMM
from merbench_databases.smic import HS, NIR, VIS

import merbench


def numbers(reader, clip):
    return reader.read("frames", clip).numbers


# SMIC


@pytest.fixture
def smic(tmp_path, write_frames):
    def smic(tree="SMIC_all_raw", camera="HS", padded=False, name="image{:06}.bmp"):
        width = 2 if padded else 1
        for tint, (subject, emotion, code, number) in enumerate(
            ((1, "negative", "ne", 1), (1, "surprise", "sur", 2), (12, "positive", "po", 10))
        ):
            ids = f"s{subject:0{width}}"
            folder = tmp_path / "SMIC" / tree / camera / ids / "micro" / emotion / f"{ids}_{code}_{number:02}"
            write_frames(folder, range(90, 95), name, tint=tint)
        return tmp_path / "SMIC"

    return smic


@pytest.mark.parametrize(
    ("tree", "padded", "name", "cropped"),
    [
        ("SMIC_all_raw", False, "image{:06}.bmp", False),
        ("SMIC_all_raw", True, "{:05}.bmp", False),
        ("SMIC_all_cropped", True, "reg_image{:06}.bmp", True),
        ("SMIC_all_cropped", False, "reg_image{:06}.jpg", True),
    ],
)
def test_smic_is_read_from_its_folders_padded_or_not(smic, tree, padded, name, cropped):
    root = smic(tree, padded=padded, name=name)
    for place in (root, root / tree, root / tree / "HS"):
        reader = HS(place)
        clips = reader.clips()
        assert list(clips["clip"]) == ["smic/s01/s01_ne_01", "smic/s01/s01_sur_02", "smic/s12/s12_po_10"]
        assert list(clips["emotion"]) == ["negative", "surprise", "positive"]
        assert clips[["onset", "offset"]].to_numpy().tolist() == [[90, 94]] * 3
        assert clips["apex"].isna().all()
        frames = reader.read("frames", "smic/s12/s12_po_10")
        assert (frames.numbers, frames.cropped, frames.fps) == ((90, 91, 92, 93, 94), cropped, 100.0)


def test_the_cameras_of_smic_are_never_taken_for_each_other(smic):
    root = smic(camera="VIS")
    assert VIS(root).clips()["clip"].iloc[0] == "smic-vis/s01/s01_ne_01"
    assert VIS(root).read("frames", "smic-vis/s01/s01_ne_01").fps == 25.0
    for reader in (HS, NIR):
        with pytest.raises(merbench.ReleaseError, match=f"is not a release of {reader.title}"):
            reader(root).clips()
        with pytest.raises(merbench.ReleaseError, match=f"is not a release of {reader.title}"):
            reader(root / "SMIC_all_raw" / "VIS").clips()


def test_a_clip_of_smic_in_the_folder_of_another_emotion_is_refused(smic):
    root = smic()
    micro = root / "SMIC_all_raw" / "HS" / "s1" / "micro"
    (micro / "negative" / "s1_ne_01").rename(micro / "surprise" / "s1_ne_01")
    with pytest.raises(merbench.ReleaseError, match="lies in the folder of another subject or emotion"):
        HS(root).clips()


def test_an_empty_clip_of_smic_is_broken_and_a_folder_of_another_name_refused(smic):
    root = smic()
    folder = root / "SMIC_all_raw" / "HS" / "s1" / "micro" / "negative" / "s1_ne_01"
    for path in folder.iterdir():
        path.unlink()
    reader = HS(root)
    assert len(reader.clips()) == 3
    with pytest.raises(merbench.ReleaseError, match="no onset"):
        reader.read("frames", "smic/s01/s01_ne_01")
    (folder.parent / "copy of s1_ne_01").mkdir()
    with pytest.raises(merbench.ReleaseError, match="has no name of a SMIC clip"):
        HS(root).clips()


def test_clips_of_smic_in_a_folder_of_no_known_emotion_are_refused_rather_than_left_out(smic):
    root = smic()
    micro = root / "SMIC_all_raw" / "HS" / "s1" / "micro"
    (micro / "thumbnails").mkdir()
    assert len(HS(root).clips()) == 3
    (micro / "negative").rename(micro / "neg")
    with pytest.raises(merbench.ReleaseError, match=r"neg contains clips, but is not a folder of negative, positive"):
        HS(root).clips()


# The others


@pytest.mark.parametrize("name", ["HS", "hs", "SMIC_HS", "HS_raw", "SMIC-HS_cropped"])
def test_the_folder_of_a_camera_may_be_spelt_so(smic, name):
    assert len(HS(smic(camera=name)).clips()) == 3


@pytest.mark.parametrize("name", ["HS_long", "SMIC-HS-E", "NIR", "VIS"])
def test_another_folder_is_not_the_high_speed_camera(smic, name):
    with pytest.raises(merbench.ReleaseError, match="is not a release of SMIC-HS"):
        HS(smic(camera=name)).clips()


@pytest.mark.parametrize("subject", ["006", "6"])
@pytest.mark.parametrize("tree", ["", "SAMM", "SAMM_CROP"])
def test_samm_is_read_below_its_preamble(tmp_path, write_table, write_frames, subject, tree):
    header = ("Subject", "Filename", "Inducement Code", "Onset Frame", "Apex Frame", "Offset Frame", "Duration")
    header = (*header, "Micro", "Action Units", "Estimated Emotion", "Objective Classes", "Notes")
    row = ("006", "006_1_2", 1, 562, 565, 569, 8, "Micro - 1/2", "A4/7", "Anger", 3, None)
    preamble = [("SAMM Dataset - Master FACS Codes",), *[()] * 12]
    write_table(
        tmp_path / "SAMM_Micro_FACS_Codes_v2.xlsx", [*preamble[1:], header, row], preamble[0], sheet="MICRO_ONLY"
    )
    write_frames(tmp_path / tree / subject / "006_1_2", range(560, 572), "006_{:05}.jpg")
    reader = SAMM(tmp_path)
    clips = reader.clips()
    assert clips.loc[0, ["clip", "subject", "emotion", "action_units"]].tolist() == [
        "samm/006/006_1_2",
        "samm/006",
        "anger",
        "A4/7",
    ]
    frames = reader.read("frames", "samm/006/006_1_2")
    assert frames.numbers == tuple(range(562, 570))
    assert frames.cropped is (tree == "SAMM_CROP")


@pytest.mark.parametrize(
    ("tree", "name"),
    [("Cropped", "reg_EP01_5-{}.jpg"), ("Raw", "EP01_5-{:03}.jpg"), ("Cropped", "reg_EP01_5-{:03}.bmp")],
)
def test_casme_takes_the_first_of_its_two_apexes(tmp_path, write_table, write_frames, tree, name):
    header = ("Subject", "Filename", "", "OnsetF", "ApexF1", "ApexF2", "OffsetF", "", "AU", "Emotion")
    write_table(tmp_path / "CASME.xlsx", [(1, "EP01_5", "", 185, 188, 190, 195, "", "1+2", "tense")], header)
    write_frames(tmp_path / tree / "sub01" / "EP01_5", range(185, 196), name)
    reader = CASME(tmp_path)
    assert reader.clips().loc[0, ["clip", "apex", "emotion"]].tolist() == ["casme/sub01/EP01_5", 188, "tense"]
    frames = reader.read("frames", "casme/sub01/EP01_5")
    assert (frames.numbers[0], frames.fps, frames.cropped) == (185, 60.0, tree == "Cropped")


PART_A = ("Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion")


@pytest.fixture
def casme3a(tmp_path, write_table, write_frames):
    lines = [
        ("spNO.1", "a", 5, 7, 9, "4", "III", "Disgust"),
        ("spNO.1", "a", 20, 22, 26, "4", "III", "happy"),
        ("spNO.12", "J", 1, 1, 4, "4", "III", "Others"),
    ]
    write_table(tmp_path / "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx", lines, PART_A, sheet="label")
    write_table(tmp_path / "cas(me)3_part_A_MaE_label_JpgIndex_v2_emotion.xlsx", lines[:1], PART_A)
    for folder, tint in (("spNO.1/a", 1), ("spNO.12/j", 2)):
        write_frames(tmp_path / "part_A" / folder / "color", range(1, 40), "{}.jpg", tint=tint)
        write_frames(tmp_path / "part_A" / folder / "depth", range(1, 40), "{}.png", tint=tint)
    return tmp_path


def test_a_video_of_casme3_holds_many_clips_known_by_their_onset(casme3a):
    reader = CASME3A(casme3a)
    clips = reader.clips()
    assert list(clips["clip"]) == ["casme3a/spNO.1/a_5", "casme3a/spNO.1/a_20", "casme3a/spNO.12/j_1"]
    assert list(clips["emotion"]) == ["disgust", "happy", "others"]
    assert numbers(reader, "casme3a/spNO.1/a_20") == (20, 21, 22, 23, 24, 25, 26)
    assert numbers(reader, "casme3a/spNO.12/j_1") == (1, 2, 3, 4)
    files = reader.read("frames", "casme3a/spNO.1/a_5").files.values()
    assert {path.parent.name for path in files} == {"color"}


def test_the_table_of_macro_expressions_is_not_taken_for_that_of_micro_expressions(casme3a):
    (casme3a / "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx").unlink()
    with pytest.raises(merbench.ReleaseError, match=r"the table \(.*\) is missing"):
        CASME3A(casme3a).clips()


MMEW_HEADER = ("Subject", "Filename", "OnsetFrame", "ApexFrame", "OffsetFrame", "Action Units", "Estimated Emotion")


@pytest.mark.parametrize("folder", ["Micro_Expression/repression/S03-07-001", "S03/repression/S03-07-001"])
@pytest.mark.parametrize(("first", "shown"), [(1, (51, 52, 53, 54, 55)), (51, (51, 52, 53, 54, 55))])
def test_mmew_is_read_by_subject_or_emotion_numbered_within_the_clip_or_not(
    tmp_path, write_table, write_frames, folder, first, shown
):
    row = (3, "S03-07-001", 51, 53, 55, "4", "Others")
    write_table(tmp_path / "MMEW_Micro_Exp.xlsx", [row], (*MMEW_HEADER, "remarks"))
    write_frames(tmp_path / folder, range(first, first + 5), "{}.jpg")
    write_frames(tmp_path / "Macro_Expression" / "anger" / "S03-07-001", range(1, 4), "{}.jpg")
    reader = MMEW(tmp_path)
    assert reader.clips().loc[0, ["clip", "emotion"]].tolist() == ["mmew/S03/S03-07-001", "others"]
    assert numbers(reader, "mmew/S03/S03-07-001") == shown


@pytest.mark.parametrize("first", [1, 51])
def test_4dme_keeps_its_several_labels_as_annotated(tmp_path, write_table, write_frames, first):
    header = ("sub_ID", "fold_name", "Onset", "Apex", "Offset", "AUs", "Emotion")
    write_table(tmp_path / "4DME_Micro.xlsx", [("s01", "c_01", 51, 53, 55, "AU4", "Negative+Surprise")], header)
    write_frames(tmp_path / "gray_micro" / "s01" / "c_01", range(first, first + 5), "{}.bmp")
    reader = FourDME(tmp_path)
    assert reader.clips().loc[0, ["clip", "emotion"]].tolist() == ["4dme/s01/c_01", "negative+surprise"]
    assert numbers(reader, "4dme/s01/c_01") == (51, 52, 53, 54, 55)
    assert reader.read("frames", "4dme/s01/c_01").fps is None


def test_4dme_has_aligned_faces_too(tmp_path, write_table, write_frames):
    header = ("sub_ID", "fold_name", "Onset", "Apex", "Offset", "AUs", "Emotion")
    table = "4DME_Labelling_Micro_release v1.xlsx"
    write_table(tmp_path / table, [("s01", "c_01", 51, 53, 55, "AU4", "Negative")], header)
    write_frames(tmp_path / "gray_micro_crop" / "s01" / "c_01", range(51, 56), "{}.bmp")
    assert FourDME(tmp_path).read("frames", "4dme/s01/c_01").cropped
    write_frames(tmp_path / "gray_micro" / "s01" / "c_01", range(51, 56), "{}.bmp")
    assert not FourDME(tmp_path).read("frames", "4dme/s01/c_01").cropped
