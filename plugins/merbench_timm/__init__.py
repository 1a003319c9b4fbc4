"""Any architecture of the library timm (Wightman, 2019), as `timm:NAME`."""

from __future__ import annotations

from collections.abc import Iterable

import merbench

PAPER = "Wightman: PyTorch Image Models (timm). doi 10.5281/zenodo.4414861, 2019"


@merbench.hookimpl
def merbench_models() -> Iterable[merbench.ModelFamily]:
    """The family. timm is only imported when a member is asked for."""
    yield merbench.ModelFamily(
        name="timm",
        member="merbench_timm.architectures:member",
        members="merbench_timm.architectures:members",
        paper=PAPER,
        about="over 1000 image architectures of the library timm, on flow or on images",
    )
