"""Threads for the sync hooks of a plugin that has async ones: they may block without holding up the event loop."""

from __future__ import annotations

from _thread import start_new_thread
from queue import SimpleQueue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Job = Callable[[], None]

COUNT = 8


class Threads:
    """A fixed number of threads. They begin before the plugin is ready: later their stacks would count as its memory."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        for _ in range(COUNT):
            start_new_thread(self._work, ())

    def run(self, job: Job) -> None:
        """Runs a job as soon as a thread is free. A job must not raise."""
        self._jobs.put(job)

    def _work(self) -> None:
        while True:
            self._jobs.get()()
