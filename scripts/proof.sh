#!/usr/bin/env bash
# The full counts: property tests with a million cases each, 50 kills of each store,
# end-to-end tests with the counts of their promises.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

cd "$ROOT"
cargo build --release --locked -p tidegate-gateway
TIDEGATE_PROOF=1 PROPTEST_CASES="${PROPTEST_CASES:-1000000}" \
    cargo nextest run --release --workspace --locked --profile proof --show-progress none
TIDEGATE_BIN="$BINARY" TIDEGATE_PROOF=1 \
    "$VENV/bin/python" -m pytest -c tests/pytest.ini tests --ignore tests/toolkits -o timeout=7200
"$BINARY" plugin setup --lang go
TIDEGATE_BIN="$BINARY" TIDEGATE_PROOF=1 "$VENV/bin/python" -m pytest -c tests/pytest.ini tests/toolkits/test_go_stress.py
