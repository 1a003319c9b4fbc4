"""The recipes of a support vector machine with one kernel: C fixed or chosen, classes weighted or not."""

from __future__ import annotations

from dataclasses import replace

import merbench

__all__ = ["KERNELS", "fixed_c", "variations"]

KERNELS = ("linear", "rbf", "chi2")


def fixed_c(kernel: str, where: str = "", features: tuple[str, ...] = ()) -> merbench.Recipe:
    """A kernel with scikit-learn's C; `where` says on what, with a space before."""
    about = f"{kernel} kernel{where}; C is scikit-learn's default, not tuned"
    return merbench.Recipe(options={"kernel": kernel}, features=features, about=about)


def variations(kernel: str, where: str = "") -> dict[str, merbench.Recipe]:
    """The recipe of a kernel under its name, without class weights, and with the C of each training side."""
    fixed = fixed_c(kernel, where)
    return {
        kernel: fixed,
        f"{kernel}-unweighted": replace(
            fixed,
            options={**fixed.options, "class_weights": "none"},
            about=f"{fixed.about}; every clip counts alike",
        ),
        f"{kernel}-nested": replace(
            fixed,
            options={**fixed.options, "nested_c": True},
            about=f"{kernel} kernel{where}; C chosen by UF1 on held-out training subjects",
        ),
    }
