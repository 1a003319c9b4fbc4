"""For any content of a table, a clip is read as it is, repaired by an erratum, or broken with a reason."""

from hypothesis import given
from hypothesis import strategies as st
from merbench_databases.annotations import frame_number
from merbench_databases.errata import Span, errata, impossible, repaired
from merbench_databases.video import within_clip

numbers = st.none() | st.integers(0, 5000)
spans = st.builds(Span, numbers, numbers, numbers)
clips = st.sampled_from(
    [f"{one.database}/{one.clip.replace('*', '7')}" for one in errata()] + ["casme2/sub01/EP02_01f"]
)


@given(clips, spans)
def test_a_span_that_is_possible_is_only_changed_by_a_line_that_says_so(clip, span):
    found, erratum = repaired(clip, span)
    assert erratum or found == span
    if not impossible(span) and None not in span:
        assert found == span


@given(spans)
def test_what_is_not_called_impossible_is_in_order(span):
    if not impossible(span):
        assert 0 <= span.onset <= (span.apex if span.apex is not None else span.offset) <= span.offset


@given(st.integers(1, 4000), st.integers(2, 200))
def test_frames_numbered_within_the_clip_come_out_as_those_of_the_recording_and_others_as_they_are(onset, length):
    span = Span(onset, None, onset + length - 1)
    recording = dict.fromkeys(range(onset, onset + length), "")
    within = dict.fromkeys(range(1, length + 1), "")
    assert within_clip(within, span) == recording
    assert within_clip(recording, span) == recording


@given(st.text(max_size=12))
def test_any_cell_is_a_frame_number_or_none(cell):
    number = frame_number(cell)
    assert number is None or 0 <= number < 10**9


def test_frames_that_are_missing_at_the_end_do_not_make_a_recordings_numbers_a_clips():
    span = Span(onset=3, apex=None, offset=20)
    recording = {number: f"{number}.jpg" for number in range(3, 18)}
    assert within_clip(recording, span) == recording
