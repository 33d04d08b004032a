"""T-PLG-7: plugins swapped under load fail no request, mix no versions, and leave no memory behind."""

import pathlib
import re
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from support.gateway import Gateway, proxy_config
from support.plugins import CONFORMANCE, HOSTILE, RUNTIMES, copied, memory, plugin, route, shown, written
from support.processes import alive, workers, zombies
from support.upstream import DONE, Upstream, completion, delta
from support.wait import until

# Puts its mark into the request, which the embedded model repeats, and into the answer.
MARKS = """
local M = {{}}
function M.transform_request() return tidegate.changed({{ set = {{ ["/user"] = "mark-{mark}" }} }}) end
function M.transform_response(ctx, status, headers, body)
  return body and tidegate.changed({{ set = {{ ["/mark"] = "mark-{mark}" }} }})
end
function M.transform_event(ctx, event)
  return tidegate.replace({{ data = {{ mark = "mark-{mark}", text = event.data.choices[1].delta.content }} }})
end
return M
"""
MARKS_IN_PYTHON = """
from tidegate import Event, Plugin, changed, replace

class Marks(Plugin):
    def transform_request(self, ctx, headers, body):
        return changed(set={{"/user": "mark-{mark}"}})

    def transform_response(self, ctx, status, headers, body):
        return changed(set={{"/mark": "mark-{mark}"}}) if body else None

    def transform_event(self, ctx, event):
        return replace(Event({{"mark": "mark-{mark}", "text": event.data["choices"][0]["delta"]["content"]}}))
"""
SOURCES = {"lua": MARKS, "python": MARKS_IN_PYTHON}
WITH_HELPER = """
from helper import WORD
from tidegate import Plugin, reply

class One(Plugin):
    def transform_request(self, ctx, headers, body):
        return reply(200, WORD)
"""
QUICK = "return {moderate_input = function() end}"
SLOW = """
return {{
  configure = function() tidegate.http.send({{ url = "{url}", timeout_ms = 1000 }}) end,
  moderate_input = function() end,
}}
"""
HOOKS = ["transform_request", "transform_response", "transform_event"]
ASKS = {"http": ["api.example.com"], "kv": True, "secrets": ["token"], "metrics": True, "models": ["judge"]}
# The same for both artefacts; the hostile one does not look at it, and answers in words of its own.
ANSWER = {"hooks": {"transform_request": {"answer": {"reply": {"status": 200, "body": "mark-even mark-even"}}}}}
# Counts answers that are not one version's verdict, whole: two marks, both the same, or the hostile plugin's text.
WRK = """
wrk.method = "POST"
wrk.body = '{"model":"swapped","messages":[{"role":"user","content":"hello"}]}'
wrk.headers["content-type"] = "application/json"
wrong, threads = 0, {}
function setup(thread) table.insert(threads, thread) end
function response(status, headers, body)
  local _, even = body:gsub("mark%-even", "")
  local _, odd = body:gsub("mark%-odd", "")
  local whole = (even == 2 and odd == 0) or (odd == 2 and even == 0) or body:match("^%d+ headers, 0 bytes$")
  if status ~= 200 or not whole then wrong = wrong + 1 end
end
function done(summary)
  local all = 0
  for _, thread in ipairs(threads) do all = all + thread:get("wrong") end
  print("wrong answers: " .. all)
end
"""


class Versions:
    """Packages below `dirs`, another digest each time, of a plugin whose versions can be told from each other."""

    def __init__(self, runtime: str, dirs: pathlib.Path):
        self.runtime, self.dirs = runtime, dirs
        kind = {"python": "python", "native": "native"}.get(runtime, "lua")
        written(dirs / "broken", "this is no code", HOOKS, runtime=kind)

    def next(self, number: int) -> str:
        """Two of a kind after each other, so that the other kind is let go of before it comes again."""
        # The first is the configured one, which is not touched again: a save would be a swap, too.
        name, mark = f"slot-{number % 4}" if number else "first", ("even", "even", "odd", "odd")[number % 4]
        if self.runtime in SOURCES:
            written(self.dirs / name, SOURCES[self.runtime].format(mark=mark), HOOKS, f"{number}.0.0", runtime=self.runtime)
        else:
            source = {"even": CONFORMANCE, "odd": HOSTILE}[mark][self.runtime]
            folder = copied(source, self.dirs / name, ASKS, f"{number}.0.0")
            if self.runtime == "native":
                another(folder, number)
        return name


def another(folder: pathlib.Path, number: int):
    """The same library with other bytes behind its end: to a gateway it is another one, which stays in memory beside the first."""
    (library,) = folder.glob("*.so")
    new = library.with_suffix(".new")
    new.write_bytes(library.read_bytes() + f"version {number}".encode())
    new.rename(library)


def config(versions: Versions, cluster: dict, **keys) -> dict:
    capabilities = {} if versions.runtime in SOURCES else ANSWER
    entry = route("swapped", "marks", capabilities, timeout="20s")
    plugins = {"marks": plugin(versions.dirs / versions.next(0), **keys)}
    return proxy_config({"local": cluster}, routes=[entry], plugins=plugins, plugin_dirs=[str(versions.dirs)])


def put(gateway: Gateway, path: str, name: str = "marks") -> str:
    """The version that is live then, or why it was refused."""
    answer = gateway.admin("PUT", f"/v1/plugins/{name}", json={"path": path}).json()
    return answer["version"] if "version" in answer else answer["error"]["message"]


@contextmanager
def load(gateway: Gateway, folder: pathlib.Path):
    """Sixteen connections that ask all the time; yields a list that holds wrk's report afterwards."""
    (folder / "marks.lua").write_text(WRK)
    command = ["wrk", "-t1", "-c16", "-d3000s", "--timeout", "20s", "-s", folder / "marks.lua", gateway.url + "/v1/chat/completions"]
    process, report = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True), []
    try:
        until(lambda: gateway.metric("tidegate_requests_total") > 16, "load")
        yield report
    finally:
        process.send_signal(signal.SIGINT)
        report.append(process.communicate(timeout=60)[0])


# In the long run of Python a swap may take a second, where the machine has other work, too.
SWAPPED = [pytest.param(runtime, marks=pytest.mark.timeout(900)) for runtime in RUNTIMES]
SWAPPED.append(pytest.param("python", marks=pytest.mark.timeout(3600)))


@pytest.mark.parametrize("runtime", SWAPPED)
def test_t_plg_7_swaps_under_load_fail_no_request(tmp_path, count, runtime):
    """Each swap of a plugin in Python starts processes, and ends those of the version before."""
    versions, total, warm = Versions(runtime, tmp_path / "dirs"), count(20 if runtime == "python" else 60, 1000), 8
    with Gateway(config(versions, {"provider": "mock", "echo": True}), patience=60) as gateway:
        with load(gateway, tmp_path) as report:
            for number in range(1, warm + total + 1):
                assert put(gateway, versions.next(number)) == f"{number}.0.0"
                if number % 10 == 0:
                    assert ("invalid syntax" if runtime == "python" else "cannot be loaded") in put(gateway, "broken")
                if number == warm:
                    before = memory(gateway)
        assert "Non-2xx" not in report[0] and "Socket errors" not in report[0], report[0]
        assert "wrong answers: 0" in report[0], report[0]
        assert int(re.search(r"(\d+) requests in", report[0])[1]) > total, report[0]
        until(lambda: memory(gateway) < before + 64, f"less than {before} + 64 MiB", 30)
        live = shown(gateway)["marks"]
        assert (live["state"], live["version"], live["error"]) == ("live", f"{warm + total}.0.0", None)
        # The live version and the one that is kept for a rollback.
        until(lambda: len(workers(gateway)) <= (4 if runtime == "python" else 0), "the end of the workers of old versions", 30)
        until(lambda: not zombies(gateway), "every child waited for")


@pytest.mark.parametrize("isolation", ["in_process", "process"])
def test_t_plg_7_swaps_of_a_native_plugin_under_load_fail_no_request(tmp_path, isolation):
    """Memory grows by the libraries alone, which stay; in processes of its own by nothing."""
    versions, total, warm = Versions("native", tmp_path / "dirs"), 50, 8
    size = max(folder.stat().st_size for kind in (CONFORMANCE, HOSTILE) for folder in kind["native"].glob("*.so"))
    mapped = -(-total * size // 2**20) if isolation == "in_process" else 0
    with Gateway(config(versions, {"provider": "mock", "echo": True}, isolation=isolation), patience=60) as gateway:
        with load(gateway, tmp_path) as report:
            for number in range(1, warm + total + 1):
                assert put(gateway, versions.next(number)) == f"{number}.0.0"
                if number % 10 == 0:
                    assert "cannot be loaded" in put(gateway, "broken")
                if number == warm:
                    before = memory(gateway)
        assert "Non-2xx" not in report[0] and "Socket errors" not in report[0], report[0]
        assert "wrong answers: 0" in report[0], report[0]
        until(lambda: memory(gateway) < before + 64 + mapped, f"less than {before} + 64 + {mapped} MiB", 30)
        live = shown(gateway)["marks"]
        assert (live["state"], live["version"], live["error"]) == ("live", f"{warm + total}.0.0", None)
        until(lambda: len(workers(gateway)) <= (4 if isolation == "process" else 1), "the end of the workers of old versions", 30)
        until(lambda: not zombies(gateway), "every child waited for")
        assert ("native libraries stay in memory" in "".join(gateway.log)) == (isolation == "in_process")


@pytest.mark.parametrize("runtime", SOURCES)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_t_plg_7_a_request_ends_with_the_version_that_it_began_with(tmp_path, stream, runtime):
    """Its version is neither live nor kept for a rollback any more when the upstream answers."""
    versions, gate = Versions(runtime, tmp_path / "dirs"), Gate(stream)
    with Upstream(gate.answer) as upstream, Gateway(config(versions, upstream.cluster())) as gateway, ThreadPoolExecutor() as pool:
        running = pool.submit(gateway.chat, "swapped", stream=stream)
        until(lambda: upstream.requests, "the request at the upstream")
        for number in (2, 3):
            assert put(gateway, versions.next(number)) == f"{number}.0.0"
        gate.open = True
        answer = running.result()
        assert upstream.requests[0].json["user"] == "mark-even"
        assert "mark-odd" not in answer.text
        assert answer.text.count("mark-even") == (2 if stream else 1)
        assert gateway.chat("swapped", stream=stream).text.count("mark-odd") == (2 if stream else 1)


def test_t_plg_7_a_request_keeps_the_workers_of_its_version(tmp_path):
    """They end with it, and no sooner."""
    versions, gate = Versions("python", tmp_path / "dirs"), Gate(False)
    with Upstream(gate.answer) as upstream, Gateway(config(versions, upstream.cluster())) as gateway, ThreadPoolExecutor() as pool:
        until(lambda: len(workers(gateway)) == 2, "the workers of the first version")
        first = workers(gateway)
        running = pool.submit(gateway.chat, "swapped")
        until(lambda: upstream.requests, "the request at the upstream")
        for number in (2, 3, 4):
            put(gateway, versions.next(number))
        assert workers(gateway) >= first
        gate.open = True
        assert running.result().json()["mark"] == "mark-even"
        until(lambda: not alive(*first), "the end of the workers of the first version", 20)


def test_t_plg_7_a_changed_file_beside_the_entry_is_another_version(tmp_path):
    """Also one of a package within the package."""
    folder = written(tmp_path / "helped", WITH_HELPER, ["transform_request"], runtime="python")
    (folder / "helper.py").write_text("from words.one import WORD\n")
    (folder / "words").mkdir()
    (folder / "words/one.py").write_text('WORD = "first"\n')
    with Gateway(proxy_config({"local": {"provider": "mock"}}, routes=[route("helped", "p")], plugins={"p": plugin(folder)})) as gateway:
        assert gateway.chat("helped").text == "first"
        digest = shown(gateway)["p"].get("digest")
        (folder / "words/one.py").write_text('WORD = "second"\n')
        until(lambda: gateway.chat("helped").text == "second", "the changed module")
        assert shown(gateway)["p"].get("digest") != digest or digest is None
        (folder / "helper.py").write_text("syntax error\n")
        until(lambda: shown(gateway)["p"]["error"], "a word on the broken module")
        assert gateway.chat("helped").text == "second"
        (folder / "helper.py").write_text('WORD = "third"\n')
        until(lambda: gateway.chat("helped").text == "third", "the mended module")
        assert shown(gateway)["p"]["error"] is None


def test_t_plg_7_a_request_ends_with_its_component(tmp_path):
    """The same with WASM, whose other artefact answers by itself."""
    versions, gate = Versions("wasm", tmp_path / "dirs"), Gate(False)
    marks = {"hooks": {"transform_response": {"answer": {"changed": {"edits": [{"set": {"pointer": "/mark", "value": "mark-even"}}]}}}}}
    with Upstream(gate.answer) as upstream:
        whole = config(versions, upstream.cluster())
        whole["virtual_services"][0]["routes"] = [route("swapped", "marks", marks, timeout="20s")]
        with Gateway(whole, patience=60) as gateway, ThreadPoolExecutor() as pool:
            running = pool.submit(gateway.chat, "swapped")
            until(lambda: upstream.requests, "the request at the upstream")
            for number in (2, 3):
                assert put(gateway, versions.next(number)) == f"{number}.0.0"
            assert "headers, " in gateway.chat("swapped").text
            gate.open = True
            assert running.result().json()["mark"] == "mark-even"


def test_t_plg_7_a_swap_during_another_reload_is_not_lost(tmp_path):
    """The other one is a plugin whose `configure` waits for a second."""
    dirs, asks = tmp_path / "dirs", {"http": ["127.0.0.1"]}
    with Upstream(lambda seen, reply: reply.gone(20)) as upstream:
        for name in ("quick", "quick-2"):
            written(dirs / name, QUICK, ["moderate_input"], f"{len(name)}.0.0")
        written(dirs / "slow", QUICK, ["moderate_input"], capabilities=asks)
        written(dirs / "slow-2", SLOW.format(url=upstream.url), ["moderate_input"], "2.0.0", asks)
        plugins = {name: plugin(dirs / name) for name in ("quick", "slow")}
        routes = [route(name, name) for name in plugins]
        whole = proxy_config({"local": {"provider": "mock"}}, routes=routes, plugins=plugins, plugin_dirs=[str(dirs)])
        with Gateway(whole) as gateway, ThreadPoolExecutor() as pool:
            running = pool.submit(put, gateway, "slow-2", "slow")
            until(lambda: upstream.requests, "the other reload")
            assert put(gateway, "quick-2", "quick") == "7.0.0"
            assert running.result() == "2.0.0"


class Gate:
    """An upstream that answers once it is open; of a stream the first event comes before that."""

    def __init__(self, stream: bool):
        self.stream, self.open = stream, False

    def answer(self, seen, reply):
        if not self.stream:
            self.wait()
            return reply.json(completion())
        reply.start_events()
        reply.chunk(delta("one"))
        self.wait()
        reply.chunk(delta("two", finish_reason="stop"))
        reply.chunk(DONE)
        return reply.end()

    def wait(self):
        until(lambda: self.open, "the gate's opening", 30)
