"""A gateway with one auth filter, in front of a mock that shows what has reached it."""

import json

from support.gateway import Gateway, proxy_config


class Guarded(Gateway):
    """A gateway whose cluster answers with the request that reached it."""

    def ask(self, authorization: str | None = None, **options):
        headers = {"authorization": authorization} if authorization else {}
        return self.chat("echo", headers={**headers, **options.pop("headers", {})}, **options)

    def bearer(self, token: str, **options):
        return self.ask(f"Bearer {token}", **options)

    def written(self) -> str:
        """All that it wrote so far, traces included."""
        traces = [self.admin("GET", f"/v1/traces/{id}").text for id in self.admin("GET", "/v1/traces").json()["traces"]]
        shown = [self.admin("GET", "/v1/config").text, self.admin("GET", "/metrics").text]
        return "\n".join([*self.log, *map(json.dumps, self.access), *traces, *shown])


def guarded_config(settings: dict, entry: dict | None = None, **top) -> dict:
    filters = [{"auth_filter": settings, **(entry or {})}]
    return proxy_config({"local": {"provider": "mock", "echo": True, "models": ["echo"]}}, filters=filters, **top)


def reached(answer) -> dict:
    """The request as it reached the cluster."""
    assert answer.status_code == 200, answer.text
    return json.loads(answer.json()["choices"][0]["message"]["content"])


def fields(answer) -> dict[str, str]:
    """The fields of the request that reached the cluster."""
    return {name.lower(): value for name, value in reached(answer)["headers"].items()}


def refusal(answer, code: str | None = None) -> str:
    """The sentence of a 401 in OpenAI's shape."""
    assert answer.status_code == 401, (answer.status_code, answer.text)
    error = answer.json()["error"]
    assert code is None or error["code"] == code, error
    return error["message"]
