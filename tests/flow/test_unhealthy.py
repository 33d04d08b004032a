"""Clusters that ask for a pause, that fail all the time, and that are given no more than they can take."""

import email.utils
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.gateway import Gateway, proxy_config
from support.upstream import Reply, Seen, Upstream, completion
from support.wait import until


def answers(text: str):
    return lambda seen, reply: reply.json(completion(text))


def busy(status: int = 429, **fields: str):
    return lambda seen, reply: reply.json({"error": {"message": "busy", "type": "t"}}, status, **fields)


def text_of(answer) -> str:
    assert answer.status_code == 200, answer.text
    return answer.json()["choices"][0]["message"]["content"]


def in_order(*clusters: str) -> list[dict]:
    """A route with one cluster a priority."""
    return [{"name": "all", "backends": [{"cluster": cluster, "priority": place} for place, cluster in enumerate(clusters)]}]


# -- cooldown -------------------------------------------------------------------------------------------------------------


def date(seconds: float) -> str:
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


@pytest.mark.parametrize("status", [429, 503, 529])
@pytest.mark.parametrize("fields", [{"retry_after": "30"}, {"retry_after": date}, {"retry_after_ms": "30000"}], ids=["seconds", "date", "ms"])
def test_who_asks_for_a_pause_gets_it(status, fields):
    # A date is one from now on, and not from when the tests were gathered.
    fields = {name: value(300) if callable(value) else value for name, value in fields.items()}
    with Upstream(busy(status, **fields)) as first, Upstream(answers("second")) as second:
        clusters = {"first": first.cluster(), "second": second.cluster()}
        with Gateway(proxy_config(clusters, routes=in_order("first", "second"))) as gateway:
            assert [text_of(gateway.chat()) for _ in range(5)] == ["second"] * 5
            assert len(first.requests) == 1
            # Another model has limits of its own.
            assert text_of(gateway.chat("another")) == "second"
            assert len(first.requests) == 2
            assert gateway.metric("tidegate_cooldowns_total", cluster="first") == 2


def test_a_pause_is_no_longer_than_the_longest_and_over_when_it_is_over():
    with Upstream(busy(retry_after="3600")) as first, Upstream(answers("second")) as second:
        clusters = {"first": first.cluster(max_cooldown="1s"), "second": second.cluster()}
        with Gateway(proxy_config(clusters, routes=in_order("first", "second"))) as gateway:
            text_of(gateway.chat())
            first.answer = answers("first")
            until(lambda: text_of(gateway.chat()) == "first", "the end of the pause", 5)


def test_who_is_left_alone_is_asked_where_nobody_else_is():
    with Upstream(busy(retry_after="30")) as only, Gateway(proxy_config({"only": only.cluster()})) as gateway:
        for number in (1, 2):
            answer = gateway.chat()
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
            assert len(only.requests) == number


def test_a_pause_outlives_a_reload():
    with Upstream(busy(retry_after="30")) as first, Upstream(answers("second")) as second:
        clusters = {"first": first.cluster(), "second": second.cluster()}
        config = proxy_config(clusters, routes=in_order("first", "second"))
        with Gateway(config) as gateway:
            text_of(gateway.chat())
            gateway.write({**config, "telemetry": {"hook_traces": {"keep": 1}}})
            until(lambda: gateway.metric("tidegate_config_reloads_total", result="success") == 2, "the reload")
            assert text_of(gateway.chat()) == "second"
            assert len(first.requests) == 1


# -- outlier detection ----------------------------------------------------------------------------------------------------

DETECTION = {"consecutive_5xx": 5, "base_ejection_time": "1s"}


class Load:
    """Clients that ask one after the other until the context ends; with who answered each, and when."""

    def __init__(self, gateway: Gateway, clients: int = 4):
        self.gateway, self.clients = gateway, clients
        self.answers: list[tuple[float, int, str]] = []
        self.over = threading.Event()

    def __enter__(self):
        self.threads = [threading.Thread(target=self.ask) for _ in range(self.clients)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(20)

    def ask(self):
        while not self.over.is_set():
            answer = self.gateway.chat()
            self.answers.append((time.monotonic(), answer.status_code, answer.headers["x-tidegate-cluster"]))


def test_an_outlier_is_ejected_within_two_seconds_and_taken_back():
    healthy = threading.Event()
    healthy.set()

    def sometimes(seen: Seen, reply: Reply):
        answers("a")(seen, reply) if healthy.is_set() else reply.cut(reset=True)

    with Upstream(sometimes) as a, Upstream(answers("b")) as b:
        clusters = {"a": a.cluster(outlier_detection=DETECTION), "b": b.cluster(outlier_detection=DETECTION)}
        routes = [{"name": "all", "backends": [{"cluster": "a"}, {"cluster": "b"}], "retry": {"attempts": 2}}]
        with Gateway(proxy_config(clusters, routes=routes)) as gateway, Load(gateway) as load:
            until(lambda: {cluster for _, _, cluster in load.answers} == {"a", "b"}, "answers of both")
            healthy.clear()
            broken = time.monotonic()
            gateway.log_has("cluster ejected")
            until(lambda: gateway.metric("tidegate_clusters_ejected", cluster="a") == 1, "the ejection on the metrics")
            assert time.monotonic() - broken < 2
            # Each time that it comes back it fails five times more, and is ejected for longer.
            until(lambda: gateway.metric("tidegate_cluster_ejections_total", cluster="a") >= 2, "another ejection", 10)
            healthy.set()
            back = time.monotonic()
            until(lambda: gateway.metric("tidegate_clusters_ejected", cluster="a") == 0, "the return", 10)
            until(lambda: any(cluster == "a" and at > back for at, _, cluster in list(load.answers)), "answers of it again")
            assert {status for _, status, _ in load.answers} == {200}, "clients never noticed"
            assert gateway.metric("tidegate_clusters_ejected", cluster="b") == 0
            gateway.log_has("cluster taken back")


@pytest.mark.parametrize("failure", ["500", "reset", "timeout", "error event"])
def test_every_kind_of_failure_counts(failure):
    def fails(seen: Seen, reply: Reply):
        match failure:
            case "500":
                busy(500)(seen, reply)
            case "reset":
                reply.cut(reset=True)
            case "timeout":
                reply.gone(10)
            case "error event":
                reply.start_events()
                reply.chunk(b'data: {"error": {"message": "no"}}\n\n')
                reply.end()

    with Upstream(fails) as first, Upstream(answers("second")) as second:
        detection = {"consecutive_5xx": 2, "base_ejection_time": "60s"}
        clusters = {"first": first.cluster(timeout="200ms", outlier_detection=detection), "second": second.cluster()}
        with Gateway(proxy_config(clusters, routes=in_order("first", "second"))) as gateway:
            for _ in range(4):
                assert gateway.chat(stream=failure == "error event").headers["x-tidegate-cluster"] == "second"
            assert len(first.requests) == 2
            assert gateway.metric("tidegate_clusters_ejected", cluster="first") == 1


def test_the_last_backend_is_never_ejected_and_comes_back_with_its_first_success():
    with Upstream(busy(500)) as only:
        detection = {"consecutive_5xx": 1, "base_ejection_time": "1h", "max_ejection_time": "1h"}
        with Gateway(proxy_config({"only": only.cluster(outlier_detection=detection)})) as gateway:
            for _ in range(3):
                assert gateway.chat().status_code == 500
            assert gateway.metric("tidegate_clusters_ejected", cluster="only") == 1
            only.answer = answers("well again")
            assert text_of(gateway.chat()) == "well again"
            assert gateway.metric("tidegate_clusters_ejected", cluster="only") == 0


# -- circuit breakers -----------------------------------------------------------------------------------------------------


class Gate:
    """An upstream that holds its answers back until it is opened."""

    def __init__(self):
        self.opened = threading.Event()

    def __call__(self, seen: Seen, reply: Reply):
        self.opened.wait(20)
        reply.json(completion("first"))


@pytest.mark.parametrize("breaker", ["max_requests", "max_pending_requests"])
def test_what_is_too_much_for_one_goes_to_the_next_or_is_refused(breaker):
    gate = Gate()
    bounds = {"max_requests": {"circuit_breakers": {"max_requests": 2}}, "max_pending_requests": {"pool": {"connections": 2}, "circuit_breakers": {"max_pending_requests": 0}}}
    with Upstream(gate) as first, Upstream(answers("second")) as second, ThreadPoolExecutor(2) as others:
        clusters = {"first": first.cluster(**bounds[breaker]), "second": second.cluster()}
        routes = [{"name": "alone", "match": {"model": "alone"}, "backends": [{"cluster": "first"}]}, *in_order("first", "second")]
        with Gateway(proxy_config(clusters, routes=routes)) as gateway:
            held = [others.submit(gateway.chat) for _ in range(2)]
            until(lambda: len(first.requests) == 2, "two requests")
            assert text_of(gateway.chat()) == "second"
            refused = gateway.chat("alone")
            assert (refused.status_code, refused.json()["error"]["code"], refused.headers["retry-after"]) == (503, "upstream_busy", "1")
            assert gateway.metric("tidegate_circuit_breaker_overflows_total", cluster="first", limit=breaker) == 2
            gate.opened.set()
            assert [text_of(one.result()) for one in held] == ["first"] * 2
            assert text_of(gateway.chat("alone")) == "first", "the places are free again"


def test_a_stream_has_its_place_to_its_end():
    going = threading.Event()

    def streams(seen: Seen, reply: Reply):
        reply.start_events()
        reply.chunk(b'data: {"choices": [{"index": 0, "delta": {"content": "a"}}]}\n\n')
        going.wait(20)
        reply.chunk(b"data: [DONE]\n\n")
        reply.end()

    with Upstream(streams) as only, ThreadPoolExecutor(1) as others:
        with Gateway(proxy_config({"only": only.cluster(circuit_breakers={"max_requests": 1})})) as gateway:
            held = others.submit(gateway.chat, stream=True)
            until(lambda: only.requests, "the stream")
            assert gateway.chat(stream=True).status_code == 503
            going.set()
            assert "[DONE]" in held.result().text
            assert "[DONE]" in gateway.chat(stream=True).text


def test_no_more_retries_than_allowed():
    """While one retry is under way, a further request that fails elsewhere gets no second try."""
    gate = Gate()
    with Upstream(busy(500)) as first, Upstream(gate) as second, ThreadPoolExecutor(1) as others:
        clusters = {"first": first.cluster(), "second": second.cluster(circuit_breakers={"max_retries": 1})}
        with Gateway(proxy_config(clusters, routes=in_order("first", "second"))) as gateway:
            held = others.submit(gateway.chat)
            until(lambda: second.requests, "the first retry")
            assert gateway.chat().status_code == 503
            assert gateway.metric("tidegate_circuit_breaker_overflows_total", cluster="second", limit="max_retries") == 1
            gate.opened.set()
            assert text_of(held.result()) == "first"
            assert Counter(len(upstream.requests) for upstream in (first, second)) == Counter([2, 1])
