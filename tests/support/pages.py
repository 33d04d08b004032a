"""Pages whose commands a reader pastes, in order, into one shell: run, and what they printed."""

import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest

NEXT = "---- next block ----"
# What the pages listen on: the ports of the quickstart.
PORTS = (10000, 9901)


def blocks(page: pathlib.Path) -> list[tuple[str, str]]:
    """Language and text of each block of code."""
    return re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", page.read_text())


def commands(page: pathlib.Path) -> list[str]:
    return [text for language, text in blocks(page) if language == "sh"]


def shown(page: pathlib.Path) -> dict[int, str]:
    """What the page shows right below a block of commands, by the number of that block."""
    found, number = {}, -1
    for before, (language, text) in zip([("", ""), *blocks(page)], blocks(page)):
        number += language == "sh"
        if not language and before[0] == "sh":
            found[number] = text.strip()
    return found


def is_as_shown(page: str, printed: str) -> bool:
    """`…` on a page stands for what is left out."""
    return re.fullmatch(".*".join(map(re.escape, page.split("…"))), printed.strip(), re.DOTALL) is not None


def pasted(page: pathlib.Path, folder: pathlib.Path, binary: pathlib.Path, seconds: float = 300) -> list[str]:
    """What each block of commands printed in `folder`, with `tidegate` on the path."""
    tools = folder / ".tools"
    tools.mkdir()
    (tools / "tidegate").symlink_to(binary.resolve())
    script = f"\necho '{NEXT}'\n".join(commands(page))
    env = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "TIDEGATE_CACHE": str(tools / "cache")}
    done = subprocess.run(["sh"], input=script, capture_output=True, text=True, cwd=folder, env=env, timeout=seconds)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout.split(NEXT + "\n")


def end(folder: pathlib.Path):
    """Nothing of it is left, whatever went wrong. A page leaves the ids of what it starts in files; by now one may be another's."""
    for file in folder.glob("*.pid"):
        pid = file.read_text().strip()
        try:
            runs_here = pathlib.Path(f"/proc/{pid}/cwd").readlink() == folder.resolve()
        except OSError:
            continue
        if runs_here:
            os.kill(int(pid), signal.SIGKILL)


def skip_where_taken(ports=PORTS):
    """A page cannot be followed where another program listens on its ports."""
    for port in ports:
        if taken(port):
            pytest.skip(f"port {port} is in use on this machine, perhaps by a gateway of yours")


def taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
