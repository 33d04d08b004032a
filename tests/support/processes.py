"""Processes beside the gateway: the workers of its plugins, and what those started."""

import pathlib
from dataclasses import dataclass

from support.gateway import Gateway


@dataclass(frozen=True)
class Process:
    """A line of /proc; `state` is `R`, `S`, `T`, `Z` and so on."""

    pid: int
    state: str
    parent: int
    group: int
    name: str


def processes() -> list[Process]:
    """All that are there, zombies included."""
    found = (read(folder) for folder in pathlib.Path("/proc").glob("[0-9]*"))
    return [process for process in found if process]


def read(folder: pathlib.Path) -> Process | None:
    try:
        head, _, rest = (folder / "stat").read_text().rpartition(") ")
    except OSError:
        return None
    state, parent, group = rest.split()[:3]
    return Process(int(folder.name), state, int(parent), int(group), head.partition("(")[2])


def children(gateway: Gateway) -> list[Process]:
    """Whose parent is the gateway."""
    return [process for process in processes() if process.parent == gateway.process.pid]


# What ends the rest when the gateway is killed; before it has its own name it has that of /proc/self/exe.
GUARD = ("tidegate-guard", "exe")


def workers(gateway: Gateway) -> set[int]:
    """The children that live, without the guard."""
    return {process.pid for process in children(gateway) if process.state != "Z" and process.name not in GUARD}


def guards(gateway: Gateway) -> set[int]:
    """The one child that is none of them, where there is one."""
    return {process.pid for process in children(gateway) if process.state != "Z" and process.name in GUARD}


def zombies(gateway: Gateway) -> list[Process]:
    """The children that ended and that nobody waited for."""
    return [process for process in children(gateway) if process.state == "Z"]


def variables(pid: int) -> dict[str, str]:
    """The environment that a process began with."""
    try:
        pairs = pathlib.Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return {}
    return dict(pair.partition("=")[::2] for pair in pairs if pair)


def marked(folder: pathlib.Path) -> set[int]:
    """The workers of a gateway with this folder for temporary files, and all that they started, wherever it went since."""
    found = {process.pid: variables(process.pid) for process in processes() if process.state != "Z"}
    return {pid for pid, seen in found.items() if seen.get("TMPDIR") == str(folder) and "TIDEGATE_WORKER" in seen}


def alive(*groups: int) -> list[Process]:
    """The processes of these groups; each worker leads one."""
    return [process for process in processes() if process.group in groups and process.state != "Z"]


def cpu_seconds(gateway: Gateway) -> float:
    """What the threads of the gateway used of the processor so far, in its own code and in the kernel."""
    threads = pathlib.Path(f"/proc/{gateway.process.pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9
