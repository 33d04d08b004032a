"""Reads what its configuration names and changes nothing: what is left is what a call costs. `rust` is the same in Rust."""

from tidegate import Plugin, Subscription

ASKED = {"nothing": "nothing", "pointers": ["/model", "/temperature"], "whole": "whole"}


class Reader(Plugin):
    def configure(self, config):
        self.reads = config["reads"]
        return Subscription(request_body=ASKED[self.reads])

    def transform_request(self, ctx, headers, body):
        if not self.has_read(body):
            raise ValueError("what was asked for is not there")

    def has_read(self, body):
        if self.reads == "nothing":
            return body.kind == "absent"
        return body.get("/model") is not None and body.get("/temperature") is not None
