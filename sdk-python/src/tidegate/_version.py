"""What this package speaks, and who belongs to it."""

from __future__ import annotations

VERSION = "0.1.0"
# The worker protocol, and the contract of plugins.
PROTOCOL = 1
CONTRACT = "0.1"
