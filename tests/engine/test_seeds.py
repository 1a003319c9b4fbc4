"""Seeds from named axes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from merbench.engine.seeds import derive_seed


def test_a_seed_stays_what_it_was_when_records_were_made() -> None:
    assert derive_seed(run=0, fold="smic/s01", purpose="init") == 0x1A486C13  # by the sha256sum command
    assert derive_seed() == 0xE3B0C442  # sha256 of nothing begins so


def test_the_order_of_the_axes_does_not_matter() -> None:
    assert derive_seed(run=1, fold="a", purpose="b") == derive_seed(purpose="b", fold="a", run=1)


def test_every_axis_and_every_value_gives_another_seed() -> None:
    seeds = {
        derive_seed(run=run, fold=fold, purpose=purpose)
        for run in range(4)
        for fold in ("smic/s01", "smic/s02", "casme2/sub01")
        for purpose in ("init", "order", "training")
    }
    assert len(seeds) == 36


def test_a_number_is_not_its_text_and_values_do_not_run_into_one_another() -> None:
    assert derive_seed(run=1) != derive_seed(run="1")
    assert derive_seed(a="x", b="y") != derive_seed(a="x\nb='y'")
    assert derive_seed(a="1") != derive_seed(b="1")


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.integers() | st.text(), max_size=4))
def test_a_seed_is_one_that_numpy_and_torch_take(axes: dict[str, int | str]) -> None:
    assert 0 <= derive_seed(**axes) < 2**32
