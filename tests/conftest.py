"""What several test modules share: what counts as slow, a limit of time, the real data, the parity cases, a user's own
empty home, and small releases."""

from __future__ import annotations

import fcntl
import json
import os
import runpy
import signal
import sys
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import settings

from merbench.leaderboard.build import build
from merbench.leaderboard.cache import open_cache
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry

# How long an example takes says nothing on a busy machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

TESTS = Path(__file__).parent
sys.path.append(str(TESTS.parent))  # for the generator of the docs; last, so that merbench is the installed one
TOYS = TESTS / "features" / "toys.py"
BOTH = TESTS / "features" / "both.py"
EMOTIONS = ("negative", "positive")
LIMIT = 1800  # seconds: many times what the slowest test takes, so that only one that waits for ever meets it

# What `-m "not slow"` leaves out: folders and modules whose tests train, start interpreters or browsers, compute flow
# or read whole releases, and every test with one of these marks or fixtures. A single one is marked where it stands.
SLOW = (
    "audit",
    "benchmarks/test_gpu.py",
    "browser",
    "causalnet/test_recipes.py",
    "cli/test_audit.py",
    "cli/test_exchange.py",
    "cli/test_features.py",
    "cli/test_leaderboard.py",
    "cli/test_placing.py",
    "cli/test_plugin.py",
    "cli/test_plugin_faults.py",
    "cli/test_predict.py",
    "cli/test_results.py",
    "cli/test_run.py",
    "cli/test_show.py",
    "data/own/test_run_of_own_clips.py",
    "data/test_blank_clips.py",
    "databases/test_composite.py",
    "databases/test_round_trip.py",
    "demo",
    "docs",
    "engine/test_built_in_networks.py",
    "engine/test_memory.py",
    "engine/test_training.py",
    "faces",
    "faults",
    "features/test_damaged.py",
    "features/test_ended.py",
    "features/test_extract.py",
    "features/test_large.py",
    "flow",
    "hsta",
    "htnet",
    "leaderboard/test_ablation.py",
    "leaderboard/test_add.py",
    "leaderboard/test_boards.py",
    "leaderboard/test_build.py",
    "leaderboard/test_check.py",
    "leaderboard/test_compare.py",
    "leaderboard/test_disputes.py",
    "leaderboard/test_extractions.py",
    "leaderboard/test_finding.py",
    "leaderboard/test_front.py",
    "leaderboard/test_methods.py",
    "leaderboard/test_pages.py",
    "leaderboard/test_past.py",
    "leaderboard/test_position.py",
    "leaderboard/test_row_page.py",
    "leaderboard/test_scaffold.py",
    "leaderboard/test_separation.py",
    "leaderboard/test_transfer.py",
    "made/test_runs_on_releases.py",
    "mmnet",
    "plugin/test_watch.py",
    "preview/test_demo.py",
    "preview/test_write.py",
    "runs/test_chatty.py",
    "runs/test_code.py",
    "runs/test_export.py",
    "runs/test_fits.py",
    "runs/test_flow_scores.py",
    "runs/test_gpu_memory.py",
    "runs/test_merge.py",
    "runs/test_predict.py",
    "runs/test_pretraining.py",
    "runs/test_record.py",
    "runs/test_run.py",
    "runs/test_shards.py",
    "runs/test_trial.py",
    "runs/test_weights.py",
    "shallow/test_apex_resnet.py",
    "sweeps/test_drive.py",
    "sweeps/test_nested.py",
    "sweeps/test_shown.py",
    "test_api.py",
    "test_bad_input.py",
    "test_interrupts.py",
    "test_recipes.py",
    "test_records.py",
    "test_scaffolds.py",
    "test_stranger.py",
    "test_subjects.py",
    "test_types.py",
    "testing/test_built_in.py",
    "testing/test_kit.py",
    "testing/test_models.py",
    "testing/test_plugins.py",
    "timm",
)
SLOW_MARKS = {"processes"}

# Where several processes share the tests, the tests of a module stay in one of them, because they share what is costly
# to make; so do those of these folders, which are named with their share.
TOGETHER = {
    "browser": "pages",
    "leaderboard": "pages",
    "clusters": "clusters",
    "preview": "preview",
    "sweeps": "sweeps",
}
# These are long and share nothing: each is given to a process alone. They and the folders above come first, so that no
# process works on a long one when all others are done.
ALONE = (
    "benchmarks/test_gpu_scripts.py",
    "causalnet",
    "cli/test_plugin_faults.py",
    "docs",
    "faults",
    "hsta",
    "made/test_runs_on_releases.py",
    "mmnet",
    "runs/test_chatty.py",
    "runs/test_run.py",
    "test_scaffolds.py",
    "test_types.py",
    "timm",
)
SLOW_FIXTURES = {"parity", "real_data", "undisturbed"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, before `-m` chooses; the long ones come first."""
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        if (
            listed(SLOW, item.path)
            or marks & SLOW_MARKS
            or SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ()))
        ):
            item.add_marker("slow")
    items.sort(key=lambda item: not (listed(ALONE, item.path) or listed(TOGETHER, item.path)))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import slow modules if all that is asked for is `not slow`."""
    return True if config.option.markexpr == "not slow" and listed(SLOW, collection_path) else None


def listed(entries: Collection[str], path: Path) -> str | None:
    """The entry that lists a module, or a folder that it is in."""
    names = path.relative_to(TESTS).parts if path.is_relative_to(TESTS) else ()
    parents = ["/".join(names[:count]) for count in range(1, len(names) + 1)]
    return next((parent for parent in parents if parent in entries), None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """What a process gets at once: a test of `ALONE`, the tests of a folder of `TOGETHER`, or those of a module."""
    from xdist.scheduler import LoadScopeScheduling

    class Shares(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = TESTS.parent / nodeid.partition("::")[0]
            return nodeid if listed(ALONE, path) else listed(TOGETHER, path) or str(path)

    config.option.loadscopereorder = False
    return Shares(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    """A test that waits for more than `LIMIT` seconds, its fixtures counted in, fails where it waits."""
    before = signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(LIMIT)
    try:
        return (yield)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _too_long(*_: object) -> None:
    pytest.fail(f"it was not done after {LIMIT} s")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C reaches this process and those that it starts, although the tests may have been started with it ignored,
    as under `nohup`: processes inherit that.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def registry() -> Registry:
    """What the installed plugins give."""
    return Registry(load())


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Path:
    """The folder of the site built from the committed records and reported figures; one process builds it for all. The
    folder `cache` beside it has what the next build need not compute.
    """
    home, place = TESTS.parent / "leaderboards", tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        place = place.parent
    with (place / "published.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "published").exists():
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("MERBENCH_CACHE", str(place / "cache"))
                cache = open_cache(registry)
            build([home / "records"], home / "reported.csv", place / "published", registry, cache=cache)
    return place / "published"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; without MERBENCH_REAL_DATA the test is skipped, with it a missing file is a failure."""
    named = os.environ.get("MERBENCH_REAL_DATA")
    if not named:
        pytest.skip("MERBENCH_REAL_DATA is not set: it names the folder with the flow release of the composite")
    return Path(named)


@pytest.fixture(scope="session")
def golden(real_data: Path) -> Path:
    """The folder of parity cases computed with the authors' own code."""
    return real_data.parent / "golden"


@dataclass(frozen=True)
class ParityCase:
    """What the authors' own code computes: `facts` as the case's file has them, its `state` and `inputs`."""

    facts: dict[str, Any]
    state: dict[str, Any]
    inputs: list[Any]

    def load(self, network: Any) -> Any:
        """The network in evaluation mode with the case's values; it must want exactly the official names and shapes."""
        wanted = dict(self.facts["tensors"])
        assert {name: list(value.shape) for name, value in network.state_dict().items()} == wanted
        assert sum(parameter.numel() for parameter in network.parameters()) == self.facts["parameters"]
        network.load_state_dict(self.state, strict=True)
        return network.eval()

    def check(self, network: Any, rounding: float = 0.0, forward: Callable[..., Any] | None = None) -> None:
        """A loaded network's logits (to 1e-4) and gradient norms (to 1e-3 of them, or by `rounding`) are the case's.

        `forward` stands for the network where it wants its inputs in another form.
        """
        import torch
        from torch.nn import functional

        logits = (forward or network)(*self.inputs)
        functional.cross_entropy(logits, torch.tensor(self.facts["labels"])).backward()
        assert np.abs(logits.detach().numpy() - np.array(self.facts["logits"])).max() < 1e-4
        gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
        norms = {name: float(gradient.norm()) for name, gradient in gradients.items() if gradient is not None}
        used = {name: norm for name, norm in self.facts["grad_norms"].items() if norm is not None}
        assert norms == pytest.approx(used, rel=1e-3, abs=rounding)


@pytest.fixture(scope="session")
def parity(golden: Path) -> Callable[[str], ParityCase]:
    """Reads a parity case by its name: `case = parity("ststnet"); case.check(case.load(STSTNet()))`."""
    import torch

    fill = runpy.run_path(str(golden / "fill.py"))["fill"]

    def read(name: str) -> ParityCase:
        facts = json.loads((golden / f"{name}.json").read_text())
        state = {
            tensor: torch.from_numpy(np.asarray(fill(tensor, shape, facts["first_seed"] + number)))
            for number, (tensor, shape) in enumerate(facts["tensors"])
        }
        inputs = [
            torch.from_numpy(
                (np.random.RandomState(one["seed"]).standard_normal(one["shape"]) * one["scale"]).astype(np.float32)
            )
            for one in facts["inputs"]
        ]
        return ParityCase(facts, state, inputs)

    return read


@pytest.fixture(autouse=True, scope="session")
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees or changes the features and the configuration of whoever runs it. It holds for a session, because
    the fixtures of a module run before those of a test.

    All share one folder of features, whose names say what they were computed from: that of MERBENCH_TEST_CACHE, which
    may hold the demo's already, or a new one. A run stays in its process: others take seconds of every core to start,
    and the cores are busy with other tests.
    """
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MERBENCH_CACHE", os.environ.get("MERBENCH_TEST_CACHE", str(shared)))
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        patch.setenv("LOKY_MAX_CPU_COUNT", "1")
        for name in ("DATA", "PLUGINS", "REPORT_AFTER", "TIMEOUT", "TRACEBACK"):
            patch.delenv(f"MERBENCH_{name}", raising=False)
        yield


@pytest.fixture(autouse=True)
def own_configuration(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each test has an empty configuration, and several processes where it is about them."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    if request.node.get_closest_marker("processes"):
        monkeypatch.delenv("LOKY_MAX_CPU_COUNT")


def write_image(path: Path, value: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(value).integers(-3, 4, (16, 16, 3))
    image = np.clip(value + noise, 0, 255)
    image[-1, 0] = value
    cv2.imwrite(str(path), image.astype(np.uint8))


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Lays out a release of `clips` clips of three images, with an empty cache and log; the release's folder.

    The images of clip n have the value 10 n, in the lower left corner exactly.
    """
    monkeypatch.setattr(sys, "path", [*sys.path, str(TOYS.parent)])
    monkeypatch.setenv("MERBENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MERBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TOYS_LOG", str(tmp_path / "log"))

    def lay_out(clips: int = 6) -> Path:
        release = tmp_path / "data" / "toys"
        for number in range(1, clips + 1):
            for image in (1, 2, 3):
                name = f"s{number % 3}-{number:04}-{EMOTIONS[number // 3 % 2]}"
                write_image(release / name / f"{image}.png", 10 * number % 250)
        return release

    return lay_out


@pytest.fixture
def both_homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with both releases of the dataset `both`, where MERBENCH_DATA points to."""
    root = tmp_path / "data"
    for name in ("release", "videos"):
        (root / name).mkdir(parents=True)
    monkeypatch.setenv("MERBENCH_DATA", str(root))
    return root


@pytest.fixture
def both(both_homes: Path) -> Registry:
    """What is registered with the plugin of that dataset."""
    return Registry(load(allow=(), files=[BOTH]))


@pytest.fixture
def computed(tmp_path: Path) -> Callable[[], list[str]]:
    """What was computed since it was last asked, a line for each clip, sorted."""
    log = tmp_path / "log"

    def lines() -> list[str]:
        found = sorted(log.read_text().splitlines()) if log.exists() else []
        log.unlink(missing_ok=True)
        return found

    return lines
