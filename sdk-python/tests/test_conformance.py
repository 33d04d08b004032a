"""The conformance plugin and its cases: in this process, and in workers of their own."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from gateway import ANSWER, ASK, CALL, FAIL, NOTE, REFUSED, Closed, Worker

from tidegate._dispatch.told import Refused
from tidegate.testing import Case, cases, play
from tidegate.testing.host import Host
from tidegate.testing.instance import HookFailed
from tidegate.testing.manifest import Manifest
from tidegate.testing.play import play_on

CONFORMANCE = Path(__file__).parents[2] / "tests" / "conformance"
PLUGIN = CONFORMANCE / "plugins" / "python"
CASES = cases(CONFORMANCE / "cases")

# The same plugin with one async hook: all others run in threads beside an event loop.
MIXED = """
from plugin import Conformance

class Mixed(Conformance):
    def configure(self, config):
        subscription = super().configure(config)
        subscription.hooks = [*subscription.hooks, "completed"]
        return subscription

    async def completed(self, ctx, outcome):
        pass
"""


class Process:
    """A worker that a case is played against, with the services of the case."""

    def __init__(self, folder: Path, entry: str, hello: dict[str, Any], host: Host) -> None:
        self._start = (folder, entry, hello)
        self._host = host
        self._begin()

    def _begin(self) -> None:
        folder, entry, hello = self._start
        self._worker = Worker(folder, entry, **{key: value for key, value in hello.items() if key != "entry"})
        frame = self._worker.hello()
        if frame.kind == REFUSED:
            self.close()
            raise Refused(frame.meta["error"])
        self.ready = frame.meta

    def call(self, meta: dict[str, Any], body: bytes) -> tuple[Any, bytes]:
        deadline = meta["ctx"]["deadline_ms"]
        # Only a case that is about the deadline gets a tight one: the machine may be slow.
        self._worker.socket.settimeout(deadline / 1000 if deadline < 1000 else 60)
        send = self._worker.send if len(body) <= 65536 else self._worker.send_descriptor
        try:
            send(CALL, 1, meta, body)
            while True:
                frame = self._worker.receive()
                if frame.kind == ASK:
                    answer, content = self._host.ask(frame.meta, frame.body)
                    self._worker.send(ANSWER, frame.id, answer, content)
                elif frame.kind == NOTE:
                    self._host.note(frame.meta)
                elif frame.kind == FAIL:
                    raise HookFailed(frame.meta["error"])
                else:
                    return frame.meta, frame.body
        except (TimeoutError, Closed):
            self.close()
            self._begin()
            raise HookFailed(f"no verdict within {deadline} ms") from None

    def close(self) -> None:
        self._worker.__exit__()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_in_this_process(case: Case) -> None:
    play(case, PLUGIN)


@pytest.mark.usefixtures("side")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_in_a_worker(case: Case) -> None:
    manifest = Manifest.read(PLUGIN)
    play_on(case, manifest, lambda hello, host: Process(PLUGIN, manifest.entry, hello, host))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mixed")
    for file in PLUGIN.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    (folder / "mixed.py").write_text(MIXED)
    return folder


ASKING = [
    case
    for case in CASES
    if str(case).startswith(("attributes", "http", "kv", "log", "metrics", "notes", "secrets"))
    and "hooks" in case.config
    and "completed" not in case.config["hooks"]
]


@pytest.mark.usefixtures("side")
@pytest.mark.parametrize("case", ASKING, ids=str)
def test_in_threads_beside_an_event_loop(case: Case, mixed: Path) -> None:
    subscribed = case.configure and "hooks" in case.configure
    assert not subscribed
    play_on(case, Manifest.read(mixed), lambda hello, host: Process(mixed, "mixed.py", hello, host))


def test_outside_of_the_main_thread_what_came_too_late_is_found() -> None:
    case = Case.parse(
        "late.json",
        '{"name": "late", "config": {"hooks": {"admit": {}}}, "steps": [{"hook": "admit", "ctx": {"deadline_ms": 0},'
        ' "out": {"error": "no verdict within 0 ms"}}]}',
    )
    errors: list[BaseException] = []

    def run() -> None:
        try:
            play(case, PLUGIN)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert errors == []
