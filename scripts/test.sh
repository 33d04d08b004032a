#!/usr/bin/env bash
# Runs every stage, goes on after a failure, and says at the end what failed and how long each took.
# With names as arguments: only those stages; "lint" stands for those that run nothing.
set -uo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT" || exit 1
BINARY="${CARGO_TARGET_DIR:-$ROOT/target}/ci/tidegate"

LINT=(format clippy deny)
ALL=("${LINT[@]}" bindings native unit guests plugins python build schema toolkits e2e)

# Crates outside the workspace: what is compiled for guests, and for Python.
outside() {
    find plugin-sdk/bindgen plugin-sdk/rust plugins sdk-python/extension tests/*/plugins bench/plugins -name Cargo.toml -not -path '*/target/*'
}

stage_format() {
    local manifest status=0
    cargo fmt --all --check || status=1
    for manifest in $(outside); do cargo fmt --check --manifest-path "$manifest" || status=1; done
    return "$status"
}

sdk() {
    local command="$1"
    shift
    CARGO_TARGET_DIR="$ROOT/target/sdk" cargo "$command" --manifest-path plugin-sdk/rust/Cargo.toml --locked --quiet --all-features "$@"
}

# The extension of the Python worker. In its folder, where cargo finds that no Python is needed to build it.
extension() {
    local command="$1"
    shift
    (cd sdk-python/extension && CARGO_TARGET_DIR="$ROOT/target/sdk" cargo "$command" --locked --quiet "$@")
}

stage_clippy() {
    cargo clippy --workspace --all-targets --locked --quiet -- -D warnings && sdk clippy -- -D warnings &&
        extension clippy --all-targets -- -D warnings
}

# Advisories need a database from the network: `cargo deny check advisories` runs outside CI.
stage_deny() { cargo deny --offline --locked check --hide-inclusion-graph bans licenses sources; }

# The shared libraries that the stages after this load, and that the gateway's quickstart carries.
stage_native() { "$ROOT/scripts/build-native.sh"; }

# One profile for all that is compiled here, so that each library is compiled once.
units() {
    cargo nextest run --workspace --locked --cargo-profile ci --show-progress none --status-level slow \
        --final-status-level fail "$@"
}

stage_unit() { units && sdk test; }

# Whether the components beside their sources still do what the sources say: built anew, they play the same cases.
stage_guests() {
    local made="$ROOT/target/guests/packages"
    if ! "$ROOT/scripts/rust-wasm.sh" >/dev/null; then
        say 'warning: no toolchain for WASM here, so the components were not built anew and compared'
        return 0
    fi
    rm -rf "$made"
    "$ROOT/scripts/build-plugins.sh" --into "$made" &&
        TIDEGATE_GUESTS="$made" units \
            -E '(package(tidegate-gateway) and test(case_files) and not test(golden)) or package(tidegate-runtime-wasm)'
}

# What the plugins test of themselves, beside their cases; a Python plugin with what it imports.
stage_plugins() {
    local packages
    CARGO_TARGET_DIR="$ROOT/target/sdk" cargo test --locked --quiet --manifest-path plugins/pii-redact/Cargo.toml &&
        CARGO_TARGET_DIR="$ROOT/target/native" cargo test --release --locked --quiet --manifest-path plugins/hmac-auth/Cargo.toml ||
        return 1
    packages="$("$PLUGIN_VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')" &&
        PYTHONPATH="$ROOT/sdk-python/src:$packages" "$VENV/bin/python" -m pytest -q -p no:cacheprovider plugins/*/tests sdk-lua/tests
}

# The tests that start workers do so on both sides; the others are run on each.
stage_python() {
    local made="$ROOT/target/sdk/tidegate_worker.abi3.so" tests=(-m pytest -q -p no:cacheprovider sdk-python/tests)
    "$ROOT/scripts/build-extension.sh" "$made" || return 1
    TIDEGATE_PYTHON_EXT="$made" units -E 'package(tidegate-gateway) and test(in_python_meets)' || return 1
    TIDEGATE_PYTHON_EXT="$made" "$VENV/bin/python" "${tests[@]}" &&
        TIDEGATE_PYTHON_EXT="$made" "$VENV/bin/python" -X tidegate_worker="$made" "${tests[@]}" -k 'not pure and not extension'
}

# With the compiled part of the Python worker beside it, as it is shipped.
stage_build() {
    cargo build --profile ci --locked --quiet --workspace --bins &&
        "$ROOT/scripts/build-extension.sh" "$(dirname "$BINARY")/tidegate_worker.abi3.so"
}

# What is made of the types and tables: the schema of the configuration, and who serves what.
stage_schema() {
    diff -u docs/tidegate.schema.json <("$BINARY" schema) && diff -u docs/providers.md <("$BINARY" endpoints --page)
}

# Whether the bindings that toolkits keep, and the reference, are those of the contract.
stage_bindings() {
    CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$ROOT/target}/sdk" cargo test --locked --quiet --manifest-path plugin-sdk/bindgen/Cargo.toml &&
        "$ROOT/scripts/bindings.sh" --check
}

# Every language from its set-up to the verdicts: its own tests, the conformance plugin, and projects as authors make them.
stage_toolkits() {
    local language status=0
    for language in rust go cpp js python; do
        "$BINARY" plugin setup --lang "$language" >/dev/null || { status=1; say "the set-up failed: $language"; }
    done
    "$ROOT/scripts/toolkits.sh" "$BINARY" || status=1
    TIDEGATE_BIN="$BINARY" "$VENV/bin/python" -m pytest -c tests/pytest.ini tests/toolkits -n 2 --dist loadgroup || status=1
    return "$status"
}

stage_e2e() {
    TIDEGATE_BIN="$BINARY" "$VENV/bin/python" -m pytest -c tests/pytest.ini tests --ignore tests/toolkits -n 2 --dist loadgroup
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
