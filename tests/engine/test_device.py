"""Where and how precisely to compute."""

from __future__ import annotations

import psutil
import pytest
import torch

from merbench.engine.device import CPU_CEILING, autocast, choose_device, choose_precision, memory_budget
from merbench.errors import OptionError

ELSEWHERE = [name for name, there in (("cuda", torch.cuda), ("mps", torch.backends.mps)) if not there.is_available()]


def test_auto_finds_a_device_that_is_there() -> None:
    assert choose_device(choose_device("auto")) == choose_device("auto")
    assert choose_device("cpu") == "cpu"


@pytest.mark.parametrize("device", ELSEWHERE)
def test_a_device_that_is_not_there_is_refused_with_what_is(device) -> None:
    with pytest.raises(OptionError, match=rf"--device {device}: .*found: .*cpu.*use --device auto"):
        choose_device(device)


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_tf32_is_refused_but_on_cuda(device) -> None:
    with pytest.raises(OptionError, match=f"tf32 needs a CUDA device, not {device}; use fp32 or bf16"):
        choose_precision("tf32", device)


def test_fp32_asks_torch_for_full_float32_products() -> None:
    choose_precision("fp32", "cpu")
    assert torch.get_float32_matmul_precision() == "highest"
    assert not torch.backends.cudnn.allow_tf32


def test_only_bf16_computes_in_bfloat16() -> None:
    a = torch.ones(2, 2)
    for precision, wanted in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        with autocast(precision, "cpu"):
            assert (a @ a).dtype == wanted


def test_the_budget_leaves_the_machine_usable() -> None:
    assert 0 < memory_budget("cpu") <= min(CPU_CEILING, psutil.virtual_memory().total / 2)
