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


def workers(gateway: Gateway) -> set[int]:
    """The children that live."""
    return {process.pid for process in children(gateway) if process.state != "Z"}


def zombies(gateway: Gateway) -> list[Process]:
    """The children that ended and that nobody waited for."""
    return [process for process in children(gateway) if process.state == "Z"]


def alive(*groups: int) -> list[Process]:
    """The processes of these groups; each worker leads one."""
    return [process for process in processes() if process.group in groups and process.state != "Z"]
