import pytest

from merbench.errors import OptionError, OutputError, PluginError, UnknownName, UnresolvableFeature
from merbench.preview.write import write_preview

ALL = 16  # clips
SEEN = 8  # of them, where nobody asks for others


def written(painted, tmp_path, name="patches", **options):
    return write_preview(painted, name, tmp_path / "out", jobs=1, **options)


def test_a_page_holds_every_feature_that_can_be_drawn_in_each_variant(painted, tmp_path, images_of):
    made = written(painted, tmp_path, pattern="red/r2/c3")
    images = images_of(made.path)
    assert list(images) == [
        "shade of red/r2/c3", "brighter@a of red/r2/c3", "brighter@b and brighter@same of red/r2/c3"
    ]  # fmt: skip
    assert [image.tolist() for image in images.values()] == [[[[n] * 3] * 3] * 2 for n in (3, 13, 23)]
    assert (made.clips, made.pictures, made.broken) == (1, 3, {})
    assert made.bytes == made.path.stat().st_size


def test_two_clips_of_each_class_and_database_are_shown_and_the_counts_are_those_of_the_dataset(painted, tmp_path):
    made = written(painted, tmp_path)
    text = made.path.read_text("utf-8")
    assert made.clips == SEEN
    assert f"{SEEN} of {ALL}" in text
    assert '<span class="quiet">4 of 10</span>' in text
    assert "<dd>patches</dd>" in text


def test_all_clips_can_be_asked_for_and_processes_give_the_same_page(painted, tmp_path):
    alone = written(painted, tmp_path, pattern="*").path.read_bytes()
    two = write_preview(painted, "patches", tmp_path / "two", pattern="*", jobs=2)
    assert two.clips == ALL
    assert two.path.read_bytes() == alone


def test_what_others_wrote_is_shown_as_words(painted, tmp_path):
    text = written(painted, tmp_path).path.read_text("utf-8")
    assert "<b>joy" not in text
    assert "<i>as it is" not in text
    assert "&lt;b&gt;joy&lt;/b&gt; &amp; &#34;&#39;" in text
    assert "One patch, &lt;i&gt;as it is&lt;/i&gt;." in text
    assert "Returns:" not in text


def test_a_broken_clip_is_named_with_its_reason_and_the_others_are_shown(painted, tmp_path, monkeypatch):
    monkeypatch.setenv("PAINTED", "broken red/r1/c0")
    made = written(painted, tmp_path)
    assert (made.clips, list(made.broken)) == (SEEN - 1, ["red/r1/c0"])
    text = made.path.read_text("utf-8")
    assert "<dt>red/r1/c0</dt><dd>&lt;b&gt;joy&lt;/b&gt; &amp; &#34;&#39;.png is empty</dd>" in text
    assert f"{SEEN - 1} of {ALL}" in text


def test_a_drawing_may_say_that_a_clip_cannot_be_drawn(painted, tmp_path, monkeypatch):
    monkeypatch.setenv("PAINTED", "refuses")
    made = written(painted, tmp_path, pattern="red/r1/*")
    assert (made.clips, set(made.broken.values())) == (0, {"too dark to be drawn"})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("raises", "feature shade cannot be drawn for red/r1/c0: RuntimeError: no paint left"),
        (
            "float",
            r"the drawing of feature shade for red/r1/c0 is float32 \[2, 3\]; it must be uint8 \[height, width, 3\]",
        ),
    ],
)
def test_a_drawing_that_fails_is_the_fault_of_its_plugin_and_leaves_no_page(
    painted, tmp_path, monkeypatch, wrong, message
):
    monkeypatch.setenv("PAINTED", wrong)
    with pytest.raises(PluginError, match=message):
        written(painted, tmp_path, pattern="red/r1/c0")
    assert list((tmp_path / "out").iterdir()) == []


def test_the_home_of_which_most_can_be_drawn_is_shown(painted, tmp_path):
    assert "<dd>patches</dd>" in written(painted, tmp_path, "either").path.read_text("utf-8")
    with pytest.raises(UnresolvableFeature, match="nothing of blanks can be drawn: its sources provide nothing"):
        written(painted, tmp_path, "blanks")


def test_an_unknown_dataset_and_a_pattern_without_clips_are_refused(painted, tmp_path):
    with pytest.raises(UnknownName, match=r"no dataset is called 'patch' \(nearest: patches"):
        written(painted, tmp_path, "patch")
    with pytest.raises(OptionError, match="matches none of 16 clips"):
        written(painted, tmp_path, pattern="green/*")
    assert not (tmp_path / "out").exists()


def test_an_earlier_page_is_replaced_and_a_strangers_file_is_not(painted, tmp_path):
    first = written(painted, tmp_path, pattern="*")
    second = written(painted, tmp_path, pattern="red/r1/c0")
    assert second.path == first.path
    assert second.path.stat().st_size == second.bytes < first.bytes
    second.path.write_text("<p>mine")
    with pytest.raises(OutputError, match=r"patches\.html is not a page with pictures by merbench"):
        written(painted, tmp_path)
    assert second.path.read_text() == "<p>mine"


def test_a_place_that_is_no_folder_or_cannot_be_written_is_refused_before_anything_is_computed(
    painted, tmp_path, monkeypatch
):
    monkeypatch.setenv("PAINTED", "raises")
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError, match=r"out is a file; name a folder: --out"):
        written(painted, tmp_path)
    with pytest.raises(OutputError, match=r"cannot write \S+/out/below/patches\.html: Not a directory"):
        write_preview(painted, "patches", tmp_path / "out" / "below", jobs=1)
