#!/usr/bin/env bash
# Builds the plugins of this repository that are Rust compiled to WASM, and puts each component beside its source.
# Usage: scripts/build-plugins.sh [--into DIR] [FOLDER...]; without folders all of them. With --into the repository is left
# alone: DIR gets a copy of each package with the new component in it, and tests take it from there with TIDEGATE_GUESTS=DIR.
# So it can be told whether what is kept still does what its source says; bytes differ from compiler to compiler.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"

# One target folder for all, so that the standard library and the SDK are compiled once.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$ROOT/target}/guests"
OUT="$CARGO_TARGET_DIR/wasm32-unknown-unknown/release"

into=''

# Folders with a manifest of a WASM plugin and a crate beside it.
folders() {
    local manifest folder
    for manifest in plugins/*/plugin.toml tests/hostile/plugins/*/plugin.toml tests/hostile/plugins/*/*/plugin.toml \
        tests/conformance/plugins/*/plugin.toml bench/plugins/*/plugin.toml; do
        [ -f "$manifest" ] || continue
        folder="$(dirname "$manifest")"
        if grep -q '^runtime = "wasm"' "$manifest" && [ -f "$folder/Cargo.toml" ]; then printf '%s\n' "$folder"; fi
    done
}

entry() { sed -n 's/^entry = "\(.*\)"$/\1/p' "$1/plugin.toml"; }

# The core module has the name of the crate, with underscores.
core() { printf '%s/%s.wasm' "$OUT" "$(sed -n 's/^name = "\(.*\)"$/\1/p' "$1/Cargo.toml" | head -n 1 | tr - _)"; }

# Paths of this machine have no place in an artefact, and would make two builds of one source differ.
remap() {
    local crates toolchain
    toolchain="$(cd "$(dirname "$CARGO_WASM")/.." && pwd)"
    printf '%s ' "--remap-path-prefix=$ROOT=." "--remap-path-prefix=$toolchain/root/usr/lib/rustlib/src/rust=/rust"
    for crates in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do printf '%s ' "--remap-path-prefix=$crates=/crates"; done
}

build() {
    local folder="$1" made name
    name="$(entry "$folder")"
    [ -n "$name" ] || fail "$folder/plugin.toml names no entry"
    say "building $folder/$name"
    RUSTFLAGS="$(remap)" "$CARGO_WASM" build --quiet --release --locked --lib --manifest-path "$folder/Cargo.toml"
    made="$OUT/component-$name"
    "$COMPONENTIZE" "$(core "$folder")" "$made" "$folder/plugin.toml"
    place "$made" "$folder" "$name"
}

place() {
    local made="$1" folder="$2" name="$3" target="$2"
    if [ -n "$into" ]; then
        target="$into/$folder"
        mkdir -p "$target"
        cp -r "$folder"/plugin.toml "$target/"
        local file
        for file in "$folder"/*.schema.json "$folder"/cases; do
            if [ -e "$file" ]; then cp -r "$file" "$target/"; fi
        done
    fi
    mv "$made" "$target/$name"
}

if [ "${1:-}" = --into ]; then
    [ -n "${2:-}" ] || fail '"--into" needs a folder'
    mkdir -p "$2"
    into="$(cd "$2" && pwd)"
    shift 2
fi
CARGO_WASM="$("$ROOT/scripts/rust-wasm.sh")"
CARGO_TARGET_DIR="${CARGO_TARGET_DIR%/guests}" cargo build --quiet --locked -p tidegate-toolkit --example componentize
COMPONENTIZE="${CARGO_TARGET_DIR%/guests}/debug/examples/componentize"
list=("$@")
[ "${#list[@]}" -gt 0 ] || mapfile -t list < <(folders)
for folder in "${list[@]}"; do build "${folder%/}"; done
