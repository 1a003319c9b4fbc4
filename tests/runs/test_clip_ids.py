"""Foreign spellings of ids: what is tolerated, and what is never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from merbench_databases.canonical import composite

from merbench.data.clips import clip_table
from merbench.runs.clip_ids import ClipIds, SubmissionError

CANONICAL = clip_table(composite())
COMPOSITE = ClipIds(CANONICAL, "composite")


@pytest.mark.parametrize(
    ("database", "name", "subject"),
    [
        ("casme2", "sub01", "casme2/sub01"),
        ("CASME2", "sub1", "casme2/sub01"),
        ("Casme2", "1", "casme2/sub01"),
        ("casme2", "0001", "casme2/sub01"),
        ("smic", "s1", "smic/s01"),
        ("SMIC", "20", "smic/s20"),
        ("samm", "6", "samm/006"),
        ("samm", "006", "samm/006"),
    ],
)
def test_a_subject_is_found_by_its_number_padded_or_not_and_with_its_letters_or_without(database, name, subject):
    assert COMPOSITE.subject(database, name) == subject


@pytest.mark.parametrize(
    ("subject", "name", "clip"),
    [
        ("samm/006", "006_1_2", "samm/006/006_1_2"),
        ("samm/006", "6_1_2", "samm/006/006_1_2"),
        ("smic/s01", "s1_ne_01", "smic/s01/s01_ne_01"),
        ("smic/s01", "s01_ne_01", "smic/s01/s01_ne_01"),
        ("casme2/sub19", "EP01_01f", "casme2/sub19/EP01_01f"),
        ("casme2/sub07", "EP06_02_01", "casme2/sub07/EP06_02_01"),
        ("casme2/sub09", "EP09f", "casme2/sub09/EP09f"),
    ],
)
def test_a_clip_is_found_by_its_name_the_subject_in_it_padded_or_not(subject, name, clip):
    assert COMPOSITE.clip(subject, name) == clip


@pytest.mark.parametrize(
    ("subject", "name", "nearest"),
    [
        ("casme2/sub01", "EP19_05", "EP19_05f"),  # a prefix of a clip's name is none
        ("casme2/sub03", "EP01_02", "EP01_2"),  # CASME II has both ways of writing: no number is padded in it
        ("samm/006", "007_1_2", "006_1_2"),
        ("smic/s01", "s1_ne_1", "s01_ne_01"),
        ("samm/006", "_1_2", "006_1_2"),
    ],
)
def test_no_clip_is_guessed_and_the_nearest_is_offered(subject, name, nearest):
    with pytest.raises(SubmissionError, match=f"{subject} has no clip '{name}' in composite .nearest: .*{nearest}"):
        COMPOSITE.clip(subject, name)


@pytest.mark.parametrize("name", ["s01", "sub", "01sub", "sub01 ", "sub10", "", "-1", "1.0", "\u0661", "9" * 5000])
def test_no_subject_is_guessed(name):
    with pytest.raises(SubmissionError, match="casme2 has no subject"):
        COMPOSITE.subject("casme2", name)


def test_an_unknown_database_is_told_with_those_that_there_are():
    told = "no database of composite is called 'casme3'; there are casme2, smic, samm"
    with pytest.raises(SubmissionError, match=told):
        COMPOSITE.subject("casme3", "sub01")


def test_a_number_that_two_subjects_have_is_refused_and_their_own_names_are_not():
    table = clip_table(
        {"clip": ["db/a1/x", "db/b01/x"], "database": ["db", "db"], "subject": ["db/a1", "db/b01"], "label": [0, 1]}
    )
    ids = ClipIds(table, "both")
    with pytest.raises(SubmissionError, match="subject '1' of db could be db/a1 or db/b01"):
        ids.subject("db", "1")
    assert ids.subject("db", "b1") == "db/b01"


@given(st.sampled_from(range(len(CANONICAL))))
def test_every_canonical_id_means_itself(row):
    clip = CANONICAL["clip"].iloc[row]
    database, subject, name = clip.split("/")
    assert COMPOSITE.clip(COMPOSITE.subject(database, subject), name) == clip
