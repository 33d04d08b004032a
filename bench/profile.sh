#!/usr/bin/env bash
# Prints the functions that the gateway spends its time in under load; never fails for want of a profiler.
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/run.sh" profile
