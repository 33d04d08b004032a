#!/usr/bin/env bash
# The tests that each toolkit has of itself, then the conformance plugin in its language: built as authors build theirs, and
# played by the gateway. Usage: scripts/toolkits.sh BINARY [LANGUAGE...]; goes on after a failure.
set -uo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT" || exit 1

BINARY="$1"
MADE="${CARGO_TARGET_DIR:-$ROOT/target}/toolkits"
CONFORMANCE=tests/conformance/plugins
shift
languages=("$@")
[ "${#languages[@]}" -gt 0 ] || languages=(go cpp js python-wasm)

go_of() { command -v go || printf '%s/go/bin/go' "$TOOLS"; }

own_go() { (cd sdk-go-wasm && GOFLAGS=-mod=mod "$(go_of)" vet ./... && GOFLAGS=-mod=mod "$(go_of)" test ./...); }

own_cpp() {
    cmake -S sdk-cpp-wasm -B "$MADE/cpp" --log-level=WARNING && cmake --build "$MADE/cpp" -- --quiet &&
        ctest --test-dir "$MADE/cpp" --output-on-failure
}

# The packages are those that the set-up installed.
own_js() {
    rm -rf "$MADE/js" && mkdir -p "$MADE/js" && cp -r sdk-js-wasm "$MADE/js/" && rm -rf "$MADE/js/sdk-js-wasm/node_modules" &&
        ln -s "$TOOLS/js/node_modules" "$MADE/js/sdk-js-wasm/node_modules" &&
        (cd "$MADE/js/sdk-js-wasm" && npm test --silent && npm run types --silent)
}

# Its tests are those of the worker, which another stage runs.
own_python-wasm() { :; }

# Sources that two packages share come from the first.
package() {
    local language="$1"
    if [ "$language" = python-wasm ]; then
        mkdir -p "$MADE/python-wasm"
        cp "$CONFORMANCE"/python/*.py "$CONFORMANCE"/python-wasm/plugin.toml "$MADE/python-wasm/"
        printf '%s' "$MADE/python-wasm"
    else
        printf '%s' "$CONFORMANCE/$language"
    fi
}

conforms() {
    local folder
    folder="$(package "$1")" && "$BINARY" plugin build "$folder" &&
        "$BINARY" plugin test "$folder" --cases tests/conformance/cases | grep -v '^ok '
}

status=0
for language in "${languages[@]}"; do
    say "toolkit $language"
    "own_$language" >&2 || { status=1; say "the tests of the toolkit failed: $language"; }
    conforms "$language" || { status=1; say "the conformance plugin failed: $language"; }
done
exit "$status"
