#!/usr/bin/env bash
# Installs what is missing for the named parts (build, quickstart, lint, test, bench): quick where nothing is.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

NEXTEST_VERSION=0.9.143
DENY_VERSION=0.20.2

wanted_packages=()

# Asks for a Debian package where its command is missing.
need() {
    local command="$1" package="$2"
    has "$command" || wanted_packages+=("$package")
}

part_build() {
    need cc gcc
    need make make
    has cargo || fail 'cargo is missing: install Rust 1.95 or newer (https://rustup.rs), then run this again'
}

# The quickstart goes on without Python, so what cannot be installed here is no failure.
part_quickstart() {
    if has apt-get && { [ "$(id -u)" -eq 0 ] || has sudo; }; then need_python; fi
}

part_lint() { :; }

need_python() {
    need python3 python3
    if ! has python3 || ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
        wanted_packages+=(python3-venv)
    fi
}

part_test() {
    need nginx nginx
    need haproxy haproxy
    need redis-server redis-server
    need redis-cli redis-tools
    need wrk wrk
    need node nodejs
    need npm npm
    need openssl openssl
    need c++ g++
    need_python
}

part_bench() {
    need nginx nginx
    need haproxy haproxy
    need wrk wrk
    need python3 python3
    nginx_has_lua || wanted_packages+=(libnginx-mod-http-lua lua-cjson)
}

# Two files that nginx loads: there is no command to ask for.
nginx_has_lua() {
    local modules
    modules="$(nginx -V 2>&1 | sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p')"
    [ -e "$modules/ngx_http_lua_module.so" ] && compgen -G '/usr/lib/*/lua/5.1/cjson.so' >/dev/null
}

after_build() { :; }

after_quickstart() {
    plugin_environment || say 'warning: no environment for Python plugins here; the quickstart goes on without its own'
}

after_lint() {
    cargo_tool cargo-deny "$DENY_VERSION"
    # cargo-deny reads the manifests of all crates in the lock file, those for other systems too.
    (cd "$ROOT" && cargo fetch --locked --quiet)
}

after_test() {
    cargo_tool cargo-nextest "$NEXTEST_VERSION"
    environment "$VENV" "$ROOT/tests/requirements.txt"
    packages_of_tests
    plugin_environment
    node_client
}

after_bench() { :; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif has sudo; then
        sudo "$@"
    else
        fail "cannot install ${wanted_packages[*]}: neither root nor sudo; have them installed, then run this again"
    fi
}

install_packages() {
    [ "${#wanted_packages[@]}" -eq 0 ] && return
    mapfile -t wanted_packages < <(printf '%s\n' "${wanted_packages[@]}" | sort -u)
    has apt-get || fail "please install these by hand, this is no Debian: ${wanted_packages[*]}"
    say "installing Debian packages: ${wanted_packages[*]}"
    as_root apt-get update -qq
    without_services as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${wanted_packages[@]}" >/dev/null
}

# Runs a command during which no package may start its service: nginx and haproxy would take ports 80 and others.
# Debian's own way: maintainer scripts ask policy-rc.d, and 101 means "not allowed". One that is there stays.
without_services() {
    local policy=/usr/sbin/policy-rc.d made=no status=0
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        made=yes
    fi
    "$@" || status=$?
    if [ "$made" = yes ]; then as_root rm -f "$policy"; fi
    return "$status"
}

cargo_tool() {
    local tool="$1" version="$2"
    has "$tool" && return
    say "building $tool $version (once, several minutes)"
    cargo install --quiet --locked --version "$version" --root "$TOOLS" "$tool"
}

# A Python environment with what these files list; made anew when they or the interpreter change. Chained: a caller may go on
# where it cannot be made, and `set -e` does not hold there.
environment() {
    local folder="$1" files=("${@:2}") stamp="$1/.stamp" state file
    state="$(python3 --version && cat "${files[@]}" | sha256sum)" || return 1
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$state" ] && return
    say "making the Python environment ${folder##*/}"
    rm -rf "$folder" && python3 -m venv "$folder" || return 1
    # One by one: where one file has hashes, all that is installed with it needs them.
    for file in "${files[@]}"; do
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -r "$file" || return 1
    done
    "$folder/bin/python" -m pip check --disable-pip-version-check >/dev/null &&
        printf '%s' "$state" >"$stamp"
}

# What plugins of the tests and examples import; quick where it is there.
packages_of_tests() { "$VENV/bin/python" "$ROOT/tests/support/environments.py"; }

plugin_environment() {
    environment "$PLUGIN_VENV" "$ROOT"/plugins/*/requirements.txt "$ROOT"/examples/*/*/requirements.txt
}

node_client() {
    local stamp="$NODE_CLIENT/node_modules/.stamp" state
    state="$(node --version; sha256sum <"$NODE_CLIENT/package-lock.json")"
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$state" ] && return
    say 'installing the Node client of the tests'
    (cd "$NODE_CLIENT" && npm ci --silent --ignore-scripts --no-audit --no-fund)
    printf '%s' "$state" >"$stamp"
}

main() {
    local part
    for part in "$@"; do "part_$part"; done
    install_packages
    for part in "$@"; do "after_$part"; done
}

main "${@:-build}"
