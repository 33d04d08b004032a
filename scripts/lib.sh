# shellcheck shell=bash disable=SC2034
# Shared by the scripts beside it: where things are, and how they speak. Sourced, not run.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
# Outside the checkout, so that a fresh clone on the same machine need not build the tools again.
TOOLS="${TIDEGATE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/tidegate/tools}"
VENV="$ROOT/.venv"
# What the Python plugins of this repository import.
PLUGIN_VENV="$ROOT/.venv-plugins"
NODE_CLIENT="$ROOT/tests/clients/node"
BINARY="${CARGO_TARGET_DIR:-$ROOT/target}/release/tidegate"

# cargo-deny and cargo-nextest as installed by setup.sh come first; what the machine has comes next.
export PATH="$TOOLS/bin:$PATH:/usr/sbin:/sbin"

say() { printf '== %s\n' "$*" >&2; }

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }
