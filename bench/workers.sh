#!/usr/bin/env bash
# Prints what Python plugins in one and in two worker processes do a second, and how long requests take: 1, 16 and 100 at once,
# each with 1 KB of which the plugin reads two places. The gateway answers by itself. Needs TIDEGATE_BIN; `bench/run.sh workers`.
set -euo pipefail
# shellcheck source=scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"

folder="$(mktemp -d)"
gateway=''
end() {
    if [ -n "$gateway" ]; then kill "$gateway" 2>/dev/null && wait "$gateway" || true; fi
    gateway=''
}
trap 'end; rm -rf "$folder"' EXIT

cat >"$folder/chat.lua" <<'LUA'
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = '{"model":"m","temperature":0.5,"messages":[{"role":"user","content":"' .. string.rep("a", 900) .. '"}]}'
LUA

config() {
    printf '%s\n' 'listeners: [{address: "127.0.0.1:0"}]' 'admin: {address: "127.0.0.1:0"}' \
        'clusters: {local: {provider: mock, reply: ok}}' \
        "plugins: {reader: {path: \"$ROOT/bench/plugins/python-reader\", workers: $1}}" \
        'virtual_services:' \
        '  - name: all' \
        '    filters: [{plugin: {name: reader, config: {reads: pointers}}, timeout: 5s}]' \
        '    routes: [{name: all, backends: [{cluster: local}]}]' \
        'telemetry: {access_log: {format: "off"}}'
}

# The address of the listener, once it is there.
address() {
    local tries found
    for ((tries = 0; tries < 200; tries++)); do
        found="$(sed -n 's/.*"message":"listening","address":"\([^"]*\)".*/\1/p' "$1")"
        if [ -n "$found" ]; then printf '%s' "$found" && return; fi
        sleep 0.05
    done
    fail "the gateway does not listen: $(tail -n 3 "$1")"
}

measured() { awk -v key="$1" '$1 == key { print $2 }' "$2"; }

row() {
    local failed
    wrk -t1 -c"$2" -d"${DURATION:-3}s" --latency -s "$folder/chat.lua" "$3" >"$folder/out"
    failed="$(awk '/Non-2xx/ { print $NF }' "$folder/out")"
    printf '| %s | %s | %s | %s | %s | %s |\n' "$1" "$2" "$(measured Requests/sec: "$folder/out")" \
        "$(measured '50%' "$folder/out")" "$(measured '99%' "$folder/out")" "${failed:-0}"
}

printf '\n## Python workers\n\n| workers | at once | requests/s | half within | 99 %% within | refused |\n| ---: | ---: | ---: | ---: | ---: | ---: |\n'
for workers in 1 2; do
    config "$workers" >"$folder/tidegate.yaml"
    "$TIDEGATE_BIN" run -c "$folder/tidegate.yaml" 2>"$folder/log" &
    gateway=$!
    url="http://$(address "$folder/log")/v1/chat/completions"
    wrk -t1 -c4 -d1s -s "$folder/chat.lua" "$url" >/dev/null
    for clients in 1 16 100; do row "$workers" "$clients" "$url"; done
    end
done
