"""The shallow networks' training steps, each beside a plain version: one stream after the other, ReLU in front of the
maximum, channels first. Where there is no other plain version it is the network itself without channels last. And
STSTNet's, SSSNet's and three of RCN's beside the released networks, where clones are there.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType

import torch
from merbench_shallow import dual_inception, off_apexnet, rcn, sssnet, ststnet
from torch import Tensor, nn
from torch.nn import functional

from tests.benchmarks.in_turn import RELEASED, Step, in_turn, rows
from tests.benchmarks.released import clone, released, same_tensors
from tests.benchmarks.row import Row

BATCH = 64
THREADS = 1  # on a CPU these networks train one fold in each process
REPEATS = 7
FLOW = 255 * torch.rand(BATCH, 3, 28, 28, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(BATCH) % 3
CONDITIONS = f"forward and backward, batch {BATCH}, {THREADS} thread, median CPU time of {REPEATS}, in turn"
RCN = ("ParameterFreeRCNs-MicroExpressionRec", "MeNets.py", 28, 64)
# name of the released class → merbench's network, the repository, the file in it, rows and columns of the images, and
# the batch of the repository's script.
RELEASED_NETWORKS: dict[str, tuple[Callable[[], nn.Module], str, str, int, int]] = {
    "STSTNet": (ststnet.STSTNet, "STSTNet", "main.py", 28, 256),
    "SSSNet": (sssnet.SSSNet, "meb", "meb/models/me_networks.py", 64, 256),
    "RCN_A": (partial(rcn.RCN, attention="pooled"), *RCN),
    "RCN_S": (partial(rcn.RCN, shortcut=True), *RCN),
    "RCN_W": (partial(rcn.RCN, wide=True), *RCN),
}


def run(reference: Path | None) -> list[Row]:
    """Milliseconds of a step, and how many times the plain version's that is; then beside the released networks."""
    torch.set_num_threads(THREADS)
    lines = [row(name, *pair) for name, pair in subjects().items()]
    for name, (_, repository, _, _, batch) in RELEASED_NETWORKS.items():
        if folder := clone(reference, repository):
            pair: dict[str, Callable[[], Step]] = {
                "merbench": partial(ours, name),
                RELEASED: partial(theirs, name, folder),
            }
            told = f"batch {batch}, {THREADS} thread, fp32, Adam (merbench's fused), median of {REPEATS} after one"
            lines += rows(name, in_turn(pair, threads=THREADS, repeats=REPEATS), told)
    return lines


def ours(name: str) -> Step:
    """Merbench's network with its optimiser."""
    return compared(name, RELEASED_NETWORKS[name][0](), fused=True)


def theirs(name: str, folder: Path) -> Step:
    """The released network with its optimiser."""
    build, _, file, _, _ = RELEASED_NETWORKS[name]
    network = released(name, folder / file)
    alike = same_logits(network(3, 32, 3), build()) if name.startswith("RCN") else same_tensors(network(), build())
    return compared(name, alike, fused=None)


def same_logits(theirs: nn.Module, ours: nn.Module) -> nn.Module:
    """RCN as released, whose tensors have other names, with merbench's values.

    Raises:
        AssertionError: its logits are others, so that a comparison would say nothing.
    """
    used = [name for name in theirs.state_dict() if ".conv3." not in name]  # nothing uses that one
    theirs.load_state_dict(dict(zip(used, ours.state_dict().values(), strict=True)), strict=False)
    torch.testing.assert_close(theirs.eval()(FLOW / 255), ours.eval()(FLOW), rtol=1e-4, atol=1e-5)
    return theirs


def compared(name: str, network: nn.Module, *, fused: bool | None) -> Step:
    """On flow as the release has it, 0..255."""
    *_, side, batch = RELEASED_NETWORKS[name]
    optimizer = torch.optim.Adam(network.parameters(), lr=5e-5, fused=fused)
    flow = 255 * torch.rand(batch, 3, side, side)
    return Step(network, optimizer, [flow], torch.arange(batch) % 3)


def subjects() -> dict[str, tuple[Callable[[], None], Callable[[], None]]]:
    """Name → a step of merbench's network, and one of the plain version."""
    narrow, wide = rcn.RCN(shortcut=True), rcn.RCN(wide=True, shortcut=True, attention="inside")
    large, small = sssnet.SSSNet(), sssnet.SSSNet(side=28)
    return {
        "STSTNet": (step(ststnet.STSTNet()), step(PlainSTSTNet())),
        "OFF-ApexNet": (step(off_apexnet.OFFApexNet()), step(Streams(apexnet_stream, apexnet_head()))),
        "Dual-Inception": (step(dual_inception.DualInception()), step(Streams(inception_stream, inception_head()))),
        "RCN-S": (step(narrow), step(narrow, rcn)),
        "RCN-F": (step(wide), step(wide, rcn)),
        "SSSNet": (step(large), step(large, sssnet)),
        "SSSNet, side 28": (step(small), step(small, sssnet)),
    }


def row(name: str, ours: Callable[[], None], plain: Callable[[], None]) -> Row:
    """Medians, in turn, so that a busy moment falls on both; the first round does not count."""
    rounds = [(seconds(ours), seconds(plain)) for _ in range(REPEATS + 1)][1:]
    mine, other = (statistics.median(one) for one in zip(*rounds, strict=True))
    figure = f"{1000 * mine:.0f} ms, plain {1000 * other:.0f} ms: {other / mine:.2f} times as fast"
    return Row(f"{name}, training step", figure, CONDITIONS)


def seconds(work: Callable[[], None]) -> float:
    """CPU time, which another process on the machine disturbs less than the clock."""
    started = time.process_time()
    work()
    return time.process_time() - started


def step(network: nn.Module, first_channels: ModuleType | None = None) -> Callable[[], None]:
    """Forward and backward; with a module's images left channels first where it is named."""
    network.train()

    def work() -> None:
        network.zero_grad(set_to_none=True)
        with channels_first(first_channels):
            functional.cross_entropy(network(FLOW), LABELS).backward()

    return work


@contextmanager
def channels_first(module: ModuleType | None) -> Iterator[None]:
    """The module does not change how its images lie in memory."""
    if module is None:
        yield
        return
    ours, module.channels_last = module.channels_last, lambda images: images
    try:
        yield
    finally:
        module.channels_last = ours


class Streams(nn.Module):
    """Two streams of one make, u and v, and what joins them."""

    def __init__(self, stream: Callable[[], nn.Module], head: nn.Module) -> None:
        super().__init__()
        self.u, self.v, self.head = stream(), stream(), head

    def forward(self, flow: Tensor) -> Tensor:
        """Logits of (strain, v, u)."""
        flow = flow / 255
        joined: Tensor = self.head(torch.cat((self.u(flow[:, 2:3]), self.v(flow[:, 1:2])), 1))
        return joined


class PlainSTSTNet(nn.Module):
    """Each of the three streams by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.streams = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(3, kernels, 3, padding=2),
                nn.ReLU(),
                nn.BatchNorm2d(kernels),
                nn.MaxPool2d(3, 3, 1),
                nn.Dropout(),
                nn.AvgPool2d(2),
            )
            for kernels in ststnet.KERNELS
        )
        self.fc = nn.Linear(400, 3)

    def forward(self, flow: Tensor) -> Tensor:
        """Logits."""
        logits: Tensor = self.fc(torch.cat([stream(flow) for stream in self.streams], 1).flatten(1))
        return logits


def apexnet_stream() -> nn.Module:
    """Two convolutions and poolings."""
    first = (nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2))
    return nn.Sequential(*first, nn.Conv2d(6, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())


def apexnet_head() -> nn.Module:
    """Three linear layers."""
    hidden = (nn.Linear(1568, 1024), nn.ReLU(), nn.Dropout(), nn.Linear(1024, 1024), nn.ReLU(), nn.Dropout())
    return nn.Sequential(*hidden, nn.Linear(1024, 3))


def inception_stream() -> nn.Module:
    """Two blocks of four branches."""
    return nn.Sequential(PlainInception(1, 6), PlainInception(24, 16), nn.Flatten())


def inception_head() -> nn.Module:
    """Two linear layers."""
    return nn.Sequential(nn.Linear(6272, 1024), nn.ReLU(), nn.Linear(1024, 3))


class PlainInception(nn.Module):
    """Four branches, each with its ReLU."""

    def __init__(self, channels: int, kernels: int) -> None:
        super().__init__()
        self.one = nn.Sequential(nn.Conv2d(channels, kernels, 1), nn.ReLU())
        self.three, self.five = (
            nn.Sequential(
                nn.Conv2d(channels, kernels, 1),
                nn.ReLU(),
                nn.Conv2d(kernels, kernels, size, padding=size // 2),
                nn.ReLU(),
            )
            for size in (3, 5)
        )
        self.pooled = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(channels, kernels, 1), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        """Side by side, pooled."""
        return functional.max_pool2d(torch.cat((self.one(x), self.three(x), self.five(x), self.pooled(x)), 1), 2)
