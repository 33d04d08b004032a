"""A Python plugin with a package that is mostly C: it works in every worker, also in those that come later."""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.environments import with_packages
from support.gateway import Gateway, proxy_config
from support.plugins import plugin, route, shown, written
from support.processes import workers, zombies
from support.wait import until

SOURCE = """
import os
import numpy
from tidegate import Plugin, reply

class Numbers(Plugin):
    def configure(self, config):
        self.numbers = numpy.arange(40_000, dtype=float).reshape(200, 200)

    def transform_request(self, ctx, headers, body):
        told = {{"pid": os.getpid(), "version": {version}, "trace": float(numpy.trace(self.numbers @ self.numbers.T))}}
        return reply(200, json=told)
"""
# The squares of the numbers below 40,000, added up.
TRACE = sum(number * number for number in range(40_000))


@pytest.fixture(scope="module")
def environment():
    return with_packages()


def save(folder, version: int):
    """As an author does, while the gateway runs."""
    return written(folder, SOURCE.format(version=version), ["transform_request"], f"{version}.0.0", runtime="python")


@pytest.mark.timeout(300)
def test_a_package_of_c_works_through_restarts_and_swaps(tmp_path, environment):
    entry = plugin(save(tmp_path / "numbers", 1), python=str(environment), workers=2, limits={"configure": "60s"})
    routes = [route("numbers", "numbers", timeout="20s")]
    config = proxy_config({"local": {"provider": "mock"}}, routes=routes, plugins={"numbers": entry})
    answers, over = [], threading.Event()

    def ask():
        while not over.is_set():
            answers.append(gateway.chat("numbers"))
            time.sleep(0.02)

    with Gateway(config, patience=90) as gateway, ThreadPoolExecutor() as pool:
        clients = [pool.submit(ask) for _ in range(4)]
        try:
            for version in (1, 2, 3):
                both = until(lambda: (found := served(answers, version)) and len(found) == 2 and found, "an answer of both workers", 60)
                for pid in sorted(both):
                    os.kill(pid, signal.SIGKILL)
                    until(lambda: len(served(answers, version) - both) > (pid != min(both)), "an answer of a new worker", 60)
                assert shown(gateway)["numbers"]["error"] is None
                save(tmp_path / "numbers", version + 1)
                until(lambda: served(answers, version + 1), "the new version", 60)
        finally:
            over.set()
        for client in clients:
            client.result()
        # Each of the six that were killed took one request with it, if any.
        assert sum(answer.status_code != 200 for answer in answers) <= 6
        assert {answer.json()["trace"] for answer in answers if answer.status_code == 200} == {TRACE}
        until(lambda: len(workers(gateway)) == 2, "the end of the workers of old versions", 30)
        until(lambda: not zombies(gateway), "every child waited for")


def served(answers, version: int) -> set[int]:
    """The processes that did, of this version."""
    told = [answer.json() for answer in list(answers) if answer.status_code == 200]
    return {one["pid"] for one in told if one["version"] == version}
