#!/usr/bin/env bash
# Builds the gateway and runs it: with the arguments given, else with the embedded quickstart.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
cargo build --release --locked -p tidegate-gateway
exec "$BINARY" run "$@"
