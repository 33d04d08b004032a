"""docs/plugins/first-filter.md does what it says: its commands run in order in an empty folder, as a reader pastes them."""

import json
import re

import pytest

from support import pages
from support.gateway import BINARY, ROOT
from support.wait import until

# The page has the ports of the quickstart.
pytestmark = pytest.mark.xdist_group("quickstart")
PAGE = ROOT / "docs/plugins/first-filter.md"


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What each block printed, in one shell for all of them."""
    pages.skip_where_taken()
    folder = tmp_path_factory.mktemp("reader")
    try:
        yield pages.pasted(PAGE, folder, BINARY)
    finally:
        pages.end(folder)


def said(answer: str) -> str:
    """What the embedded model was asked, which it repeats."""
    seen = json.loads(json.loads(answer)["choices"][0]["message"]["content"])
    return seen["body"]["messages"][0]["content"]


def test_the_configuration_is_checked(outputs):
    package, checked, *_ = outputs
    assert (package, checked) == ("", "tidegate.yaml: ok\n")


def test_the_gateway_runs(outputs):
    assert outputs[2] == "ready\n"


def test_one_prompt_passes_and_one_is_refused_as_the_page_shows(outputs):
    passed, refused = outputs[3].strip().splitlines()
    assert said(passed) == "a pizza with cheese"
    (shown,) = pages.shown(PAGE).values()
    assert "…" in shown and pages.is_as_shown(shown, refused), refused


def test_the_change_is_live(outputs):
    assert said(outputs[4]) == "a pizza with fruit"


def test_the_mistake_is_told_and_changes_nothing(outputs):
    told, answer = outputs[5].strip().splitlines()
    told = json.loads(told)
    assert (told["plugin"], told["level"]) == ("my-filter", "ERROR")
    assert '"plugin.lua" cannot be loaded: line ' in told["error"]
    assert said(answer) == "a pizza with fruit"


def test_the_gateway_ends(outputs):
    assert len(outputs) == 7, "a block that no test looks at"
    until(lambda: not any(map(pages.taken, pages.PORTS)), "the end of the gateway", 40)


@pytest.mark.parametrize("page", sorted((ROOT / "docs/plugins").glob("*.md")), ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert not [link for link in links if not (page.parent / link).exists()]
