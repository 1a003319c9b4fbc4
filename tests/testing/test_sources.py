"""Each check of a source passes on one that keeps the rules, and fails on one that breaks its rule."""

from __future__ import annotations

from pathlib import Path

import pytest

import merbench
from merbench.testing import CheckFailed, check_source
from merbench.testing.findings import find
from merbench.testing.sources import SOURCE_CHECKS, SourceToys


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Four clips of two subjects."""
    folder = tmp_path / "release"
    folder.mkdir()
    for place, name in enumerate(("a1", "a2", "b1", "b2")):
        (folder / f"{name}.txt").write_text(f"{place} 1 2")
    return folder


def source(reader: str) -> merbench.Source:
    return merbench.Source(name=reader, reader=f"zoo_rest:{reader}", provides=("numbers",), databases=("zoo",))


def test_a_source_that_keeps_the_rules_passes_each_check(release: Path) -> None:
    done = check_source(source("Reader"), root=release)
    assert [one.check for one in done] == [check.__name__ for check in SOURCE_CHECKS]
    assert {one.result for one in done} == {"passed"}


BROKEN = [
    ("spec_resolves", "Subjects", "and not a subclass of merbench.data.sources.SourceReader"),
    ("lists_its_clips", "Labelling", "it sets labels"),
    ("lists_its_clips", "Foreign", "it has clips of other, which databases=('zoo',) does not name"),
    ("lists_the_same_clips_again", "Shuffled", "the clips differ the second time"),
    ("reads_what_it_provides", "Growing", "numbers has several shapes: [(1,), (2,)]"),
    ("reads_the_same_again", "Noisy", "numbers of zoo/a/a1 differs the second time"),
    ("never_writes", "Writing", "it writes into the release: kept.npy"),
    ("refuses_another_folder", "Trusting", "it lists 0 clips in an empty folder; raise merbench.ReleaseError"),
    ("refuses_another_folder", "Recognising", "it recognises an empty folder as its release"),
    ("refuses_an_unknown_clip", "Inventing", "it reads numbers of zoo/a/no-such-clip, which is not in the release"),
]


@pytest.mark.parametrize(("check", "reader", "said"), BROKEN)
def test_each_check_fails_on_a_source_that_breaks_its_rule(check: str, reader: str, said: str, release: Path) -> None:
    (function,) = (one for one in SOURCE_CHECKS if one.__name__ == check)
    finding = find(function, SourceToys(source(reader), release))
    assert finding.result == "found"
    assert said in finding.evidence


def test_every_check_fails_on_some_source() -> None:
    assert {check for check, _, _ in BROKEN} == {one.__name__ for one in SOURCE_CHECKS}


def test_without_a_release_only_the_spec_and_an_empty_folder_are_checked() -> None:
    done = {one.check: one for one in check_source(source("Reader"))}
    decided = {name for name, one in done.items() if one.result == "passed"}
    assert decided == {"spec_resolves", "refuses_another_folder"}
    assert "merbench data add Reader PATH" in done["never_writes"].evidence


def test_all_failures_of_a_source_are_told_in_one_line(release: Path) -> None:
    with pytest.raises(CheckFailed, match=r"^Writing fails 1 check\(s\): never_writes: it writes into the release"):
        check_source(source("Writing"), root=release)
