"""docs/plugins/tutorials do what they say: the commands of each run in order in an empty folder, as a reader pastes them.

`scripts/test.sh toolkits` sets the languages up before it runs these.
"""

import json
import pathlib
import re

import pytest

from support import pages
from support.gateway import BINARY, ROOT
from support.wait import until

# A page with what its first build compiles, on a machine that has other things to do.
PATIENCE = 900
# The pages have the ports of the quickstart.
pytestmark = [pytest.mark.xdist_group("quickstart"), pytest.mark.timeout(PATIENCE + 100)]
LANGUAGES = ("cpp", "go", "js", "lua", "native", "python", "rust")
FOLDER = ROOT / "docs/plugins/tutorials"
# What every page comes to, in this order.
STEPS = ("plugin new", "plugin build", "plugin test", "FAIL ", " 0 failed", "plugin info", "plugin bench", "tidegate check", "tidegate run", "ready", "ask|send")


@pytest.fixture(scope="module", params=LANGUAGES)
def page(request) -> pathlib.Path:
    return FOLDER / f"{request.param}.md"


@pytest.fixture(scope="module")
def outputs(page, tmp_path_factory):
    """What each block of the page printed, in one shell for all of them."""
    pages.skip_where_taken()
    folder = tmp_path_factory.mktemp("reader")
    try:
        yield pages.pasted(page, folder, BINARY, PATIENCE)
    finally:
        pages.end(folder)


def test_what_it_prints_is_what_the_page_shows(page, outputs):
    shown = pages.shown(page)
    assert len(shown) >= 8
    for block, text in shown.items():
        assert pages.is_as_shown(text, outputs[block]), f"block {block} of {page.name} shows\n{text}\nand prints\n{outputs[block]}"


def test_what_it_does_not_show_is_nothing(page, outputs):
    unshown = set(range(len(outputs))) - set(pages.shown(page))
    assert {outputs[block].strip() for block in unshown} <= {""}


def test_it_takes_every_step(page, outputs):
    text, at = page.read_text(), 0
    for step in STEPS:
        found = re.compile(step).search(text, at)
        assert found, f"{page.name} has no {step!r} behind what comes before"
        at = found.end()


def test_its_gateway_says_no_and_says_it_in_other_words_after_the_change(outputs):
    answers = [json.loads(line) for output in outputs for line in output.splitlines() if line.startswith('{"error"')]
    assert {answer["error"]["code"] for answer in answers} == {"content_filter"}
    first, last = answers[0]["error"]["message"], answers[-1]["error"]["message"]
    assert first != last


def test_what_is_shipped_meets_the_cases(outputs):
    told = [output for output in outputs if " passed, 0 failed" in output][-1]
    assert re.search(r"^digest +sha256:[0-9a-f]{64}$", told, re.MULTILINE), told


def test_one_digest_wherever_it_is_asked_for(outputs):
    """Of the block that ships: what was built, what was copied, and what the gateway has live, where the page asks for them."""
    told = [output for output in outputs if " passed, 0 failed" in output][-1]
    assert len(set(re.findall(r"\b[0-9a-f]{64}\b", told))) == 1


def test_the_gateway_ends(outputs):
    until(lambda: not any(map(pages.taken, pages.PORTS)), "the end of the gateway", 40)


def test_every_language_has_a_page():
    assert sorted(page.stem for page in FOLDER.glob("*.md")) == sorted(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_lead_somewhere(language):
    here = FOLDER / f"{language}.md"
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", here.read_text())
    assert links and not [link for link in links if not (here.parent / link).exists()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_code_that_is_shown_is_what_new_writes(language):
    """Blocks of the language itself show the template's own lines."""
    fences = {"cpp": "cpp", "go": "go", "js": "ts", "lua": "lua", "native": "toml", "python": "python", "rust": "rust"}
    template = ROOT / "host/toolkit/templates" / language / "moderation"
    written = "\n".join(file.read_text() for file in template.rglob("*") if file.is_file())
    written = {line.strip() for line in written.replace("{{crate}}", "my_guard").splitlines()}
    shown = [text for fence, text in pages.blocks(FOLDER / f"{language}.md") if fence == fences[language]]
    assert shown and not [line for text in shown for line in text.splitlines() if line.strip() not in written]
