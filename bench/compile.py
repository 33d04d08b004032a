"""What requests wait while a component of megabytes is compiled beside them, by `bench/run.sh compile`.

A gateway with two workers and one Lua filter answers one request after another, 200 a second, for a while; then a component in Go joins
its configuration, compiled anew, and requests go on until it is live; then the same again. Latencies are wall time: the machine should do
nothing else, and the one that sends needs a core of its own.
"""

import json
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.request
from http.client import HTTPConnection

from machine import free_port

BINARY = os.environ["TIDEGATE_BIN"]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SECONDS = 5
PAUSE = 1 / 200
LONGEST = 120
BODY = json.dumps({"model": "m", "messages": [{"role": "user", "content": "all quiet on the gateway " * 40}]})
WORDS = {"words": ["secret"]}


def plugin(name: str) -> dict:
    return {"plugin": {"name": name, "config": WORDS}}


def configuration(port: int, admin: int, plugins: dict[str, pathlib.Path]) -> str:
    route = {"name": "all", "backends": [{"cluster": "mock"}], "filters": [plugin("lua")]}
    other = {"name": "other", "match": {"model": "never"}, "backends": [{"cluster": "mock"}], "filters": [plugin("go")]}
    return json.dumps({
        "listeners": [{"address": f"127.0.0.1:{port}"}],
        "admin": {"address": f"127.0.0.1:{admin}"},
        "workers": 2,
        "telemetry": {"access_log": {"format": "off"}},
        "clusters": {"mock": {"provider": "mock"}},
        "plugins": {name: {"path": str(folder)} for name, folder in plugins.items()},
        "virtual_services": [{"name": "main", "hosts": ["*"], "routes": [other, route] if "go" in plugins else [route]}],
    })  # fmt: skip


class Load:
    """One connection."""

    def __init__(self, port: int):
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)

    def once(self) -> float:
        began = time.perf_counter()
        self.connection.request("POST", "/v1/chat/completions", BODY, {"content-type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{answer.status}: {text[:200]}")
        return time.perf_counter() - began

    def until(self, over) -> list[float]:
        taken = []
        while not over():
            taken.append(self.once())
            time.sleep(PAUSE)
        return taken


def live(admin: int) -> set[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/v1/plugins") as answer:
        return {one["name"] for one in json.load(answer)["plugins"] if one.get("digest")}


def ready(admin: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{admin}/readyz") as answer:
            return answer.status == 200
    except OSError:
        return False


def measured(home: pathlib.Path, plugins: dict[str, pathlib.Path]) -> tuple[list[float], list[float], float]:
    """Latencies in peace and while the component is compiled, and how long that took."""
    port, admin, file = free_port(), free_port(), home / "tidegate.yaml"
    file.write_text(configuration(port, admin, {"lua": plugins["lua"]}))
    with tempfile.TemporaryDirectory() as cache:
        process = subprocess.Popen([BINARY, "run", "-c", file], env={**os.environ, "TIDEGATE_CACHE": cache}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not ready(admin):
                time.sleep(0.05)
            load = Load(port)
            warm = time.monotonic() + 1
            load.until(lambda: time.monotonic() > warm)
            end = time.monotonic() + SECONDS
            peace = load.until(lambda: time.monotonic() > end)
            began = time.monotonic()
            file.write_text(configuration(port, admin, plugins))
            looked = [began]

            def over() -> bool:
                if time.monotonic() - looked[0] < 0.1:
                    return False
                looked[0] = time.monotonic()
                if looked[0] - began > LONGEST:
                    raise SystemExit(f"the component was not live within {LONGEST} s")
                return "go" in live(admin)

            beside = load.until(over)
            return peace, beside, time.monotonic() - began
        finally:
            process.terminate()
            process.wait(60)


def at(taken: list[float], share: float) -> float:
    return sorted(taken)[min(int(len(taken) * share), len(taken) - 1)] * 1000


def main():
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        plugins = {language: home / f"{language}-filter" for language in ("lua", "go")}
        for language, place in plugins.items():
            for arguments in (["new", "--lang", language, place], ["build", place]):
                subprocess.run([BINARY, "plugin", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)
        for number in range(ROUNDS):
            peace, beside, took = measured(home, plugins)
            cells = [f"{at(taken, share):.2f} ms" for share in (0.5, 0.99) for taken in (peace, beside)]
            rows.append([str(number + 1), f"{took:.1f} s", *cells, f"{at(beside, 0.99) / at(peace, 0.99):.2f}"])
    head = ["round", "compiled in", "median before", "median beside", "p99 before", "p99 beside", "ratio of p99"]
    print("\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows]))


if __name__ == "__main__":
    main()
