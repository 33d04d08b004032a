#!/usr/bin/env bash
# Measures the gateway beside nginx and haproxy: `bench/run.sh cpu|streams|hooks|moderation|translation|workers|toolkits|compile|routes|limits|all`. What the figures mean: README.md.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

cd "$ROOT"
scripts/build-native.sh bench/plugins/native
if [ -z "${TIDEGATE_BIN:-}" ]; then
    cargo build --release --locked --quiet -p tidegate-gateway
    export TIDEGATE_BIN="$BINARY"
fi
ulimit -n "$(ulimit -Hn)"
part="${1:-all}"
if [ "$part" = workers ]; then exec bench/workers.sh; fi
if [ "$part" = toolkits ]; then exec python3 -B bench/toolkits.py; fi
if [ "$part" = compile ]; then exec python3 -B bench/compile.py; fi
if [ "$part" = routes ]; then exec python3 -B bench/routes.py; fi
if [ "$part" = limits ]; then exec python3 -B bench/limits.py; fi
if [ "$part" = all ]; then
    bench/workers.sh
    python3 -B bench/toolkits.py
    python3 -B bench/compile.py
    python3 -B bench/routes.py
    python3 -B bench/limits.py
fi
# exec: a signal reaches the program that ends what it started.
exec python3 -B bench/main.py "$part"
