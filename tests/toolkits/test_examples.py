"""The examples whose plugins are built with a toolchain do what their pages say.

`scripts/test.sh toolkits` sets the languages up before it runs these.
"""

import pytest

from support import examples

# The examples have the ports of the quickstart. A page may take as long as `pages.pasted` waits.
pytestmark = [pytest.mark.xdist_group("quickstart"), pytest.mark.timeout(400)]
EXAMPLES = [example for example in examples.ALL if examples.needs_a_toolchain(example)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_page_shows_what_happens(example, tmp_path):
    examples.check(example, tmp_path)
