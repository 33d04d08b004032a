"""The gateway under test: started on free ports with a configuration, watched, and stopped."""

import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import time

import httpx

from support.wait import until
from support.wire import Wire

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("TIDEGATE_BIN", ROOT / "target/release/tidegate"))
# Made once: httpx would read the system's certificates anew for every request, a tenth of a second each.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
LOOPBACK = {"listeners": [{"address": "127.0.0.1:0"}], "admin": {"address": "127.0.0.1:0"}}


def mock_config(**mock) -> dict:
    """A service without filters whose only cluster is the embedded model."""
    return proxy_config({"local": {"provider": "mock", **mock}})


def proxy_config(clusters: dict, filters: list | None = None, routes: list | None = None, **top) -> dict:
    """A service in front of `clusters`; without `routes` the first cluster gets everything. Native plugins are allowed."""
    routes = routes or [{"name": "all", "backends": [{"cluster": next(iter(clusters))}]}]
    service = {"name": "main", "hosts": ["*"], "filters": filters or [], "routes": routes}
    return {**LOOPBACK, "allow_native": True, "clusters": clusters, "virtual_services": [service], **top}


class Gateway:
    """A running gateway, without a configuration its quickstart. Leaving the context stops it and fails if it panicked."""

    def __init__(
        self,
        config: dict | str | None,
        files: dict[str, str] | None = None,
        env: dict | None = None,
        patience: float = 10,
    ):
        self.patience = patience
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tidegate-test-"))
        for name, text in (files or {}).items():
            (self.folder / name).write_text(text)
        self.config_file = self.folder / "tidegate.yaml"
        if config is not None:
            self.write(config)
        self.log: list[str] = []
        self.access: list[dict] = []
        self.process = self._start(env or {})
        self._readers = [self._follow(self.process.stderr, self._on_log), self._follow(self.process.stdout, self._on_access)]

    # -- life ---------------------------------------------------------------------------------------------------

    def __enter__(self) -> "Gateway":
        try:
            until(self._ready, f"the gateway's start; its log: {self.log}", self.patience)
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, kind, *_):
        self.stop()
        panics = [line for line in self.log if is_panic(line)]
        shutil.rmtree(self.folder, ignore_errors=True)
        if kind is None:
            assert not panics, f"the gateway panicked: {panics}"

    def stop(self, seconds: float = 40) -> int:
        """SIGTERM, then the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def wait(self, seconds: float = 40) -> int:
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the gateway did not end within {seconds} s") from None
        for reader in self._readers:
            reader.join(5)
        return code

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def signal(self, number: int):
        self.process.send_signal(number)

    # -- configuration ------------------------------------------------------------------------------------------

    def write(self, config: dict | str):
        """Saves the configuration as editors do: a new file renamed over the old."""
        text = config if isinstance(config, str) else json.dumps(config, indent=1)
        fresh = self.config_file.with_suffix(".new")
        fresh.write_text(text)
        fresh.rename(self.config_file)

    # -- addresses ----------------------------------------------------------------------------------------------

    @property
    def addresses(self) -> list[tuple[str, int]]:
        return self._bound("listening")

    @property
    def address(self) -> tuple[str, int]:
        return self.addresses[0]

    @property
    def admin_address(self) -> tuple[str, int]:
        return self._bound("admin listening")[0]

    @property
    def url(self) -> str:
        return url_of(self.address)

    @property
    def admin_url(self) -> str:
        return url_of(self.admin_address)

    # -- talking to it ------------------------------------------------------------------------------------------

    def wire(self, tls=None, index: int = 0) -> Wire:
        return Wire(self.addresses[index], tls=tls)

    def admin(self, method: str, path: str, **options) -> httpx.Response:
        return httpx.request(method, self.admin_url + path, timeout=10, verify=PLAIN, **options)

    def get(self, path: str, **options) -> httpx.Response:
        return httpx.get(self.url + path, timeout=20, verify=PLAIN, **options)

    def post(self, path: str, body, **options) -> httpx.Response:
        """Posts bytes as they are and anything else as JSON."""
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        return httpx.post(self.url + path, timeout=20, verify=PLAIN, **content, **options)

    def chat(self, model: str = "mock", text: str = "hello", headers: dict | None = None, **body) -> httpx.Response:
        """A plain chat completion; `headers` are the request's, the rest goes into its body."""
        messages = [{"role": "user", "content": text}]
        return self.post("/v1/chat/completions", {"model": model, "messages": messages, **body}, headers=headers)

    def metrics(self) -> dict[str, float]:
        """Every sample of `/metrics`, by name and labels as they stand there."""
        lines = self.admin("GET", "/metrics").text.splitlines()
        samples = (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, value in samples}

    def metric(self, name: str, **labels) -> float:
        """The sum of the samples of `name` that carry `labels`."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        return sum(
            value
            for sample, value in self.metrics().items()
            if sample.partition("{")[0] == name and all(part in sample for part in wanted)
        )

    # -- what it wrote ------------------------------------------------------------------------------------------

    def access_of(self, path: str, count: int = 1) -> list[dict]:
        """The lines of the access log for `path`, once there are `count` of them."""
        def found():
            lines = [line for line in self.access if line["path"].partition("?")[0] == path]
            return lines if len(lines) >= count else None

        return until(found, f"{count} access log line(s) for {path}")

    def log_has(self, text: str, seconds: float = 5) -> str:
        return until(lambda: next((line for line in self.log if text in line), None), f"a log line with {text!r}", seconds)

    # -- inside -------------------------------------------------------------------------------------------------

    def _start(self, env: dict) -> subprocess.Popen:
        command = [BINARY, "run", *(["-c", self.config_file] if self.config_file.exists() else [])]
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("RUST_", "TIDEGATE_"))}
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env={**clean, "RUST_BACKTRACE": "1", **env},
            text=True,
            errors="backslashreplace",
            # Without a terminal, so that what the gateway would tell there can be read here.
            start_new_session=True,
        )

    @staticmethod
    def _follow(stream, take) -> threading.Thread:
        # Only "\n" ends a line: str.splitlines would split where a log writer was fooled, and hide it.
        thread = threading.Thread(target=lambda: [take(line.rstrip("\n")) for line in stream], daemon=True)
        thread.start()
        return thread

    def _on_log(self, line: str):
        self.log.append(line)

    def _on_access(self, line: str):
        self.access.append(json.loads(line))

    def _ready(self) -> bool:
        if self.process.poll() is not None:
            time.sleep(0.1)
            raise AssertionError(f"the gateway ended with {self.process.returncode}: {self.log}")
        if not self._bound("listening") or not self._bound("admin listening"):
            return False
        return self.admin("GET", "/readyz").status_code == 200

    def _bound(self, message: str) -> list[tuple[str, int]]:
        found = []
        for line in list(self.log):
            # Read only where it may be one: a plugin can fill the log, and every request looks here for an address.
            if not line.startswith("{") or message not in line:
                continue
            entry = json.loads(line)
            if entry.get("message") == message and "address" in entry:
                host, port = re.fullmatch(r"\[?([^\]]+?)\]?:(\d+)", entry["address"]).groups()
                found.append((host, int(port)))
        return found


def url_of(address: tuple[str, int]) -> str:
    host, port = address
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_panic(line: str) -> bool:
    """Whether the gateway tells of a panic of its own; one inside of a plugin is a line of that plugin."""
    by_plugin = line.startswith("{") and line.endswith('"target":"tidegate_pipeline::services"}')
    return not by_plugin and ("panicked at" in line or '"panic' in line)


def run_tidegate(*arguments: str, cwd=None, env: dict | None = None) -> subprocess.CompletedProcess:
    """Runs a command that ends by itself."""
    return subprocess.run(
        [BINARY, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=30,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
    )
