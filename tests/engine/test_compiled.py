"""Networks that `torch.compile` compiles: the same up to rounding, and refused where it cannot work."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch._dynamo
from torch import nn

from merbench.engine.device import require_compiler
from merbench.engine.loop import Group, train_group
from merbench.errors import OptionError


def network() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(2352, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3))


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings("ignore")  # of torch's compiler
def test_a_compiled_network_trains_as_before(make_task, make_folds) -> None:
    task, folds = make_task(network, optimizer="sgd", lr=0.01, standardize=True), make_folds([24, 22])
    wanted = train_group(Group(task, folds, stacked=True))
    found = train_group(Group(replace(task, compiled=True), folds, stacked=True))
    for one, other in zip(wanted, found, strict=True):
        np.testing.assert_allclose(other.scores, one.scores, atol=2e-5)
        np.testing.assert_allclose(other.loss, one.loss, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings("ignore")
def test_every_group_is_compiled_however_many_shapes_the_others_had(make_task, make_folds) -> None:
    task = replace(make_task(network, epochs=1), compiled=True)
    # After so many compilations torch silently runs the network as it is, unless each group starts anew.
    with torch._dynamo.config.patch(recompile_limit=4, fail_on_recompile_limit_hit=True):
        for size in (24, 23, 22, 21):
            assert train_group(Group(task, make_folds([size]), stacked=False))


def test_without_a_compiler_it_is_refused_on_a_cpu_alone(monkeypatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    require_compiler("cuda")
    with pytest.raises(OptionError, match=r"needs a C\+\+ compiler on a CPU, such as g\+\+"):
        require_compiler("cpu")


def test_on_a_device_that_nobody_tried_it_is_refused() -> None:
    with pytest.raises(OptionError, match="not tested on mps"):
        require_compiler("mps")
