#!/usr/bin/env bash
# Builds the compiled part of the Python worker and puts it where it is wanted: scripts/build-extension.sh FILE.
# In its folder, where cargo finds that no Python is needed to build it.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ -n "${1:-}" ] || fail 'name the file to make, such as target/release/tidegate_worker.abi3.so'
export CARGO_TARGET_DIR="$ROOT/target/sdk"
(cd "$ROOT/sdk-python/extension" && cargo build --release --locked --quiet)
mkdir -p "$(dirname "$1")"
install -m 755 "$CARGO_TARGET_DIR/release/libtidegate_worker.so" "$1.new"
mv "$1.new" "$1"
