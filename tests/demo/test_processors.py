"""The demo's features on another processor, as far as this one can act as if it were that."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np

# In one process with one thread, as a worker computes.
FEATURES = """
import cv2, threadpoolctl
from merbench.features.clip import ClipValues
from merbench.features.compute import arrays_digest
from merbench.features.resolve import resolve
from merbench.plugin.loading import load
from merbench.plugin.registry import Registry
from merbench_demo.release import DemoRelease

cv2.setNumThreads(1)
registry, clip = Registry(load(allow=())), "demo-a/a01/01"
values = ClipValues(clip, {"frames": DemoRelease(None).read("frames", clip)})
wanted = [resolve(name, registry, ["frames"], "demo", "htnet") for name in ("flow", "flow-28", "htnet-regions")]
print(arrays_digest([values.array(one) for one in wanted]))
"""
# What processors without vectors of 512 bits lack, in the words of each library.
FOUND = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
NARROW = {
    "NPY_DISABLE_CPU_FEATURES": " ".join(name for name in FOUND if name.startswith(("AVX512", "X86_V4"))),
    "OPENCV_CPU_DISABLE": "AVX512-SKX",
    "OPENCV_IPP": "avx2",
    "OPENBLAS_CORETYPE": "Haswell",
}


def digest(**environment: str) -> str:
    command = [sys.executable, "-c", FEATURES]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **environment})
    return done.stdout.strip()


def test_the_features_are_the_same_with_vectors_of_256_bits_as_with_wider_ones() -> None:
    wide = digest()
    assert len(wide) == 64
    assert digest(**NARROW) == wide
