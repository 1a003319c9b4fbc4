"""Built-in networks: folds train together as each does alone, whatever they draw and whatever they normalise."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from merbench.engine.build import Build
from merbench.engine.folds import group_network
from merbench.engine.grouping import why_not_batched, why_sooner_alone
from merbench.engine.loop import Group, train_group
from merbench.plugin.calls import Author

HSTA = {"image_size": 28, "patch_sizes": (4, 14), "embed_dims": (48, 24), "heads": (3, 3), "stages": 1, "depth": (1, 1)}
RANDOM = {"dropout": 0.2, "head_dropout": 0.2, "drop_path": 0.2}
VIT = {"architecture": "vit_tiny_patch16_224", "image_size": 32}
FLOW, VIDEO = (3, 28, 28), (8, 3, 28, 28)
# name → the network, its options, what it sees of a clip, whether it convolves
NETWORKS: dict[str, tuple[str, dict[str, Any], list[tuple[int, ...]], bool]] = {
    "htnet": ("merbench_htnet.network:HTNet", {"dim": 8, "block_repeats": (1, 1, 1), "dropout": 0.1}, [FLOW], False),
    "htnet of several tokens": (
        "merbench_htnet.network:HTNet",
        {"image_size": 56, "dim": 8, "block_repeats": (1, 1)},
        [(3, 56, 56)],
        False,
    ),
    "causalnet": (
        "merbench_causalnet.network:CausalNet",
        {"dim": 8, "block_repeats": (1, 1, 1), "head_width": 8},
        [(4, 3, 28, 28)],
        False,
    ),
    "hsta": ("merbench_hsta.network:HSTA", {**HSTA, **RANDOM}, [VIDEO], False),
    "hsta with flow": ("merbench_hsta.network:HSTA", {**HSTA, "special": "flow"}, [VIDEO, (2, 28, 28)], False),
    "off-apexnet": ("merbench_shallow.off_apexnet:OFFApexNet", {}, [FLOW], True),
    "dual-inception": ("merbench_shallow.dual_inception:DualInception", {"width": 16}, [FLOW], True),
    "vision-transformer": ("merbench_timm.network:TimmNetwork", VIT, [FLOW], False),
    # These have batch norms.
    "ststnet": ("merbench_shallow.ststnet:STSTNet", {}, [FLOW], True),
    "sssnet": ("merbench_shallow.sssnet:SSSNet", {}, [FLOW], True),
    "rcn-a": ("merbench_shallow.rcn:RCN", {"attention": "pooled"}, [FLOW], True),
    "rcn-w": ("merbench_shallow.rcn:RCN", {"wide": True}, [FLOW], True),
    "rcn-f": (
        "merbench_shallow.rcn:RCN",
        {"wide": True, "shortcut": True, "attention": "inside"},
        [FLOW],
        True,
    ),
    "rcn-s": ("merbench_shallow.rcn:RCN", {"shortcut": True}, [FLOW], True),
}


@pytest.fixture(params=NETWORKS)
def subject(request, make_task) -> Any:
    """A task with one of them on random images, or videos."""
    target, options, shapes, convolves = NETWORKS[request.param]
    # As released flow: a batch norm of tiny numbers would enlarge their rounding.
    arrays = tuple(255 * np.random.default_rng(0).random((30, *shape), np.float32) for shape in shapes)
    build = Build(target, {"classes": 3, **options}, Author.of(f"model {request.param}", "mine"))
    # SGD: in it a difference of rounding stays one, where Adam divides a tiny gradient by its own size
    return make_task(build, arrays=arrays, optimizer="sgd", lr=0.01, epochs=2), convolves


def test_folds_train_together_as_each_does_alone(subject, make_folds) -> None:
    task, folds = subject[0], make_folds([20, 17])  # the last steps of 4 clips and of 1: one of them is padded
    assert why_not_batched(task, folds[0]) == ""
    for fold, found in zip(folds, train_group(Group(task, folds, stacked=True)), strict=True):
        (alone,) = train_group(Group(task, [fold], stacked=False))
        np.testing.assert_allclose(found.scores, alone.scores, atol=2e-5)
        np.testing.assert_allclose(found.loss, alone.loss, rtol=1e-4)


@pytest.mark.parametrize("cores", [1, 64])
def test_those_that_convolve_train_alone_however_many_cores_there_are(subject, make_folds, monkeypatch, cores) -> None:
    (task, convolves), folds = subject, make_folds([20, 17])
    monkeypatch.setattr("joblib.cpu_count", lambda: cores)
    grouping = group_network(task, folds)
    assert grouping.mode == ("sequential" if convolves else "batched")
    assert ("of its arithmetic, and on a CPU they are slower for many folds at once" in grouping.reason) is convolves
    assert why_sooner_alone(replace(task, device="cuda"), folds) == ""
    assert bool(why_sooner_alone(task, folds[:1])) is convolves
