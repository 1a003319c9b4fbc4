"""What the generated sentences of the documentation compute."""

from __future__ import annotations

import math

import pytest

from docs.generate.claims import expected_best


@pytest.mark.parametrize(("number", "known"), [(1, 0.0), (2, 1 / math.sqrt(math.pi)), (3, 1.5 / math.sqrt(math.pi))])
def test_the_expected_best_of_a_few_normal_draws_is_the_known_one(number: int, known: float) -> None:
    assert expected_best(number) == pytest.approx(known, abs=2e-4)


def test_the_expected_best_of_a_hundred_is_that_of_tables() -> None:
    assert expected_best(100) == pytest.approx(2.5076, abs=2e-4)  # Tippett, Biometrika 17, 1925
