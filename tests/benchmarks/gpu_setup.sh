# Sourced by the scripts beside it, in the root of the checkout: makes merbench and this checkout's code importable.
# The machine's own torch is used if it has one, because it fits the machine's driver.
if [ -n "${WHEELS:-}" ]; then
    site=$(mktemp -d)
    python3 -m pip install --quiet --no-index --no-deps --no-compile --target "$site" "$WHEELS"/*.whl
    export PYTHONPATH="$PWD:$PWD/plugins:$site"
elif ! python3 -c "import merbench" 2>/dev/null; then
    python3 -m venv --system-site-packages .venv-gpu
    . .venv-gpu/bin/activate
    python3 -m pip install --quiet -e .
    export PYTHONPATH="$PWD:$PWD/plugins"
fi
for data in "${MERBENCH_REAL_DATA:-}" shared/data ../shared/data; do
    if [ -n "$data" ] && [ -d "$data/htnet-release" ]; then
        MERBENCH_REAL_DATA=$(cd "$data" && pwd)
        export MERBENCH_REAL_DATA
        break
    fi
done
