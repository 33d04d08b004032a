#!/usr/bin/env bash
# Builds the plugins of this repository that are shared libraries, and puts each beside its manifest. They belong to the machine
# that they were built on, so none is kept in the repository.
# Usage: scripts/build-native.sh [FOLDER...]; without folders all of them.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$ROOT/target}/native"

folders() {
    local manifest
    for manifest in plugins/*/plugin.toml tests/*/plugins/*/plugin.toml tests/*/plugins/*/*/plugin.toml bench/plugins/*/plugin.toml \
        examples/*/*/plugin.toml; do
        if [ -f "$manifest" ] && grep -q '^runtime = "native"' "$manifest"; then dirname "$manifest"; fi
    done
}

entry() { sed -n 's/^entry = "\(.*\)"$/\1/p' "$1/plugin.toml"; }

# The library has the name of the crate, with underscores.
library() {
    local name
    name="$(sed -n 's/^name = "\(.*\)"$/\1/p' "$1/Cargo.toml" | head -n 1 | tr - _)"
    printf '%s/release/lib%s.so' "$CARGO_TARGET_DIR" "$name"
}

# Whole or not at all, and a new file: the old one may be open in a gateway. Only where it is another one: the gateway's build
# looks at its time.
place() { cmp -s "$1" "$2" || { cp "$1" "$2.new" && chmod go-w "$2.new" && mv "$2.new" "$2"; }; }

build() {
    local folder="$1" made
    if [ -f "$folder/Cargo.toml" ]; then
        cargo build --quiet --release --locked --lib --manifest-path "$folder/Cargo.toml"
        made="$(library "$folder")"
    else
        made="$CARGO_TARGET_DIR/$(basename "$folder").so"
        mkdir -p "$CARGO_TARGET_DIR"
        "${CC:-cc}" -std=c11 -O2 -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden -Wl,-z,nodelete \
            -I plugin-sdk/abi/include -o "$made" "$folder"/*.c
    fi
    place "$made" "$folder/$(entry "$folder")"
}

list=("$@")
[ "${#list[@]}" -gt 0 ] || mapfile -t list < <(folders)
for folder in "${list[@]}"; do
    say "building $folder/$(entry "$folder")"
    build "${folder%/}"
done
