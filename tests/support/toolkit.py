"""`tidegate plugin` as an author calls it."""

import os
import subprocess

from support.gateway import BINARY

# A compiler on a machine that has other things to do.
PATIENCE = 600


def tidegate(*arguments, folder=None, env=None, seconds=PATIENCE) -> subprocess.CompletedProcess:
    environment = {**os.environ, **(env or {})}
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=seconds, cwd=folder, env=environment)


def works(*arguments, folder=None, seconds=PATIENCE) -> str:
    """What it prints, where it ends well."""
    ended = tidegate(*arguments, folder=folder, seconds=seconds)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout
