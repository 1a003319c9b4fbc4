"""How figures, names and links read on a page."""

from __future__ import annotations

import json

import pytest

from merbench.leaderboard import wording
from merbench.leaderboard.entries import Figure


@pytest.mark.parametrize(("value", "text"), [(0.7224, ".722"), (1.0, "1.000"), (0.0, ".000"), (0.99951, "1.000")])
def test_a_score_has_three_decimals_and_no_leading_zero(value, text):
    assert wording.figure(value) == text


def test_an_interval_has_two_decimals_and_a_dash():
    assert wording.interval((0.6547, 1.0)) == ".65\N{EN DASH}1.00"


@pytest.mark.parametrize(("value", "text"), [(0.136, "+.136"), (-0.012, "\N{MINUS SIGN}.012"), (-0.0001, "+.000")])
def test_a_difference_has_a_sign(value, text):
    assert wording.signed(value) == text


def test_a_cell_has_the_interval_and_the_spread_below_the_score():
    assert wording.cell(Figure(0.7, (0.6, 0.8), 0.01)) == ".700<p>.60\N{EN DASH}.80<p>±.010"
    assert wording.cell(Figure(0.7, (0.6, 0.8)), "") == ".700"
    assert wording.cell(None) == ""


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (842, "842"), (1680, "1.68 k"), (999_800, "1.00 M"), (164_740_000, "165 M")]
)
def test_a_count_has_three_digits_and_a_unit(value, text):
    assert wording.magnitude(value) == text


@pytest.mark.parametrize(("value", "text"), [(None, ""), (4.8, "4.8 s"), (403.4, "6.7 min"), (7200, "2.0 h")])
def test_a_duration_has_two_digits_and_a_unit(value, text):
    assert wording.duration(value) == text


def test_a_small_p_value_is_never_zero():
    assert wording.p_value(0.00009) == "below .001"
    assert wording.p_value(0.1) == ".100"


@pytest.mark.parametrize("link", ["http://a.example", "https://a.example/b?c=1&d=%20#e"])
def test_web_links_are_kept(link):
    assert wording.safe_link(link) == link


@pytest.mark.parametrize(
    "link", ["", "javascript:alert(1)", "data:text/html,x", "//a.example", "https://a b", 'https://a"b', "https://a\n"]
)
def test_other_links_are_not(link):
    assert wording.safe_link(link) == ""


def test_names_with_foreign_letters_are_isolated_and_all_are_escaped():
    assert wording.isolated("a<b") == "a&lt;b"
    assert wording.isolated("\u05d0<") == "<bdi>\u05d0&lt;</bdi>"


def test_what_would_turn_the_direction_of_the_page_is_replaced():
    assert wording.isolated("a\u202eb\u2067") == "<bdi>a\ufffdb\ufffd</bdi>"


def test_json_cannot_end_its_script_and_reads_the_same():
    content = {"a": "</script><!--&\u2028\u2029"}
    written = wording.script_json(json.dumps(content, ensure_ascii=False))
    assert not set("<>&\u2028\u2029") & set(written)
    assert json.loads(written) == content


def test_a_long_text_is_cut():
    assert wording.clipped("abcdef", 3) == "abc…"
    assert wording.clipped("abc", 3) == "abc"
