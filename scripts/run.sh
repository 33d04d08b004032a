#!/usr/bin/env bash
# Builds the gateway and runs it: with the arguments given, else with the embedded quickstart.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
# The quickstart carries it; without it the quickstart has one plugin less.
scripts/build-native.sh plugins/hmac-auth || say 'warning: hmac-auth cannot be built here; the quickstart goes on without it'
cargo build --release --locked -p tidegate-gateway
scripts/build-extension.sh "$(dirname "$BINARY")/tidegate_worker.abi3.so" ||
    say 'warning: the compiled part of the Python worker cannot be built here; workers do without it'
if [ -x "$PLUGIN_VENV/bin/python" ]; then
    export TIDEGATE_QUICKSTART_PYTHON="${TIDEGATE_QUICKSTART_PYTHON:-$PLUGIN_VENV/bin/python}"
fi
exec "$BINARY" run "$@"
