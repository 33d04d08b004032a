"""A package that differs in something from a plugin that could be used."""

import pathlib
from dataclasses import dataclass, field

from support.plugins import ENTRIES, toml

GOOD = "return {moderate_input = function() end}"
SCHEMA = {"type": "object", "properties": {"words": {"type": "array", "items": {"type": "string"}}}, "additionalProperties": False}


@dataclass
class Case:
    """What differs from a good plugin, and what its sentence must say."""

    says: list[str]
    source: str | bytes | None = GOOD
    manifest: bytes | None = None
    tables: dict = field(default_factory=dict)
    plugin: dict = field(default_factory=dict)
    schema: str | None = None
    entry: dict = field(default_factory=dict)
    config: dict = field(default_factory=dict)
    file: str | None = None
    helper: str | None = None

    def write(self, folder: pathlib.Path):
        file = self.file or ENTRIES.get(self.plugin.get("runtime"), "plugin.lua")
        plugin = {"id": "test", "version": "1.0.0", "runtime": "lua", "entry": file, "contract": "0.1", "hooks": ["moderate_input"]}
        plugin = {key: value for key, value in {**plugin, **self.plugin}.items() if value is not None}
        tables = {"plugin": plugin, **self.tables, **({"config": {"schema": "schema.json"}} if self.schema else {})}
        folder.mkdir(parents=True)
        (folder / "plugin.toml").write_bytes(toml(tables).encode() if self.manifest is None else self.manifest)
        if self.source is not None:
            (folder / file).write_bytes(self.source if isinstance(self.source, bytes) else self.source.encode())
        if self.schema:
            (folder / "schema.json").write_text(self.schema)
        if self.helper:
            (folder / "helper.py").write_text(self.helper)
