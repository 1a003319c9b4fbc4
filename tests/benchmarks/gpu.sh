#!/usr/bin/env bash
# Runs the benchmark of GPUs on a machine that has nothing but a checkout and Python:
#   [WHEELS=DIR] [REFERENCE=DIR] tests/benchmarks/gpu.sh OUT [MINUTES]
# OUT gets gpu.json, which is saved after each part. No part begins after MINUTES (default: 9).
# WHEELS holds wheels for a machine without a package index: merbench's own, and those of its dependencies that the
# machine lacks. Without WHEELS, pip gets what is missing. REFERENCE holds a clone of HTNet.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:?"usage: tests/benchmarks/gpu.sh OUT [MINUTES]"}
. tests/benchmarks/gpu_setup.sh
python3 -m tests.benchmarks.gpu --out "$out" --minutes "${2:-9}" ${REFERENCE:+--reference "$REFERENCE"}
