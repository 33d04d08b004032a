"""What a plugin costs in each language, from an empty folder to a call: one table, by `bench/run.sh toolkits`.

Every language gets the same moderation filter, as `tidegate plugin new` writes it. Times of builds and saves are wall time; the
machine should do nothing else. Standard library alone, so that it runs where the gateway does.
"""

import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request

from machine import free_port

BINARY = os.environ["TIDEGATE_BIN"]
LANGUAGES = ("rust", "go", "cpp", "js", "python", "lua", "native")
SOURCE = {"rust": "src/lib.rs", "native": "src/lib.rs", "go": "plugin.go", "cpp": "plugin.cpp", "js": "plugin.ts", "python": "plugin.py", "lua": "plugin.lua"}
SIZES = {"1 KB": 1024, "16 KB": 16 * 1024}
SAVES = 5
COLUMNS = ("new", "setup", "build", "again", "artefact", "load", "cached", "memory", "first 1 KB", "1 KB", "p99", "16 KB", "p99", "save", "of it built")


def run(*arguments, folder=None) -> tuple[float, str]:
    began = time.monotonic()
    ended = subprocess.run([BINARY, "plugin", *map(str, arguments)], cwd=folder, capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(f"plugin {' '.join(map(str, arguments))}: {ended.stderr}")
    return time.monotonic() - began, ended.stdout


def timed(folder: pathlib.Path, size: int) -> dict:
    """`plugin bench` of a prompt of that size that passes."""
    with tempfile.TemporaryDirectory() as cases:
        content = ("all quiet on the gateway " * (size // 25 + 1))[:size]
        case = {"name": "a prompt", "config": {"words": ["secret", "forbidden"]}, "steps": [{"hook": "moderate_input", "in": {"texts": [{"content": content}]}, "out": "allow"}]}
        (pathlib.Path(cases) / "prompt.json").write_text(json.dumps(case))
        return json.loads(run("bench", "--json", "--cases", cases, folder=folder)[1])


class Dev:
    """`plugin dev`, and when what was saved is live."""

    def __init__(self, folder: pathlib.Path):
        self.folder, self.admin = folder, free_port()
        command = [BINARY, "plugin", "dev", folder, "--port", free_port(), "--admin-port", self.admin]
        self.process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.lines: list[str] = []
        threading.Thread(target=lambda: self.lines.extend(iter(self.process.stderr.readline, "")), daemon=True).start()

    def digest(self) -> str | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/v1/plugins", timeout=5) as answer:
                return json.load(answer)["plugins"][0]["digest"]
        except OSError:
            return None

    def save(self, source: pathlib.Path, number: int) -> float:
        before, text = self.digest(), source.read_text()
        assert "is not allowed" in text or number, "the template says something else"
        changed = re.sub(r"is not (allowed|wanted\w*)", f"is not wanted{number}", text)
        began = time.monotonic()
        source.write_text(changed)
        while self.digest() == before:
            if time.monotonic() - began > 300:
                raise SystemExit("".join(self.lines))
            time.sleep(0.005)
        return time.monotonic() - began

    def saves(self, source: pathlib.Path) -> tuple[float, float | None]:
        """From a save to what is live, and the part of it that the language's own compiler took; medians."""
        try:
            while self.digest() is None:
                if self.process.poll() is not None:
                    raise SystemExit("".join(self.lines))
                time.sleep(0.05)
            first = len(self.lines)
            taken = [self.save(source, number) for number in range(SAVES)]
            built = [float(found[1]) for line in self.lines[first:] if (found := re.search(r"compiled in ([0-9.]+) s", line))]
            return statistics.median(taken), statistics.median(built) if built else None
        finally:
            self.process.terminate()
            self.process.wait(60)


def row(language: str, home: pathlib.Path) -> list[str]:
    folder = home / f"{language}-filter"
    new, _ = run("new", "--lang", language, folder)
    setup, _ = run("setup", "--lang", language)
    build, told = run("build", folder=folder)
    again, _ = run("build", folder=folder)
    size = re.search(r"(\d+) bytes", told)
    runs = {name: timed(folder, size) for name, size in SIZES.items()}
    cold, warm = runs["1 KB"], runs["16 KB"]
    hook, large = cold["hooks"]["moderate_input"], warm["hooks"]["moderate_input"]
    save, built = Dev(folder).saves(folder / SOURCE[language])
    micro = lambda value: f"{value:.1f} us" if value < 1000 else f"{value / 1000:.1f} ms"
    return [
        f"{new:.2f} s", f"{setup:.1f} s", f"{build:.1f} s", f"{again:.1f} s",
        f"{int(size[1]) / 1024:.0f} KB" if size else "source", micro(cold["loaded"]), micro(warm["loaded"]),
        f"{warm['memory'] / 1024:.0f} KB", micro(hook["first"]), micro(hook["median"]), micro(hook["p99"]), micro(large["median"]), micro(large["p99"]),
        f"{save:.2f} s", f"{built:.2f} s" if built is not None else "nothing",
    ]  # fmt: skip


def main():
    rows = [["language", *COLUMNS]]
    with tempfile.TemporaryDirectory() as home:
        for language in os.environ.get("TOOLKITS", " ".join(LANGUAGES)).split():
            rows.append([language, *row(language, pathlib.Path(home))])
    print("\n".join("| " + " | ".join(cells) + " |" for cells in [rows[0], ["---"] * len(rows[0]), *rows[1:]]))


if __name__ == "__main__":
    main()
