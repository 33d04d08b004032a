# Every target does the set-up it needs first; on a machine that has everything that takes under a second.
.PHONY: run test lint proof bench setup clean

# A release build, then the gateway with its embedded quickstart: http://127.0.0.1:10000, key "demo".
run:
	@scripts/setup.sh build quickstart
	@scripts/run.sh

# All that must hold before a change lands; each stage with its time at the end.
test:
	@scripts/setup.sh build lint test
	@scripts/test.sh

# The fast part of it: formatting, clippy, cargo-deny.
lint:
	@scripts/setup.sh build lint
	@scripts/test.sh lint

# The long counts behind the promises of docs/threat-model.md; takes hours of CPU, not minutes.
proof:
	@scripts/setup.sh build test
	@scripts/proof.sh

# CPU for each request and plugin call beside nginx and haproxy, memory for each stream.
bench:
	@scripts/setup.sh build bench
	@bench/run.sh

# Everything that any target needs.
setup:
	@scripts/setup.sh build quickstart lint test bench

clean:
	cargo clean
	rm -rf .venv .venv-plugins tests/clients/node/node_modules
