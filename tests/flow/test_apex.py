"""The apex of a clip: annotated, or estimated."""

from __future__ import annotations

import pytest
from merbench_flow.apex import apex

import merbench


def test_an_annotated_apex_is_taken(aligned):
    made = aligned(apex=5)
    assert apex(made.face, made.landmarks).tolist() == [5]
    assert apex(made.face, made.landmarks, variant="middle").tolist() == [5]


@pytest.mark.parametrize(
    ("subject", "emotion", "place"), [("s1", "positive", 4), ("s2", "negative", 9), ("s4", "surprise", 6)]
)
def test_without_annotation_it_is_the_frame_that_differs_most_from_both_ends(aligned, subject, emotion, place):
    made = aligned(subject, emotion, frames=14, apex=place, annotate_apex=False)
    assert abs(int(apex(made.face, made.landmarks)[0]) - place) <= 1


def test_the_fields_stopgap_is_the_middle(aligned):
    made = aligned(frames=9, apex=2, annotate_apex=False)
    assert apex(made.face, made.landmarks, variant="middle").tolist() == [4]


def test_a_clip_of_one_frame_has_it_as_apex(aligned):
    made = aligned(frames=1, apex=0, annotate_apex=False)
    assert apex(made.face, made.landmarks).tolist() == [0]


def test_of_two_frames_it_is_not_the_onset_from_which_nothing_would_move(aligned):
    made = aligned(frames=2, apex=1, annotate_apex=False)
    assert apex(made.face, made.landmarks).tolist() == [1]
    assert apex(made.face, made.landmarks, variant="middle").tolist() == [1]


def test_an_offset_before_the_onset_is_a_broken_clip(aligned):
    made = aligned(annotate_apex=False)
    made.face.onset, made.face.offset = 5, 2
    with pytest.raises(merbench.ReleaseError, match="offset, frame 2, comes before its onset, frame 5"):
        apex(made.face, made.landmarks)


def test_an_unknown_variant_is_refused(aligned):
    made = aligned(frames=2, apex=1)
    with pytest.raises(ValueError, match="variant is 'guess'; it must be one of"):
        apex(made.face, made.landmarks, variant="guess")
