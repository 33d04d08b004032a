"""Real servers as upstreams, each in a folder and on a port of its own, each telling what reached it."""

import json
import pathlib
import shutil
import socket
import subprocess
import tempfile

from support.upstream import Seen, Upstream, completion
from support.wait import until

SUPPORT = pathlib.Path(__file__).parent


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Server:
    """A program that serves on a port until the context ends."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tidegate-backend-"))
        self.port = free_port()
        self.output = self.folder / "output.log"
        self.log = self.folder / "seen.log"
        self.log.touch()

    def command(self) -> list:
        raise NotImplementedError

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self.start()
        return self

    def start(self):
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder
            )
        until(self._listens, f"the start of {type(self).__name__}")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _listens(self) -> bool:
        assert self.process.poll() is None, self.output.read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def seen(self) -> list[Seen]:
        """What reached the server; headers and bodies where it can tell."""
        entries = (json.loads(line) for line in self.log.read_text().splitlines())
        return [
            Seen(entry["method"], entry["target"], entry.get("headers", []), entry.get("body", "").encode("latin-1"), 0)
            for entry in entries
        ]


class Nginx(Server):
    """Answers `ok`, and under /v1 with files: plain (chat), chunked (completions) and 1 MiB (embeddings)."""

    def command(self) -> list:
        files = self.folder / "v1"
        (files / "chat").mkdir(parents=True)
        (files / "chat/completions").write_text(json.dumps(completion("from nginx")))
        (files / "completions").write_text(json.dumps({"object": "text_completion", "choices": [{"text": "x" * 20000}]}))
        (files / "embeddings").write_text(json.dumps({"object": "list", "data": [], "padding": "x" * (1 << 20)}))
        (self.folder / "nginx.conf").write_text(NGINX % {"folder": self.folder, "port": self.port})
        return ["nginx", "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"]


NGINX = """
daemon off;
master_process off;
pid nginx.pid;
events { worker_connections 512; }
http {
    log_format seen escape=json '{"method":"$request_method","target":"$request_uri"}';
    access_log seen.log seen;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    client_max_body_size 64m;
    server {
        listen 127.0.0.1:%(port)d;
        root %(folder)s;
        default_type application/json;
        location / { return 200 "ok"; }
        location /v1/ { error_page 405 =200 $uri; }
        # Server-side includes leave the length open, so nginx sends chunks.
        location = /v1/completions { ssi on; ssi_types *; error_page 405 =200 $uri; }
        location /status/ { if ($uri ~ "^/status/(503)") { return 503 "busy"; } return 502 "broken"; }
    }
}
"""


class Haproxy(Server):
    """Waits for the body, then answers `ok`."""

    def command(self) -> list:
        (self.folder / "haproxy.cfg").write_text(HAPROXY % self.port)
        self.log = self.output
        return ["haproxy", "-db", "-f", self.folder / "haproxy.cfg"]

    def seen(self) -> list[Seen]:
        lines = (line.split(" ") for line in self.output.read_text().splitlines() if line.startswith("seen "))
        return [Seen(method, target, [], b"", 0) for _, method, target in lines]


HAPROXY = """
global
    log stdout format raw local0
    maxconn 512
defaults
    mode http
    log global
    log-format "seen %%HM %%HU"
    option http-buffer-request
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    timeout http-request 10s
frontend in
    bind 127.0.0.1:%d
    http-request return status 200 content-type text/plain string ok
"""


class Node(Server):
    """node's own HTTP server; tells headers and body of each whole request."""

    def command(self) -> list:
        return ["node", SUPPORT / "server.mjs", str(self.port), self.log]


class H11(Upstream):
    """The same face over the recorder of this process, whose parser is h11."""

    def __init__(self):
        super().__init__(answer=lambda seen, reply: reply.send(200, b"ok"))

    def seen(self) -> list[Seen]:
        return list(self.requests)
