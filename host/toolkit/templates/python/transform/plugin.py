"""Keeps the temperature of requests below a limit."""

from tidegate import Body, Context, Headers, Plugin, Subscription, Transform, changed


class Temperature(Plugin):
    def configure(self, config: dict) -> Subscription:
        self.most = config["max_temperature"]
        # Of the body only this place is handed over: what is not asked for costs nothing.
        return Subscription(request_body=["/temperature"], dialects=["openai", "anthropic"])

    def transform_request(self, ctx: Context, headers: Headers, body: Body) -> Transform:
        asked = body.get("/temperature")
        too_high = isinstance(asked, (int, float)) and asked > self.most
        return changed(
            set={"/temperature": self.most} if too_high else None,
            headers={"add": {"x-filtered-by": "{{name}}"}},
        )
