"""Knows callers by the API key that they send."""

from tidegate import Auth, Context, Head, Plugin, deny, grant, pass_


class ApiKeys(Plugin):
    def configure(self, config: dict) -> None:
        self.keys = config["keys"]

    def authenticate(self, ctx: Context, head: Head) -> Auth:
        key = head.headers.get("x-api-key")
        if key is None:
            return pass_()
        principal = self.keys.get(key)
        if principal is None:
            return deny(401, "invalid_api_key", "the API key is not known")
        return grant(principal)
