import pytest
from merbench_databases.errata import FAULTS, REPAIRS, Span, errata, impossible, repaired


def test_every_line_names_a_known_fault_and_repair_and_its_reason():
    for one in errata():
        assert one.when in FAULTS
        assert one.repair in REPAIRS
        assert len(one.reason) > 20
        assert one.since


@pytest.mark.parametrize(
    ("clip", "span", "mended"),
    [
        ("casme3a/spNO.149/d_9", Span(9, 5, 20), Span(9, None, 20)),
        ("casme3a/spNO.216/d_1500", Span(1500, 510, 520), Span(500, 510, 520)),
        ("casme3a/spNO.40/e_7", Span(7, 9, 0), Span(7, 9, 9)),
        ("samm/028/028_4_1", Span(7, 30, 20), Span(7, None, 20)),
        ("samm/032/032_3_1", Span(70, 30, 90), Span(70, None, 90)),
    ],
)
def test_a_known_slip_is_mended_and_what_comes_out_is_possible(clip, span, mended):
    assert impossible(span)
    found, erratum = repaired(clip, span)
    assert found == mended
    assert erratum is not None
    assert not impossible(found)


def test_the_same_fault_elsewhere_and_a_corrected_row_are_left_as_they_are():
    assert repaired("casme3a/spNO.150/d_9", Span(9, 5, 20)) == (Span(9, 5, 20), None)
    assert repaired("casme3a/spNO.149/d_9", Span(9, 12, 20)) == (Span(9, 12, 20), None)


@pytest.mark.parametrize(
    ("span", "fault"),
    [
        (Span(None, 2, 3), "names no onset"),
        (Span(1, 2, None), "names no offset"),
        (Span(3, 2, 1), "the offset is before the onset"),
        (Span(5, 2, 9), "the apex is before the onset"),
        (Span(5, 12, 9), "the apex is after the offset"),
    ],
)
def test_what_is_impossible_is_told_without_the_annotated_values(span, fault):
    assert fault in impossible(span)
    assert not any(digit in impossible(span) for digit in "0123456789")


@pytest.mark.parametrize("span", [Span(5, 5, 9), Span(5, None, 9), Span(5, 9, 9)])
def test_onset_as_apex_and_no_apex_are_possible(span):
    assert impossible(span) == ""
