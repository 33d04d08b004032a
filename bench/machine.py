"""What the kernel knows of a process and its children: CPU time, waiting time, memory. And how to start and end one."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """What ends the bench, as one sentence for the person who started it."""


@dataclass(frozen=True)
class Cores:
    """Where what is measured runs, and where all that feeds it runs. With one core they are the same."""

    proxy: frozenset[int]
    load: frozenset[int]

    @staticmethod
    def split() -> "Cores":
        mine = sorted(os.sched_getaffinity(0))
        return Cores(frozenset(mine[-1:]), frozenset(mine[:-1] or mine))


@dataclass(frozen=True)
class Usage:
    """CPU time since start, in nanoseconds; user and kernel by ticks, `cpu` exactly."""

    cpu: dict[tuple[int, int], int]
    waited: dict[tuple[int, int], int]
    user: int
    kernel: int

    def since(self, before: "Usage") -> "Spent":
        return Spent(
            cpu=_growth(self.cpu, before.cpu),
            waited=_growth(self.waited, before.waited),
            user=self.user - before.user,
            kernel=self.kernel - before.kernel,
        )


@dataclass(frozen=True)
class Spent:
    """What was used between two readings, in nanoseconds. `waited`: ready to run, but the core was taken."""

    cpu: int
    waited: int
    user: int
    kernel: int

    @property
    def kernel_share(self) -> float:
        return self.kernel / max(1, self.user + self.kernel)


def _growth(now: dict[tuple[int, int], int], before: dict[tuple[int, int], int]) -> int:
    return sum(value - before.get(thread, 0) for thread, value in now.items())


class Process:
    """A program that this bench started, on its cores, with its output in files."""

    def __init__(self, name: str, argv: list[str], cores: frozenset[int], folder: Path) -> None:
        self.name = name
        self.stdout = folder / f"{name}.stdout"
        self.stderr = folder / f"{name}.stderr"
        with self.stdout.open("wb") as out, self.stderr.open("wb") as err:
            self._child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                preexec_fn=lambda: os.sched_setaffinity(0, cores),
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    def alive(self) -> bool:
        return self._child.poll() is None

    def pids(self) -> list[int]:
        """The process and its descendants."""
        found, open_ = [], [self.pid]
        while open_:
            pid = open_.pop()
            found.append(pid)
            open_ += _children(pid)
        return found

    def usage(self) -> Usage:
        cpu, waited, user, kernel = {}, {}, 0, 0
        for pid in self.pids():
            for thread in _threads(pid):
                ran, ready = _schedstat(pid, thread)
                cpu[pid, thread], waited[pid, thread] = ran, ready
            ticks = _stat(pid)
            user += ticks[0]
            kernel += ticks[1]
        return Usage(cpu, waited, user, kernel)

    def resident_kb(self) -> int:
        return sum(_memory_kb(pid, "VmRSS") for pid in self.pids())

    def forget_peak(self) -> None:
        """From now on `peak_kb` is what was resident since; clear_refs(5), see proc_pid_clear_refs."""
        for pid in self.pids():
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def peak_kb(self) -> int:
        """The most that was resident, by the kernel's own count: no look between two others can miss it."""
        return sum(_memory_kb(pid, "VmHWM") for pid in self.pids())

    def stop(self) -> None:
        if not self.alive():
            return
        self._child.terminate()
        try:
            self._child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def last_words(self) -> str:
        return self.stderr.read_text(errors="replace")[-2000:].strip()


@contextmanager
def running(name: str, argv: list[str], cores: frozenset[int], folder: Path) -> Iterator[Process]:
    """Starts a program and ends it with the block, however the block ends."""
    try:
        process = Process(name, argv, cores, folder)
    except FileNotFoundError as missing:
        raise BenchError(f'"{argv[0]}" is not installed; run `make setup`') from missing
    try:
        yield process
    finally:
        process.stop()


def wait_for_port(process: Process, port: int, seconds: float = 10) -> None:
    """Until something accepts on the port."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.alive():
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise BenchError(f'"{process.name}" does not accept on port {port}: {process.last_words()}')


def stolen_seconds(cores: frozenset[int]) -> float:
    """How long the host kept these cores from running, since start; some kernels bill that to whoever ran."""
    ticks = 0
    for line in _read("/proc/stat").splitlines():
        fields = line.split()
        if fields and fields[0] in {f"cpu{core}" for core in cores}:
            ticks += int(fields[8])
    return ticks / TICKS_A_SECOND


def free_port() -> int:
    """A port that is free now; taken by the next program that is told to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _threads(pid: int) -> list[int]:
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    except FileNotFoundError:
        return []


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for thread in _threads(pid):
        found += [int(child) for child in _read(f"/proc/{pid}/task/{thread}/children").split()]
    return found


def _schedstat(pid: int, thread: int) -> tuple[int, int]:
    fields = _read(f"/proc/{pid}/task/{thread}/schedstat").split()
    return (int(fields[0]), int(fields[1])) if fields else (0, 0)


def _stat(pid: int) -> tuple[int, int]:
    """User and kernel time of all threads, ended ones included."""
    # The second field is the program's name, which may hold spaces and brackets.
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if not fields:
        return 0, 0
    nanoseconds = 1_000_000_000 // TICKS_A_SECOND
    return int(fields[11]) * nanoseconds, int(fields[12]) * nanoseconds


def _memory_kb(pid: int, field: str) -> int:
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    return 0


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""
