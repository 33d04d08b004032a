#!/usr/bin/env bash
# Runs every stage, goes on after a failure, and says at the end what failed and how long each took.
# With names as arguments: only those stages; "lint" stands for those that run nothing.
set -uo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT" || exit 1

LINT=(format clippy deny)
ALL=("${LINT[@]}" unit build schema e2e)

stage_format() { cargo fmt --all --check; }

stage_clippy() { cargo clippy --workspace --all-targets --locked --quiet -- -D warnings; }

# Advisories need a database from the network: `cargo deny check advisories` runs outside CI.
stage_deny() { cargo deny --offline --locked check --hide-inclusion-graph bans licenses sources; }

stage_unit() { cargo nextest run --workspace --locked --show-progress none --status-level slow --final-status-level fail; }

stage_build() { cargo build --release --locked --quiet -p tidegate-gateway; }

stage_schema() { diff -u docs/tidegate.schema.json <("$BINARY" schema); }

stage_e2e() {
    TIDEGATE_BIN="$BINARY" "$VENV/bin/python" -m pytest -c tests/pytest.ini tests -n 2 --dist loadgroup
}

results=()
failed=0

run_stage() {
    local name="$1" started=$SECONDS outcome=ok
    say "$name"
    "stage_$name" || { outcome=FAILED; failed=$((failed + 1)); }
    results+=("$(printf '%-8s %-6s %4d s' "$name" "$outcome" $((SECONDS - started)))")
}

main() {
    local stages=("$@")
    [ "${#stages[@]}" -eq 0 ] && stages=("${ALL[@]}")
    [ "${stages[*]}" = lint ] && stages=("${LINT[@]}")
    for stage in "${stages[@]}"; do run_stage "$stage"; done
    printf '\n'
    printf '%s\n' "${results[@]}"
    printf 'stages: %d passed, %d failed\n' $((${#results[@]} - failed)) "$failed"
    [ "$failed" -eq 0 ]
}

main "$@"
