"""A model that keeps GPU memory from fold to fold is named once. The GPU is a stand-in: what tensors hold here."""

from __future__ import annotations

import gc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from merbench.plugin.authors import Author
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench.progress import Silent
from merbench.runs.gpu_memory import LeftOnGPU
from merbench.runs.prepare import Request, prepare
from merbench.runs.run import run

MB = 10**6
OWN_LOOP = Path(__file__).with_name("own_loop.py")


class Notes(Silent):
    """Keeps what a run says."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)


def in_tensors() -> int:
    """Bytes that the tensors of this process hold."""
    held = {}
    for one in gc.get_objects():
        if type(one) is torch.Tensor:
            with suppress(NotImplementedError):  # a tensor under `vmap`, which another test left, has no memory
                held[one.untyped_storage().data_ptr()] = one.nbytes
    return sum(held.values())


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], int]], None]:
    """Puts a stand-in with this memory in use in the place of torch's GPU."""

    def put(in_use: Callable[[], int]) -> None:
        for name in ("max_memory_allocated", "memory_allocated"):
            monkeypatch.setattr(torch.cuda, name, in_use)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a stand-in")
        monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda: None)
        monkeypatch.setattr(torch._C, "_cuda_clearCublasWorkspaces", lambda: None, raising=False)

    return put


@pytest.mark.parametrize("harm", ["keep", ""])
def test_a_run_names_a_model_that_keeps_tensors_of_every_fold_and_no_other(harm: str, gpu, tmp_path: Path) -> None:
    gpu(in_tensors)
    registry = Registry(load(files=[OWN_LOOP]))
    asked = Request(model="own-loop", dataset="demo", device="cpu", folds="demo-a/a0[1-6]", settings=[f"harm={harm}"])
    job = prepare(registry, asked)
    # Only what watches the memory is told of a GPU, because there is none to train on.
    job = replace(job, plan=job.plan.model_copy(update={"device": "cuda"}), task=replace(job.task, jobs=1))
    notes = Notes()
    run(job, tmp_path, progress=notes)
    said = [text for text in notes.texts if "GPU" in text]
    assert len(said) == (1 if harm else 0)
    for text in said:
        assert text.startswith("note: model own-loop (plugin own_loop) keeps GPU memory: 4 MB more after each of the")


@pytest.mark.parametrize(
    ("in_use", "said"),
    [
        ([9, 9, 9, 9, 9, 9], []),
        ([0, 0, 0, 0, 0, 0], []),  # other processes compute
        ([0, 9, 9, 9, 9, 9], []),  # a library filled its cache once
        ([0, 9, 0, 9, 0, 9], []),
        ([0, 1, 2, 2, 3, 4], []),
        ([9, 9, 10, 12, 15, 18], ["1 MB more after each of the last 3 units, 15 MB now"]),
        ([0, 0.5, 1, 1.5, 2, 2.5], []),
    ],
)
def test_only_memory_that_grows_with_each_of_four_units_is_told_and_once(in_use, said, gpu, monkeypatch) -> None:
    monkeypatch.setattr(gc, "collect", lambda: 0)  # it takes long among all that other tests left
    now = [0.0]
    gpu(lambda: int(now[0] * MB))
    left = LeftOnGPU(Author.of("model my-net", "mine"))
    found = []
    for now[0] in in_use:
        found.append(left.after_unit())
    assert [text.partition(": ")[2].partition(";")[0] for text in found if text] == said
