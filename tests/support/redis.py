"""Servers of Redis: one, a cluster, or one that a sentinel watches; each in a folder and on a port of its own."""

import contextlib
import signal
import subprocess
from collections.abc import Iterator

from support.backends import Server, free_port
from support.wait import until

# Each command is in the file before it is answered.
DURABLE = ("--appendonly", "yes", "--appendfsync", "always")


class Redis(Server):
    """A server that forgets everything when it ends, unless it is `DURABLE`; it can be killed, hung and started again."""

    def __init__(self, *options: str):
        super().__init__()
        self.options = options

    def command(self) -> list:
        own = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", self.folder, "--save", ""]
        return ["redis-server", *own, *self.options]

    def __exit__(self, *_):
        self.resume()
        super().__exit__()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def store(self, **settings) -> dict:
        """The gateway's store on this server."""
        return {"redis": {"address": self.address, **settings}}

    def ask(self, *words: str) -> str:
        """A command's answer as `redis-cli` shows it."""
        return cli("-p", str(self.port), *words)

    def pipe(self, commands: bytes):
        """Many commands at once, as the protocol has them."""
        argv = ["redis-cli", "-p", str(self.port), "--pipe"]
        told = subprocess.run(argv, input=commands, capture_output=True, timeout=60, check=True).stdout
        assert b"errors: 0" in told, told

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def hang(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def _listens(self) -> bool:
        """Whether it answers: one that still reads its files listens already."""
        return super()._listens() and self.ask("PING") == "PONG"


class Sentinel(Redis):
    """Watches a server under the name `tide`, and soon makes its replica the master where it is gone."""

    def __init__(self, watched: Redis):
        super().__init__()
        self.watched = watched

    def command(self) -> list:
        file = self.folder / "sentinel.conf"
        file.write_text(SENTINEL % {"port": self.port, "folder": self.folder, "watched": self.watched.port})
        return ["redis-server", file, "--sentinel"]

    def store(self, **settings) -> dict:
        return {"redis": {"sentinel": {"master": "tide", "addresses": [self.address]}, **settings}}


SENTINEL = """
bind 127.0.0.1
port %(port)d
dir %(folder)s
sentinel monitor tide 127.0.0.1 %(watched)d 1
sentinel down-after-milliseconds tide 300
sentinel failover-timeout tide 2000
"""


@contextlib.contextmanager
def cluster() -> Iterator[list[Redis]]:
    """Three masters."""
    with contextlib.ExitStack() as stack:
        node = lambda: Redis("--cluster-enabled", "yes", "--cluster-port", str(free_port()))  # noqa: E731
        nodes = [stack.enter_context(node()) for _ in range(3)]
        cli("--cluster", "create", *(node.address for node in nodes), "--cluster-replicas", "0", "--cluster-yes")
        until(lambda: all("cluster_state:ok" in node.ask("CLUSTER", "INFO") for node in nodes), "the cluster")
        yield nodes


def cli(*words: str) -> str:
    return subprocess.run(["redis-cli", *words], capture_output=True, text=True, timeout=30).stdout.strip()
