"""Every example does what its page says: its commands run in order in a copy of its folder, and print what the page shows."""

import re
import shutil

import pytest

from support import pages
from support.environments import wheels
from support.gateway import BINARY, ROOT
from support.wait import until

# The examples have the ports of the quickstart.
pytestmark = pytest.mark.xdist_group("quickstart")
EXAMPLES = sorted(page.parent for page in (ROOT / "examples").glob("*/README.md"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_page_shows_what_happens(example, tmp_path, monkeypatch):
    for port in pages.PORTS:
        if pages.taken(port):
            pytest.skip(f"port {port} is in use on this machine, perhaps by a gateway of yours")
    if list(example.glob("*/requirements.txt")):
        # What such a page installs from PyPI was fetched when the machine was set up.
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(wheels()))
    folder = tmp_path / "examples" / example.name
    shutil.copytree(example, folder, ignore=shutil.ignore_patterns("*.so", "target", ".venv"))
    (tmp_path / "plugin-sdk").symlink_to(ROOT / "plugin-sdk")
    shown = pages.shown(example / "README.md")
    assert shown, "a page that shows nothing"
    try:
        printed = pages.pasted(example / "README.md", folder, BINARY)
        for number, text in shown.items():
            assert pages.is_as_shown(text, printed[number]), printed[number]
        until(lambda: not any(map(pages.taken, pages.PORTS)), "the end of the gateway", 40)
    finally:
        pages.end(folder)


@pytest.mark.parametrize("page", [ROOT / "examples/README.md", *(example / "README.md" for example in EXAMPLES)],
                         ids=lambda page: page.parent.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert not [link for link in links if not (page.parent / link).exists()]


def test_no_example_is_left_out():
    page = (ROOT / "examples/README.md").read_text()
    assert [example.name for example in EXAMPLES if f"]({example.name})" not in page] == []
