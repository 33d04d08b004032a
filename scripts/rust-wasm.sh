#!/usr/bin/env bash
# Makes DIR/bin/cargo-wasm, a cargo that builds for wasm32-unknown-unknown, without touching the machine's own Rust.
# Usage: scripts/rust-wasm.sh [DIR]; without DIR in the cache of tools. Quick where it was made before.
#
# Where the machine's Rust has the target, that is all that is used. Else Debian's rustc-web, its source and lld-19 are
# unpacked into DIR (160 MB to fetch, 1.2 GB unpacked, a minute), and guests build their own standard library: the source
# must be that of the very compiler, another version of the two fails with unknown intrinsics.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

TARGET=wasm32-unknown-unknown
HINT="install the target by hand, for example with \"rustup target add $TARGET\", then run this again"
DIR="${1:-$TOOLS/rust-wasm}"
mkdir -p "$DIR/bin"
DIR="$(cd "$DIR" && pwd)"

has_target() {
    local folder
    folder="$(rustc --print target-libdir --target "$TARGET" 2>/dev/null)" && ls "$folder"/libstd-*.rlib >/dev/null 2>&1
}

# Writes the wrapper from standard input. What it adds stands before what is asked for, where a `--` may end cargo's own.
wrapper() {
    cat >"$DIR/bin/.new"
    chmod +x "$DIR/bin/.new"
    mv "$DIR/bin/.new" "$DIR/bin/$1"
}

own_rust() {
    wrapper cargo-wasm <<W
#!/bin/sh
command="\$1"
shift
exec cargo "\$command" --target $TARGET "\$@"
W
}

candidate() { apt-cache policy "$1" 2>/dev/null | awk '/Candidate:/ && $2 != "(none)" {print $2}'; }

# Names of the packages with their versions, one a line: the library of the compiler and its LLVM follow from its version.
packages() {
    local version="$1" std llvm lld
    std="libstd-rust-web-$(cut -d. -f1,2 <<<"$version")"
    llvm="$(apt-cache show "$std=$version" | grep -oE '^Depends:.*' | grep -oE 'libllvm[0-9]+' | head -n 1)"
    lld="$(candidate lld-19)"
    [ -n "$llvm" ] && [ -n "$lld" ] || fail "Debian's packages for Rust $version are not complete; $HINT"
    printf '%s\n' "rustc-web=$version" "libstd-rust-web-dev=$version" "$std=$version" "rust-web-src=$version" "$llvm" \
        "lld-19=$lld" "libllvm19=$lld"
}

unpack() {
    local version="$1" list
    mapfile -t list < <(packages "$version")
    [ "${#list[@]}" -gt 0 ] || exit 1
    say "fetching Rust $version for $TARGET (once)"
    rm -rf "$DIR/deb" "$DIR/root"
    mkdir -p "$DIR/deb" "$DIR/root"
    (cd "$DIR/deb" && apt-get -qq download "${list[@]}")
    local package
    for package in "$DIR"/deb/*.deb; do dpkg -x "$package" "$DIR/root"; done
    rm -rf "$DIR/deb"
}

debian_rust() {
    has apt-get && has dpkg || fail "this Rust cannot build for $TARGET, and this is no Debian; $HINT"
    local version stamp="$DIR/.stamp"
    version="$(candidate rustc-web)"
    if [ -z "$version" ] && [ "$(id -u)" -eq 0 ]; then
        apt-get update -qq
        version="$(candidate rustc-web)"
    fi
    # An older one that was made goes on working when the lists of packages are gone.
    if [ -z "$version" ]; then
        [ -f "$stamp" ] && return
        fail "this Rust cannot build for $TARGET, and no package \"rustc-web\" is known; $HINT"
    fi
    if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$version" ]; then
        unpack "$version"
        wrappers
        "$DIR/bin/rustc-wasm" -V >&2
        printf '%s' "$version" >"$stamp"
    else
        wrappers
    fi
}

wrappers() {
    local libraries
    libraries="$(cd "$DIR"/root/usr/lib/*-linux-gnu && pwd)"
    wrapper rustc-wasm <<W
#!/bin/sh
export LD_LIBRARY_PATH="$libraries\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
exec "$DIR/root/usr/bin/rustc" "\$@"
W
    wrapper wasm-ld <<W
#!/bin/sh
export LD_LIBRARY_PATH="$libraries:$DIR/root/usr/lib/llvm-19/lib\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
exec "$DIR/root/usr/lib/llvm-19/bin/wasm-ld" "\$@"
W
    # The bootstrap switch is what lets a released compiler build the standard library.
    wrapper cargo-wasm <<W
#!/bin/sh
export RUSTC="$DIR/bin/rustc-wasm" RUSTC_BOOTSTRAP=1 CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER="$DIR/bin/wasm-ld"
command="\$1"
shift
exec cargo "\$command" --target $TARGET -Zbuild-std=std,panic_abort -Zbuild-std-features=optimize_for_size "\$@"
W
}

has cargo || fail 'cargo is missing: install Rust 1.95 or newer (https://rustup.rs), then run this again'
if has_target; then own_rust; else debian_rust; fi
printf '%s\n' "$DIR/bin/cargo-wasm"
