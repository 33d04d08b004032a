#!/usr/bin/env bash
# Makes the bindings of the contract that the toolkits keep, and its reference, docs/plugins/reference.md.
# Usage: scripts/bindings.sh [bindings | reference] [--check]
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$ROOT/target}/sdk" \
    cargo run --quiet --locked --manifest-path "$ROOT/plugin-sdk/bindgen/Cargo.toml" -- "$@"
