"""Services that judge texts: a moderation endpoint, a webhook, a model. What hangs, breaks or talks nonsense fails closed."""

import json
import time

import pytest

from support.backends import free_port
from support.gateway import Gateway, proxy_config
from support.upstream import DONE, Upstream, completion, delta

CHUNKS = [delta("hello "), delta("world"), delta("", finish_reason="stop"), DONE]


def model(request, reply):
    if request.json.get("stream"):
        reply.start_events()
        for event in CHUNKS:
            reply.chunk(event)
        reply.end()
    else:
        reply.json(completion("hello world"))


def allow(request, reply):
    reply.json({"action": "allow"})


def hang(request, reply):
    reply.gone(5)


def cut(request, reply):
    reply.raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
    reply.cut()


def big(request, reply):
    reply.send(200, b'{"action":"allow","x":"' + b"y" * 2_000_000 + b'"}', "application/json")


BROKEN = {
    "hangs": hang,
    "cuts": cut,
    "is too large": big,
    "no JSON": lambda request, reply: reply.send(200, b"<html>yes</html>", "text/html"),
    "another shape": lambda request, reply: reply.json({"verdict": "fine"}),
    "an unknown action": lambda request, reply: reply.json({"action": "shrug"}),
    "fails": lambda request, reply: reply.json({"action": "allow"}, status=500),
    "redirects": lambda request, reply: reply.send(302, b"", location="/elsewhere"),
}


def moderated(model: Upstream, service: dict, timeout: str = "500ms", **settings) -> dict:
    entry = {"content_moderation": {"service": service, **settings}, "timeout": timeout, "name": "service"}
    return proxy_config({"up": model.cluster()}, filters=[entry])


def webhook(url: str) -> dict:
    return {"kind": "webhook", "url": url}


@pytest.mark.parametrize("side", ["input", "output"])
@pytest.mark.parametrize("how", [*BROKEN, "is down"])
def test_a_webhook_that_gives_no_verdict_fails_closed(how, side):
    with Upstream(model) as upstream, Upstream(BROKEN.get(how, allow)) as service:
        url = f"http://127.0.0.1:{free_port()}/" if how == "is down" else f"{service.url}/judge"
        with Gateway(moderated(upstream, webhook(url), on=[side])) as gateway:
            for stream in (False, True):
                began = time.monotonic()
                answer = gateway.chat(stream=stream)
                # The verdict's own deadline of half a second, and nothing on top but the machine.
                assert time.monotonic() - began < 3
                assert "hello" not in answer.text and "world" not in answer.text
                if stream and side == "output":
                    error = json.loads(answer.text.strip().splitlines()[-1].removeprefix("data: "))["error"]
                else:
                    assert answer.status_code == 503
                    error = answer.json()["error"]
                assert error["code"] == "filter_failed"
            assert gateway.metric("tidegate_plugin_calls_total", plugin="service", verdict="error") == 2
            assert gateway.metric("tidegate_moderation_skipped_total") == 0
            assert len(upstream.requests) == (0 if side == "input" else 2)
            gateway.log_has("filter failed")


def test_a_webhook_is_asked_and_obeyed():
    def judge(request, reply):
        texts = request.json["texts"]
        content = " ".join(text["content"] for text in texts)
        if "tide" in content:
            reply.json({"action": "block", "reason": "no tide here", "findings": [{"category": "tide"}]})
        elif "sea" in content:
            reply.json({"action": "redact", "texts": [{"id": texts[0]["id"], "content": "the ***"}]})
        else:
            reply.json({"action": "allow"})

    with Upstream(model) as upstream, Upstream(judge) as service:
        with Gateway(moderated(upstream, webhook(f"{service.url}/judge"), on=["input"], action="redact")) as gateway:
            assert gateway.chat(text="hello").status_code == 200
            blocked = gateway.chat(text="the tide")
            assert blocked.status_code == 400 and blocked.json()["error"]["message"].endswith("no tide here")
            assert gateway.chat(text="the sea").status_code == 200
            assert upstream.requests[-1].json["messages"][0]["content"] == "the ***"
            asked = service.requests[0].json
            assert (asked["hook"], asked["texts"][0]["content"]) == ("input", "hello")
            assert gateway.metric("tidegate_moderation_findings_total", category="tide") == 1


@pytest.mark.parametrize("thresholds", [{}, {"violence": 0.5}, {"violence": 0.99}])
def test_the_moderation_endpoint_is_asked_with_the_credentials_of_its_cluster(thresholds):
    def judge(request, reply):
        scores = [{"flagged": "fight" in text, "categories": {"violence": "fight" in text}, "category_scores": {"violence": 0.9 if "fight" in text else 0.1}} for text in request.json["input"]]
        reply.json({"id": "modr-1", "model": "omni-moderation-latest", "results": scores})

    with Upstream(model) as upstream, Upstream(judge) as service:
        settings = {"kind": "openai", "cluster": "judge", **({"thresholds": thresholds} if thresholds else {})}
        config = moderated(upstream, settings)
        config["clusters"]["judge"] = {**service.cluster(), "credentials": {"api_key": "secret-key"}}
        with Gateway(config) as gateway:
            for stream in (False, True):
                assert gateway.chat(text="peace", stream=stream).status_code == 200
                fight = gateway.chat(text="a fight", stream=stream)
                assert fight.status_code == (200 if thresholds.get("violence") == 0.99 else 400)
            asked = service.requests[0]
            assert (asked.target, asked.get("authorization")) == ("/v1/moderations", "Bearer secret-key")
            assert asked.json["input"] == ["peace"]
            assert "secret-key" not in "\n".join(gateway.log)


def test_a_model_judges_and_cannot_be_talked_out_of_its_form():
    verdicts = {"good": '{"verdict": "allow"}', "bad": 'Well: {"verdict": "block", "category": "weapons", "reason": "r"}', "odd": "I allow it."}

    def judge(request, reply):
        shown = json.loads(request.json["messages"][1]["content"])
        reply.json(completion(verdicts[shown["texts"][0]["content"]]))

    with Upstream(model) as upstream, Upstream(judge) as service:
        config = moderated(upstream, {"kind": "judge", "cluster": "judge", "model": "judge-1"}, "5s", on=["input"])
        config["clusters"]["judge"] = service.cluster()
        with Gateway(config) as gateway:
            assert gateway.chat(text="good").status_code == 200
            assert gateway.chat(text="bad").status_code == 400
            assert gateway.chat(text="odd").status_code == 503
            assert service.requests[0].json["model"] == "judge-1"
            assert gateway.metric("tidegate_moderation_findings_total", category="weapons") == 1


def test_fail_open_is_counted_apart():
    with Upstream(model) as upstream, Upstream(BROKEN["fails"]) as service:
        config = moderated(upstream, webhook(service.url))
        config["virtual_services"][0]["filters"][0]["on_error"] = "allow"
        with Gateway(config) as gateway:
            assert "hello world" in gateway.chat().text
            answer = gateway.chat(stream=True)
            assert "hello" in answer.text and answer.headers["x-tidegate-moderation"] == "input=fail_open, output=stream"
            assert gateway.metric("tidegate_plugin_calls_total", plugin="service", verdict="fail_open") == 4
            assert gateway.metric("tidegate_moderation_skipped_total") == 0
