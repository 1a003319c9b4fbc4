#!/usr/bin/env bash
# Makes the records of HTNet and CausalNet as published, three seeds each, on a GPU, in calls of a few minutes:
#   [WHEELS=DIR] [PRECISION=fp32] tests/benchmarks/gpu_records.sh OUT [MINUTES] [EARLIER.tar]
# Finished folds are saved in OUT/records.tar every 20 seconds. The next call gets this file as EARLIER.tar and goes on.
# A run ends with its record; `merbench leaderboard add` takes it. MINUTES: 9 unless given.
# MODELS, SEEDS, RECIPE, DEVICE and EXTRA (more arguments of `merbench run`) choose other runs.
# The policy inner trains twice, so that one run has the policies last, inner and oracle.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:?"usage: tests/benchmarks/gpu_records.sh OUT [MINUTES] [EARLIER.tar]"}
mkdir -p "$out"
out=$(cd "$out" && pwd)
earlier=${3:+$(realpath "$3")}
end=$((SECONDS + 60 * ${2:-9}))
. tests/benchmarks/gpu_setup.sh
: "${MERBENCH_REAL_DATA:?"names no folder with htnet-release and causalnet-release"}"
work=$(mktemp -d)
export XDG_CONFIG_HOME="$work/config" MERBENCH_CACHE="$work/cache"
mkdir "$work/results"
if [ -n "$earlier" ]; then tar -xf "$earlier" -C "$work/results"; fi

save() {
    tar -cf "$out/records.tar.new" -C "$work/results" . 2>/dev/null && mv "$out/records.tar.new" "$out/records.tar"
}

python3 -m merbench data add htnet-release "$MERBENCH_REAL_DATA/htnet-release"
python3 -m merbench data add causalnet-release "$MERBENCH_REAL_DATA/causalnet-release"
for model in ${MODELS:-htnet causalnet}; do
    dataset=composite
    if [ "$model" = causalnet ]; then dataset=composite-causalnet; fi
    for seed in ${SEEDS:-0 1 2}; do
        left=$((end - SECONDS))
        if [ "$left" -le 0 ]; then break 2; fi
        # shellcheck disable=SC2086  # EXTRA holds several arguments
        timeout --kill-after 10 "$left" python3 -m merbench run --model "$model" \
            --recipe "${RECIPE:-published}" --dataset "$dataset" --seed "$seed" --epoch-policy inner \
            --device "${DEVICE:-cuda}" --precision "${PRECISION:-fp32}" ${EXTRA:-} --out "$work/results" &
        run=$!
        while kill -0 "$run" 2>/dev/null; do
            sleep "${EVERY:-20}"
            save || true
        done
        wait "$run" || true
    done
done
save
rm -rf "$work"
