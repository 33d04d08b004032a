"""The virtual services of the hooks part: a plain one, chains of plugins that read, and the job that nginx does in Lua."""

from __future__ import annotations

import json
from dataclasses import dataclass

import chats

RUNTIMES = ("Luau", "WASM", "Native", "Python")
# In Luau a whole body is a view of the tree that the gateway keeps, so it has no text of its own.
READS = {
    "Luau": ("nothing", "pointers", "whole"),
    "WASM": ("nothing", "pointers", "text", "whole"),
    "Native": ("nothing", "pointers", "text", "whole"),
    "Python": ("nothing", "pointers", "whole"),
}
# Whose plugins are processes of their own, one for each configuration: chains of them say nothing new.
PROCESSES = ("Python",)
LENGTHS = (1, 5, 20)

# None stands in the texts of `chats`.
WORDS = ("confidential", "password", "jailbreak")
FIELD, VALUE = "/temperature", 0

KEYS = {"auth_filter": {"api_keys": {"keys": [{"key": chats.KEY, "principal": "bench"}]}}}
TO_UPSTREAM = {"backends": [{"cluster": "up"}]}
# As in the CPU part: `model` must be read before the route is known, so the body is held with and without plugins.
BY_MODEL = [
    {"name": "a", "match": {"model": "gpt-a*"}, **TO_UPSTREAM},
    {"name": "b", "match": {"model": "gpt-b*"}, **TO_UPSTREAM},
]


@dataclass(frozen=True)
class Service:
    """A virtual service of the gateway; a request finds it by its host."""

    name: str
    filters: list[dict[str, object]]
    routes: list[dict[str, object]]

    @property
    def host(self) -> str:
        return f"{self.name}.bench"

    def line(self) -> str:
        """As an entry of the configuration; JSON is YAML."""
        entry = {"name": self.name, "hosts": [self.host], "filters": self.filters, "routes": self.routes}
        return f"  - {json.dumps(entry)}"


@dataclass(frozen=True)
class Chain:
    """So many plugins on a request, each of which reads this of the body."""

    runtime: str
    reads: str
    length: int

    @property
    def name(self) -> str:
        return f"{self.runtime}-{self.reads}-{self.length}".lower()

    def service(self) -> Service:
        filters = [KEYS, *(self._filter(place) for place in range(self.length))]
        return Service(self.name, filters, BY_MODEL)

    def _filter(self, place: int) -> dict[str, object]:
        """With a configuration of its own and so with instances of its own, as different plugins would have."""
        plugin = {"name": f"reader-{self.runtime.lower()}", "config": {"reads": self.reads, "place": place}}
        return {"plugin": plugin, "name": self.name}


PLAIN = Service("plain", [KEYS], BY_MODEL)


def chains(size: str) -> list[Chain]:
    """Those that are measured with bodies of this size: the long ones only with the first."""
    lengths = LENGTHS if size == next(iter(chats.SIZES)) else LENGTHS[:1]
    return [
        Chain(runtime, reads, length)
        for runtime in RUNTIMES
        for reads in READS[runtime]
        for length in (lengths if reads == "pointers" and runtime not in PROCESSES else LENGTHS[:1])
    ]


def jobs() -> list[Service]:
    """The job of `templates/nginx-lua.conf`, by built-in filters and by one plugin."""
    built_in = [KEYS, {"content_moderation": {"words": list(WORDS), "on": ["input"]}}]
    built_in.append({"request_transform": {"set": {FIELD: VALUE}}})
    plugin = {"plugin": {"name": "job", "config": {"key": chats.KEY, "words": list(WORDS)}}}
    routes = [{"name": "all", **TO_UPSTREAM}]
    return [Service("job-built-in", built_in, routes), Service("job-luau", [plugin], routes)]


def of_all_sizes() -> list[Service]:
    """Every service that the part measures."""
    found = {chain.name: chain.service() for size in chats.SIZES for chain in chains(size)}
    return [PLAIN, *found.values(), *jobs()]
