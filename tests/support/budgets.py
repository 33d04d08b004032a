"""Accounts of what exchanges cost: in the access log, in the metrics, in the report of usage, and in what a budget has left."""

from support.gateway import Gateway
from support.upstream import completion
from support.wait import until

CHAT = "/v1/chat/completions"


def used(prompt: int, answer: int, cached: int = 0, reasoning: int = 0) -> dict:
    """What OpenAI says of tokens."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "total_tokens": prompt + answer,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


def answers(usages: dict[str, dict]):
    """An upstream that says of each model that it used so much."""
    return lambda seen, reply: reply.json(completion(usage=usages[seen.json["model"]], model=seen.json["model"]))


def usage_of(gateway: Gateway, exchanges: int, **query) -> list[dict]:
    """The groups of the report, once so many exchanges are part of it."""

    def found() -> list[dict] | None:
        answer = gateway.admin("GET", "/v1/usage", params=query)
        assert answer.status_code == 200, answer.text
        groups = answer.json()["groups"]
        return groups if sum(group["requests"] for group in groups) >= exchanges else None

    groups = until(found, f"{exchanges} exchanges in the account of usage") if exchanges else found()
    assert sum(group["requests"] for group in groups) == exchanges
    return groups


def costs(gateway: Gateway, exchanges: int, path: str = CHAT) -> set[int | None]:
    """Millionths of a dollar of so many exchanges, as each account has their sum."""
    lines = gateway.access_of(path, exchanges)
    assert len(lines) == exchanges
    logged = sum(line.get("usage", {}).get("cost_micro_usd", 0) for line in lines)
    metric = round(gateway.metric("tidegate_cost_dollars_total") * 1e6)
    return {logged, metric, usage_of(gateway, exchanges)[0]["cost_micro_usd"]}
