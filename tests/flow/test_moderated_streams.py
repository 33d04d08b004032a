"""T-GRD-2 and T-GRD-3, streams under moderation: judged in windows, never skipped, nothing held that need not be, nothing leaked round an edit."""

import json
import pathlib
import threading
import time

import httpx
import pytest

from support.gateway import PLAIN, Gateway, proxy_config
from support.upstream import DONE, Upstream, completion, delta
from support.wait import until

CANARY = "c4n4ry"
MANIFEST = """
[plugin]
id = "test/guard"
version = "1.0.0"
runtime = "lua"
entry = "plugin.lua"
contract = "0.1"
hooks = [{hooks}]

[stream]
mode = "{mode}"
min = 12
max = 64
overlap = 6
max_match = 6
max_hold_ms = 200
"""
# Finds the canary, and holds what could become one; `action` says what becomes of it.
GUARD = """
local M, action = {}, "redact"
local needle = "c4n4ry"
function M.configure(config) action = config.action or "redact" end
function M.moderate_output(ctx, texts, last)
  local edits, hold, found = {}, {}, false
  for _, text in texts do
    local at = 1
    while true do
      local from, to = string.find(text.content, needle, at, true)
      if not from then break end
      found = true
      if from > text.released then table.insert(edits, {text = text, from = from, to = to, with = "<*>"}) end
      at = to + 1
    end
    for length = #needle - 1, 1, -1 do
      if string.sub(text.content, -length) == string.sub(needle, 1, length) then hold[text.id] = length break end
    end
    hold[text.id] = hold[text.id] or 0
  end
  if action == "fail" and found then error("broken on purpose") end
  local findings = found and {{category = "canary"}} or {}
  local options = {findings = findings, hold = hold}
  if found and action == "block" then return tidegate.block("no canaries", options) end
  if found and action == "redact" then return tidegate.redact(edits, options) end
  return tidegate.allow(options)
end
return M
"""
WHOLE_ONLY = """
local M = {}
function M.transform_response(ctx, status, headers, body)
  return tidegate.changed{set = {["/choices/0/message/content"] = "changed", ["/changed"] = true}}
end
return M
"""


def plugin(folder: pathlib.Path, source: str, hooks: str = '"moderate_output"', mode: str = "carry") -> dict:
    folder.mkdir(parents=True)
    (folder / "plugin.toml").write_text(MANIFEST.format(hooks=hooks, mode=mode))
    (folder / "plugin.lua").write_text(source)
    return {"path": str(folder)}


@pytest.fixture(scope="module")
def guards(tmp_path_factory):
    root = tmp_path_factory.mktemp("guards")
    guards = {mode: plugin(root / mode, GUARD, mode=mode) for mode in ("carry", "window", "full", "watch")}
    return guards | {"whole": plugin(root / "whole", WHOLE_ONLY, '"transform_response"')}


def guarded(guards: dict, upstream: Upstream, mode: str, action: str = "redact", **entry) -> dict:
    filters = [{"plugin": {"name": mode, "config": {"action": action}}, **entry}]
    return proxy_config({"up": upstream.cluster()}, filters=filters, plugins=guards)


def chunks(*texts: str, finish: str = "stop") -> list[bytes]:
    return [delta(text) for text in texts] + [delta("", finish_reason=finish), DONE]


def streaming(gateway: Gateway):
    body = {"model": "mock", "messages": [{"role": "user", "content": "hello"}], "stream": True}
    return httpx.stream("POST", gateway.url + "/v1/chat/completions", json=body, timeout=20, verify=PLAIN)


def sends(*events: bytes, pause: float = 0.0):
    def answer(request, reply):
        reply.start_events()
        for event in events:
            reply.chunk(event)
            time.sleep(pause)
        reply.end()

    return answer


def data(text: str) -> list[dict]:
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


def said(text: str) -> str:
    return "".join(choice["delta"].get("content") or "" for event in data(text) for choice in event["choices"])


@pytest.mark.parametrize("mode", ["carry", "window", "full"])
@pytest.mark.parametrize("pause", [0.0, 0.004])
def test_a_canary_is_replaced_wherever_it_is_split(guards, mode, pause):
    text = "a c4n4ry and a c4n4 and a c4n4ry"
    # The guard tells of one finding a call, and `full` is one call.
    found = 1 if mode == "full" else 2
    with Upstream(sends(*chunks(*text), pause=pause)) as upstream, Gateway(guarded(guards, upstream, mode)) as gateway:
        answer = gateway.chat(stream=True)
        assert said(answer.text) == text.replace(CANARY, "<*>")
        assert CANARY not in answer.text and answer.text.endswith("data: [DONE]\n\n")
        assert data(answer.text)[-1]["choices"][0]["finish_reason"] == "stop"
        assert answer.headers["x-tidegate-moderation"] == "output=stream"
        assert gateway.metric("tidegate_moderation_findings_total", plugin=mode, category="canary") >= found
        assert gateway.metric("tidegate_moderation_skipped_total") == 0
        line = until(lambda: gateway.access[-1:] and gateway.access[-1], "the line of the log")
        assert line["moderation"]["output"] == "redact" and line["moderation"]["findings"] >= found


@pytest.mark.parametrize("mode", ["carry", "watch"])
def test_only_what_may_become_a_match_waits(guards, mode):
    gate = threading.Event()

    def answer(request, reply):
        reply.start_events()
        reply.chunk(delta("hello c4n"))
        gate.wait(10)
        for event in chunks("t do"):
            reply.chunk(event)
        reply.end()

    with Upstream(answer) as upstream, Gateway(guarded(guards, upstream, mode)) as gateway:
        with streaming(gateway) as stream:
            lines = stream.iter_lines()
            first = next(line for line in lines if line.startswith("data: {"))
            # It is here although the upstream has not gone on.
            assert said(first) == ("hello c4n" if mode == "watch" else "hello ")
            gate.set()
            assert said("\n".join([first, *lines])) == "hello c4nt do"


def test_a_window_waits_no_longer_than_it_may(guards):
    gate = threading.Event()

    def answer(request, reply):
        reply.start_events()
        reply.chunk(delta("short"))
        gate.wait(10)
        for event in chunks(" end"):
            reply.chunk(event)
        reply.end()

    with Upstream(answer) as upstream, Gateway(guarded(guards, upstream, "window")) as gateway:
        with streaming(gateway) as stream:
            lines = stream.iter_lines()
            began = time.monotonic()
            first = next(line for line in lines if line.startswith("data: {") and said(line))
            assert said(first) == "short" and time.monotonic() - began < 5
            gate.set()
            assert said("\n".join([first, *lines])) == "short end"
        assert gateway.metric("tidegate_moderation_held_seconds_count", plugin="window") >= 1
        assert gateway.metric("tidegate_moderation_held_seconds_sum", plugin="window") >= 0.2


@pytest.mark.parametrize("mode", ["carry", "window", "full"])
def test_a_block_ends_the_stream_as_clients_know_it(guards, mode):
    left = threading.Event()

    def answer(request, reply):
        reply.start_events()
        for text in ("fine so far, ", "then c4n", "4ry", " and more"):
            reply.chunk(delta(text))
            time.sleep(0.02)
        if mode == "full":
            reply.chunk(DONE)
        if reply.gone(5):
            left.set()

    with Upstream(answer) as upstream, Gateway(guarded(guards, upstream, mode, "block")) as gateway:
        text = gateway.chat(stream=True).text
        last = data(text)[-1]["choices"][0]
        assert (last["finish_reason"], last["delta"]["refusal"]) == ("content_filter", "no canaries")
        assert text.endswith("data: [DONE]\n\n") and "c4n" not in text
        assert left.wait(5), "the upstream was not left"
        line = until(lambda: gateway.access[-1:] and gateway.access[-1], "the line of the log")
        assert line["moderation"]["output"] == "block" and line["usage"]["output"] >= 5
        assert line["error"].startswith('filter "') and line["status"] == 200


def test_watch_ends_the_stream_after_it_saw(guards):
    with Upstream(sends(*chunks("a c4n4ry", " b", " c", " d"), pause=0.05)) as upstream:
        with Gateway(guarded(guards, upstream, "watch", "block")) as gateway:
            text = gateway.chat(stream=True).text
            assert said(text).startswith("a c4n4ry") and not said(text).endswith("d")
            assert data(text)[-1]["choices"][0]["finish_reason"] == "content_filter"


@pytest.mark.parametrize("on_error", ["deny", "allow"])
def test_a_filter_that_fails_in_a_stream_does_what_its_entry_says(guards, on_error):
    with Upstream(sends(*chunks("fine, ", "a c4n4ry", " b"), pause=0.02)) as upstream:
        with Gateway(guarded(guards, upstream, "carry", "fail", on_error=on_error)) as gateway:
            text = gateway.chat(stream=True).text
            if on_error == "allow":
                assert said(text) == "fine, a c4n4ry b"
                assert gateway.metric("tidegate_plugin_calls_total", plugin="carry", verdict="fail_open") >= 1
            else:
                assert CANARY not in text and not text.endswith("data: [DONE]\n\n")
                assert json.loads(text.strip().splitlines()[-1][6:])["error"]["code"] == "filter_failed"
            assert gateway.metric("tidegate_moderation_skipped_total") == 0


def test_what_stands_beside_the_text_does_not_leak_it(guards):
    probabilities = {"content": [{"token": CANARY, "logprob": -0.1, "top_logprobs": []}]}
    events = [delta("a c4n"), delta("4ry", logprobs=probabilities, message={"content": f"a {CANARY}"}), delta("", finish_reason="stop"), DONE]
    with Upstream(sends(b": c4n4ry\n\n", b"data: c4n4ry\n\n", *events)) as upstream:
        with Gateway(guarded(guards, upstream, "carry")) as gateway:
            text = gateway.chat(stream=True).text
            assert said(text) == "a <*>" and CANARY not in text
            assert text.startswith(":\n\n")


def test_an_upstream_that_breaks_off_is_told_after_what_was_judged(guards):
    def answer(request, reply):
        reply.start_events()
        reply.chunk(delta("a c4n"))
        time.sleep(0.05)
        reply.cut()

    with Upstream(answer) as upstream, Gateway(guarded(guards, upstream, "carry")) as gateway:
        text = gateway.chat(stream=True).text
        events = data(text)
        assert said("\n".join(f"data: {json.dumps(event)}" for event in events[:-1])) == "a c4n"
        assert events[-1]["error"]["code"] == "upstream_reset" and "[DONE]" not in text


def test_an_event_that_is_too_large_ends_a_judged_stream(guards):
    with Upstream(sends(delta("x" * 1_100_000), *chunks("b"))) as upstream:
        with Gateway(guarded(guards, upstream, "carry")) as gateway:
            assert "error" in data(gateway.chat(stream=True).text)[-1]


def test_a_transform_of_whole_answers_gets_streams_as_one(guards):
    with Upstream(sends(*chunks("a", "b"))) as upstream:
        config = proxy_config({"up": upstream.cluster()}, filters=[{"plugin": {"name": "whole"}}], plugins=guards)
        with Gateway(config) as gateway:
            answer = gateway.chat(stream=True)
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert said(answer.text) == "changed" and answer.text.endswith("data: [DONE]\n\n")
            assert all(event["changed"] for event in data(answer.text))


IMAGE = [{"type": "text", "text": "what is it"}, {"type": "image_url", "image_url": {"url": "https://host/cat.png"}}]


@pytest.mark.parametrize("unmoderated", [None, "deny", "allow"])
def test_media_passes_only_where_the_entry_says_so(guards, unmoderated):
    entry = {"content_moderation": {"words": ["tide"]}} | ({"unmoderated": unmoderated} if unmoderated else {})
    with Upstream() as upstream, Gateway(proxy_config({"up": upstream.cluster()}, filters=[entry])) as gateway:
        answer = gateway.chat(text=IMAGE)
        if unmoderated == "allow":
            assert answer.status_code == 200
        else:
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "content_filter")
            assert "image_url https://host/cat.png" in answer.json()["error"]["message"]
            assert not upstream.requests


def test_parallel_judges_beside_the_call_and_holds_the_answer():
    arrived = []

    def answer(request, reply):
        arrived.append(time.monotonic())
        reply.json(completion("hello"))

    def judge(request, reply):
        time.sleep(0.4)
        content = request.json["texts"][0]["content"]
        edit = {"action": "redact", "texts": [{"id": 0, "content": "x"}]}
        reply.json(edit if "edit" in content else {"action": "block" if "tide" in content else "allow", "reason": "no tide"})

    with Upstream(answer) as upstream, Upstream(judge) as service:
        settings = {"on": ["input"], "service": {"kind": "webhook", "url": f"{service.url}/judge"}}
        entry = {"content_moderation": settings, "parallel": True, "timeout": "5s"}
        with Gateway(proxy_config({"up": upstream.cluster()}, filters=[entry])) as gateway:
            began = time.monotonic()
            fine = gateway.chat(text="the sea")
            took = time.monotonic() - began
            assert fine.status_code == 200, gateway.log
            assert took >= 0.4 and arrived[0] - began < 0.4
            assert fine.headers["x-tidegate-moderation"] == "input=allow"
            blocked = gateway.chat(text="the tide")
            assert (blocked.status_code, blocked.json()["error"]["code"]) == (400, "content_filter")
            assert len(arrived) == 2, "the request was not sent meanwhile"
            assert gateway.chat(text="edit").status_code in (400, 503)
            assert gateway.metric("tidegate_moderation_skipped_total") == 0


def test_errors_of_upstreams_are_judged_too(guards):
    def answer(request, reply):
        reply.json({"error": {"message": f"bad {CANARY}", "type": "x"}}, status=400)

    with Upstream(answer) as upstream, Gateway(guarded(guards, upstream, "carry")) as gateway:
        answer = gateway.chat(stream=True)
        assert answer.status_code == 400 and CANARY not in answer.text
        assert answer.headers["x-tidegate-moderation"] == "output=redact"
