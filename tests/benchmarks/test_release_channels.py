"""The benchmark of the channels, on images whose channels are known."""

from __future__ import annotations

import itertools

import numpy as np

from tests.benchmarks.release_channels import correlations, meb, ststnet


def images(formula) -> np.ndarray:
    """Smooth random flow (u, v), the square root of the formula as strain, each channel stretched by itself."""
    draw = np.random.default_rng(0)
    rows, columns = np.indices((28, 28)) / 28 * 2 * np.pi
    found = []
    for _ in range(6):
        waves = [np.sin(a * rows + b * columns + c) for a, b, c in draw.uniform(0.5, 2, (8, 3))]
        u, v = (np.tensordot(draw.normal(size=8), waves, 1) for _ in range(2))
        (v_y, v_x), (u_y, u_x) = np.gradient(v), np.gradient(u)
        strain = np.sqrt(formula(u_x, u_y, v_x, v_y))
        found.append(np.stack([(one - one.min()) / np.ptp(one) * 255 for one in (strain, v, u)], axis=2))
    return np.stack(found)


def test_the_order_that_made_the_strain_fits_best_and_nearly_exactly() -> None:
    made = images(ststnet)
    fits = {order: correlations(made, order, ststnet) for order in itertools.permutations(range(3))}
    assert fits[0, 1, 2].min() > 0.99
    assert all((fits[0, 1, 2] > fit).all() for order, fit in fits.items() if order != (0, 1, 2))


def test_the_formula_that_made_the_strain_fits_better_than_the_other() -> None:
    for one, other in ((ststnet, meb), (meb, ststnet)):
        made = images(one)
        assert (correlations(made, (0, 1, 2), one) > correlations(made, (0, 1, 2), other)).mean() > 0.8
