"""Plugins that ask a model through a route: what was granted, what the route does with it, and that no loop goes on."""

import pathlib

import pytest

from support.gateway import Gateway, proxy_config
from support.upstream import Upstream, completion

MANIFEST = """
[plugin]
id = "test/judge"
version = "1.0.0"
runtime = "{runtime}"
entry = "{entry}"
contract = "0.1"
hooks = ["moderate_input"]

[capabilities]
models = ["judge", "lost"]
"""
LUA = """
local M, route = {}, "judge"
function M.configure(config) route = config.route or route end
function M.moderate_input(ctx, texts)
  local answer = tidegate.models.ask(route, {model = "m", messages = {{role = "user", content = texts[1].content}}})
  local said = answer.choices[1].message.content
  if said ~= "fine" then return tidegate.block(said) end
end
return M
"""
PYTHON = """
from tidegate import Plugin, block

class Judge(Plugin):
    def configure(self, config):
        self.route = config.get("route", "judge")

    {sync} moderate_input(self, ctx, texts):
        question = {{"model": "m", "messages": [{{"role": "user", "content": texts[0].content}}]}}
        answer = {wait} ctx.models.ask(self.route, question)
        said = answer["choices"][0]["message"]["content"]
        return None if said == "fine" else block(said)
"""
SOURCES = {
    "lua": ("lua", "plugin.lua", LUA),
    "python": ("python", "plugin.py", PYTHON.format(sync="def", wait="")),
    "python-async": ("python", "plugin.py", PYTHON.format(sync="async def", wait="await")),
}


@pytest.fixture(params=SOURCES)
def plugin(request, tmp_path):
    runtime, entry, source = SOURCES[request.param]
    folder = pathlib.Path(tmp_path / "judge")
    folder.mkdir()
    (folder / "plugin.toml").write_text(MANIFEST.format(runtime=runtime, entry=entry))
    (folder / entry).write_text(source)
    return {"judge": {"path": str(folder), "grants": {"models": ["judge", "lost"]}}}


def judge(request, reply):
    content = request.json["messages"][-1]["content"]
    if "broken" in content:
        reply.json({"error": {"message": "no"}}, status=500)
    else:
        reply.json(completion("no tide" if "tide" in content else "fine"))


def guard(**config) -> dict:
    return {"plugin": {"name": "judge", "config": config}, "timeout": "5s"}


def config(upstream: Upstream, service: Upstream, plugins: dict, judged: list | None = None, **settings) -> dict:
    clusters = {"up": upstream.cluster(), "small": service.cluster()}
    routes = [
        {"name": "main", "match": {"model": "big"}, "backends": [{"cluster": "up"}], "filters": [guard(**settings)]},
        {"name": "judge", "match": {"path": {"exact": "/nobody"}}, "backends": [{"cluster": "small", "model": "judge-1"}], "filters": judged or []},
    ]
    return proxy_config(clusters, routes=routes, plugins=plugins)


def test_a_model_is_asked_and_its_word_counts(plugin):
    with Upstream() as upstream, Upstream(judge) as service, Gateway(config(upstream, service, plugin)) as gateway:
        assert gateway.chat("big", text="the sea").status_code == 200
        blocked = gateway.chat("big", text="the tide")
        assert (blocked.status_code, blocked.json()["error"]["code"]) == (400, "content_filter")
        assert len(upstream.requests) == 1
        # The question goes the way of its route, under the id of the request that it is asked for.
        assert service.requests[0].json["model"] == "judge-1"
        lines = gateway.access_of("/v1/chat/completions", 4)
        asked = [line for line in lines if line["route"] == "judge"]
        assert {line["principal"] for line in asked} == {"plugin/judge"} and asked[0]["usage"]["input"] == 7
        assert asked[0]["request_id"] == fine_id(lines)
        assert gateway.metric("tidegate_requests_total", route="judge", status="200") == 2


def fine_id(lines: list[dict]) -> str:
    return next(line["request_id"] for line in lines if line["route"] == "main")


def test_what_gives_no_answer_is_a_failure_of_the_filter(plugin):
    with Upstream() as upstream, Upstream(judge) as service, Gateway(config(upstream, service, plugin)) as gateway:
        assert gateway.chat("big", text="broken").status_code == 503
        gateway.log_has('route \\"judge\\": it answers with status 500')


@pytest.mark.parametrize(("route", "told"), [("lost", "there is none of that name"), ("main", "is not granted")])
def test_only_routes_that_are_granted_and_there_are_asked(plugin, route, told):
    with Upstream() as upstream, Upstream(judge) as service:
        with Gateway(config(upstream, service, plugin, route=route)) as gateway:
            assert gateway.chat("big").status_code == 503
            gateway.log_has(told)
            assert not upstream.requests and not service.requests


def test_a_question_that_asks_itself_ends(plugin):
    """The route of the judge has the judge among its filters."""
    with Upstream() as upstream, Upstream(judge) as service:
        with Gateway(config(upstream, service, plugin, judged=[guard()])) as gateway:
            assert gateway.chat("big").status_code == 503
            gateway.log_has("it may have no end")
            assert not upstream.requests and not service.requests
