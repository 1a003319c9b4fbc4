"""What HSTA refuses: options out of range, and clips of another shape than it was built for."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from merbench_hsta.network import HSTA

SMALL: dict[str, Any] = {"image_size": 32, "frames": 2, "patch_sizes": (8, 8), "embed_dims": (8, 8), "heads": (1, 1)}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"classes": 0}, "classes is 0; it must be a whole number of at least 1"),
        ({"stages": 0}, "stages is 0"),
        ({"frames": 2.0}, r"frames is 2\.0; it must be a whole number"),
        ({"image_size": True}, "image_size is True"),
        ({"patch_sizes": (12,)}, r"patch_sizes is \(12,\); it must be two numbers: special branch, video branch"),
        ({"depth": "12"}, "depth is '12'; it must be two numbers"),
        ({"depth": (0, 2)}, r"depth\[0\] is 0"),
        ({"patch_sizes": (12, 225)}, r"patch_sizes\[1\] is 225; it must not exceed image_size, 224"),
        ({"heads": (12, 5)}, r"embed_dims\[1\] is 768; it must be a multiple of heads\[1\], 5"),
        ({"tubelet": 3}, "tubelet is 3; it must be 1 or 2 and divide frames, 6"),
        ({"frames": 5}, "tubelet is 2; it must be 1 or 2 and divide frames, 5"),
        ({"head": "first"}, "head is 'first'; it must be one of class-tokens, last-tokens, mean"),
        ({"special": "apex"}, "special is 'apex'; it must be one of onset-apex, flow"),
        ({"dropout": 1.0}, r"dropout is 1\.0; it must lie in \[0, 1\)"),
        ({"head_dropout": -0.1}, r"head_dropout is -0\.1"),
        ({"drop_path": float("nan")}, "drop_path is nan"),
    ],
)
def test_an_option_out_of_range_is_named(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        HSTA(**options)


@pytest.mark.parametrize("shape", [(1, 5, 3, 32, 32), (1, 4, 1, 32, 32), (1, 4, 3, 32, 30), (1, 3, 4, 32, 32)])
def test_clips_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"built for clips of shape \(4, 3, 32, 32\), not "):
        HSTA(**SMALL)(torch.zeros(shape))


def test_flow_where_frames_are_wanted_and_the_other_way_round_are_refused() -> None:
    video, flow = torch.zeros(1, 4, 3, 32, 32), torch.zeros(1, 2, 32, 32)
    with pytest.raises(ValueError, match="special='onset-apex' does not fit two features"):
        HSTA(**SMALL)(video, flow)
    with pytest.raises(ValueError, match="special='flow' does not fit one feature"):
        HSTA(**SMALL, special="flow")(video)


def test_flow_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"built for flow of shape \(2, 32, 32\), not \(3, 32, 32\)"):
        HSTA(**SMALL, special="flow")(torch.zeros(1, 4, 3, 32, 32), torch.zeros(1, 3, 32, 32))


@pytest.mark.parametrize("special", ["onset-apex", "flow"])
def test_constant_pictures_and_flow_of_zeros_give_finite_logits(special: str) -> None:
    clips = [torch.full((2, 4, 3, 32, 32), 255.0)] + [torch.zeros(2, 2, 32, 32)] * (special == "flow")
    assert HSTA(**SMALL, special=special)(*clips).isfinite().all()
