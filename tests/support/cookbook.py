"""The recipes of docs/plugins/cookbook.md, as folders: each file stands on the page below a line with its name in bold."""

import pathlib
import re

from support.gateway import ROOT
from support.toolkit import works

PAGE = ROOT / "docs/plugins/cookbook.md"
# What is written in which language.
SOURCES = {
    "plugin.lua": "lua",
    "plugin.py": "python",
    "plugin.go": "go",
    "plugin.ts": "js",
    "src/lib.rs": "rust",
    "plugin.cpp": "cpp",
}
# The gateway reads these as they are written.
INTERPRETED = ("lua", "python")


class Recipe:
    """A section of the page, and the files in it."""

    def __init__(self, title: str, text: str):
        self.title = title
        self.files = dict(re.findall(r"(?ms)^\*\*`([^`\n]+)`\*\*\n\n```\w+\n(.*?)^```$", text))
        # A block without a name would be shown and never be tried.
        self.nameless = len(re.findall(r"(?m)^```\w", text)) - len(self.files)

    @property
    def language(self) -> str | None:
        return next((language for source, language in SOURCES.items() if source in self.files), None)

    @property
    def cases(self) -> list[str]:
        return [name for name in self.files if re.fullmatch(r"cases/[a-z-]+\.json", name)]

    def check(self):
        """Whether it is whole: one that proves nothing is none."""
        assert self.cases, f"{self.title}: no case proves it; add one below a line **`cases/NAME.json`**"
        assert self.language and "plugin.toml" in self.files, f"{self.title}: a manifest and a source are needed"
        assert self.nameless == 0, f"{self.title}: a block without the name of its file above it"

    def play(self, folder: pathlib.Path):
        """As a reader does it: `plugin new` where there is something to build, the files, `build`, `test`."""
        name = re.search(r'(?m)^id = "cookbook/([a-z-]+)"$', self.files["plugin.toml"])[1]
        folder = folder / name
        built = self.language not in INTERPRETED
        if built:
            works("plugin", "new", "--lang", self.language, folder)
            for case in (folder / "cases").iterdir():
                case.unlink()
            (folder / "config.schema.json").unlink()
        for file, text in self.files.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text)
        if built:
            works("plugin", "build", folder)
        told = works("plugin", "test", folder)
        assert f"{len(self.cases)} passed, 0 failed" in told, told
        # Such as a hook that no case asks for.
        assert "note " not in told, told


def recipes() -> list[Recipe]:
    """Every section of the second level is one."""
    _, *sections = re.split(r"(?m)^## (.+)\n", PAGE.read_text())
    return [Recipe(title, text) for title, text in zip(sections[::2], sections[1::2])]
