"""Milliseconds of one core that each handcrafted descriptor takes for a clip."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tests.benchmarks.row import Row

REPEATS = 21
SMALL = (12, 64, 64)  # frames, height, width
FACE = (10, 224, 224)


def run(reference: Path | None) -> list[Row]:
    """One row per descriptor and size; `reference` has no part in it."""
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        return [
            Row(what, f"{milliseconds(describe):.1f} ms", f"{size}, one core, median of {REPEATS}")
            for what, size, describe in (*_texture(), *_motion())
        ]
    finally:
        cv2.setNumThreads(threads)


def milliseconds(describe: Callable[[], np.ndarray]) -> float:
    """Median time of this thread on a processor; what other processes take does not count. A first call is left out."""
    times = []
    for _ in range(REPEATS + 1):
        started = time.thread_time()
        describe()
        times.append(time.thread_time() - started)
    return 1000 * statistics.median(times[1:])


def _texture() -> Iterator[tuple[str, str, Callable[[], np.ndarray]]]:
    from merbench_handcrafted.hog import hog_top, hog_top_histograms
    from merbench_handcrafted.lbp import Setting, lbp_sip, lbp_sip_histograms, lbp_top, lbp_top_histograms

    volume = _noise(*SMALL)
    eight = Setting(radii=(1, 1, 1), points=8, uniform=True)
    small = "grey {1}x{2}, {0} frames".format(*SMALL)
    yield "LBP-TOP, P 4, R 1/1/4", small, lambda: lbp_top_histograms(volume, Setting())
    yield "LBP-TOP, uniform P 8, R 1/1/1", small, lambda: lbp_top_histograms(volume, eight)
    yield "LBP-SIP, R 1/1/4", small, lambda: lbp_sip_histograms(volume, Setting())
    yield "HOG-TOP", small, lambda: hog_top_histograms(volume)

    frames = np.repeat(_noise(*FACE)[:, None], 3, 1)
    face = "colour {1}x{2}, {0} frames".format(*FACE)
    yield "lbp-top@megc2019", face, lambda: lbp_top(frames)
    yield "lbp-top@r3p8", face, lambda: lbp_top(frames, variant="r3p8")
    yield "lbp-sip@r114", face, lambda: lbp_sip(frames)
    yield "hog-top@hog", face, lambda: hog_top(frames)


def _motion() -> Iterator[tuple[str, str, Callable[[], np.ndarray]]]:
    from merbench_demo.video import render
    from merbench_handcrafted.biwoof import bi_woof, bi_woof_28
    from merbench_handcrafted.hoof import hoof, hoof_28
    from merbench_handcrafted.mdmo import mdmo

    flow = np.random.default_rng(0).normal(size=(2, 224, 224)).astype(np.float32)
    image = _noise(3, 28, 28).astype(np.float32)
    landmarks = render("s1", "c1", "negative", frames=1, onset=0, size=(224, 224), cropped=True).landmarks(0)
    yield "hoof", "flow 224x224", lambda: hoof(flow)
    yield "bi-woof", "flow 224x224", lambda: bi_woof(flow)
    yield "mdmo", "flow 224x224", lambda: mdmo(flow, landmarks)
    yield "hoof-28", "flow 28x28", lambda: hoof_28(image)
    yield "bi-woof-28", "flow 28x28", lambda: bi_woof_28(image)


def _noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
