"""Optical strain: how much the skin is stretched, computed from the derivatives of the flow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import merbench

if TYPE_CHECKING:
    import numpy as np

VARIANTS = ("ststnet", "meb")


def optical_strain(flow: np.ndarray, *, variant: str = "ststnet") -> np.ndarray:
    """The magnitude of optical strain.

    - `ststnet`: sqrt(u_x^2 + v_y^2 + (u_y + v_x)^2 / 2), the Frobenius norm of the infinitesimal strain tensor
      (Shreve and others, FG 2011), as STSTNet's authors and those who use their flow compute it;
    - `meb`: sqrt(u_x^2 + v_y^2 + (u_y^2 + v_x^2) / 2), as the library meb computes it. It also counts a rotation of
      the head, which stretches nothing.

    Args:
        flow: `[2, height, width]`, (u, v) in pixels; at least two pixels a side.

    Returns:
        float32 `[height, width]`, without unit; derivatives are central differences, one-sided at the border.

    Raises:
        ValueError: the variant is unknown.
    """
    import numpy as np

    merbench.check_choice(VARIANTS, variant=variant)
    (u_y, u_x), (v_y, v_x) = (np.gradient(component.astype(np.float64)) for component in flow)
    shear = (u_y + v_x) ** 2 if variant == "ststnet" else u_y**2 + v_x**2
    strain: np.ndarray = np.sqrt(u_x**2 + v_y**2 + shear / 2).astype(np.float32)
    return strain
