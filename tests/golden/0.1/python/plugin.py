"""The conformance plugin: it does what its configuration says, and tells what it was given.

tests/conformance/README.md describes the configuration; ../rust is the same plugin in Rust, ../lua in Lua. `calls` asks the
services, `seen` shows what a call was given, `answers` makes verdicts.
"""

import json

import answers
import calls
import seen
from tidegate import (
    Body,
    ConfigError,
    Context,
    Event,
    Head,
    Headers,
    Outcome,
    Plugin,
    Subscription,
    Text,
    Usage,
)


class Turn:
    """What the configuration wants of a call, and what the call was given, as JSON text."""

    def __init__(self, plan: dict, told: str) -> None:
        self.plan = plan
        self.told = told

    def store_echo(self, ctx: Context) -> None:
        """For hooks that answer nothing."""
        if self.plan.get("answer") == "echo":
            ctx.kv.set("echo", self.told)


class Conformance(Plugin):
    def configure(self, config: dict) -> Subscription | None:
        self.plans = config.get("hooks") or {}
        if "refuse" in config:
            raise ConfigError(config["refuse"])
        return answers.subscription(config.get("subscribe") or {}, self.plans) if "hooks" in config else None

    def turn(self, hook: str, ctx: Context, told: dict) -> Turn:
        plan = self.plans.get(hook) or {}
        results = [calls.call(ctx, call) for call in plan.get("calls") or ()]
        if "fail" in plan:
            raise RuntimeError(plan["fail"])
        while plan.get("spin"):
            pass
        text = json.dumps({"ctx": seen.context(ctx), "in": told, "calls": results}, ensure_ascii=False)
        return Turn(plan, text)

    def authenticate(self, ctx: Context, head: Head):
        turn = self.turn("authenticate", ctx, seen.head(head))
        return answers.auth(turn.plan, turn.told)

    def admit(self, ctx: Context, estimate: Usage):
        turn = self.turn("admit", ctx, {"estimate": seen.usage(estimate)})
        return answers.admission(turn.plan, turn.told)

    def settle(self, ctx: Context, ticket: str, actual: Usage):
        self.turn("settle", ctx, {"ticket": ticket, "actual": seen.usage(actual)}).store_echo(ctx)

    def transform_request(self, ctx: Context, headers: Headers, body: Body):
        turn = self.turn("transform_request", ctx, seen.message(headers, body))
        return answers.transform(turn.plan, turn.told)

    def transform_upstream(self, ctx: Context, headers: Headers, body: Body):
        turn = self.turn("transform_upstream", ctx, seen.message(headers, body))
        return answers.transform(turn.plan, turn.told)

    def transform_response(self, ctx: Context, status: int, headers: Headers, body: Body):
        turn = self.turn("transform_response", ctx, {"status": status, **seen.message(headers, body)})
        return answers.transform(turn.plan, turn.told)

    def transform_event(self, ctx: Context, event: Event):
        turn = self.turn("transform_event", ctx, {"name": event.name, "data": event.data})
        return answers.event(turn.plan, event, turn.told)

    def moderate_input(self, ctx: Context, texts: list[Text]):
        turn = self.turn("moderate_input", ctx, {"texts": seen.texts(texts)})
        return answers.moderation(turn.plan, texts, turn.told)

    def moderate_output(self, ctx: Context, texts: list[Text], last: bool):
        turn = self.turn("moderate_output", ctx, {"texts": seen.texts(texts), "last": last})
        return answers.moderation(turn.plan, texts, turn.told)

    def completed(self, ctx: Context, outcome: Outcome):
        self.turn("completed", ctx, seen.outcome(outcome)).store_echo(ctx)
