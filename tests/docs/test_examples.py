"""Every example does what its page says. Those that build with a toolchain are run by tests/toolkits/test_examples.py."""

import re

import pytest

from support import examples
from support.gateway import ROOT

# The examples have the ports of the quickstart.
pytestmark = pytest.mark.xdist_group("quickstart")
EXAMPLES = [example for example in examples.ALL if not examples.needs_a_toolchain(example)]
PAGES = [ROOT / "examples/README.md", *(example / "README.md" for example in examples.ALL)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_page_shows_what_happens(example, tmp_path):
    examples.check(example, tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert not [link for link in links if not (page.parent / link).exists()]


def test_no_example_is_left_out():
    page = (ROOT / "examples/README.md").read_text()
    assert [example.name for example in examples.ALL if f"]({example.name})" not in page] == []
