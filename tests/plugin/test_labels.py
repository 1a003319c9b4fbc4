import pytest

import merbench


def test_the_three_classes_stand_in_the_order_of_the_challenge():
    assert merbench.THREE_CLASS.classes == ("negative", "positive", "surprise")


@pytest.mark.parametrize(
    ("emotion", "label"),
    [
        ("disgust", 0),
        ("repression", 0),
        ("anger", 0),
        ("contempt", 0),
        ("fear", 0),
        ("sadness", 0),
        ("negative", 0),
        ("happiness", 1),
        ("surprise", 2),
        (" Surprise\t", 2),
        ("others", None),
        ("", None),
    ],
)
def test_an_annotated_emotion_counts_as_the_class_that_the_challenge_gave_it(emotion, label):
    assert merbench.THREE_CLASS.label(emotion) == label


@pytest.mark.parametrize(
    ("classes", "emotions", "message"),
    [
        (("a", "a"), {}, "class 'a' is listed twice"),
        (("a",), {"joy": "b"}, "emotion 'joy' maps to 'b'"),
        (("a",), {"Joy": "a"}, "emotion 'Joy' must be stripped and in lower case"),
    ],
)
def test_a_scheme_that_contradicts_itself_is_refused(classes, emotions, message):
    with pytest.raises(merbench.MerbenchError, match=message):
        merbench.LabelScheme(name="mine", classes=classes, emotions=emotions)
