"""What the gateway is known to do wrong; whoever mends it takes the line away."""

import pytest

LATE = "a reservation whose answer comes after the deadline is refused to the client and stays counted: it is not taken back"
KNOWN = {
    "test_outages.py::test_who_was_refused_while_the_server_hung_is_not_counted[stopped]": LATE,
    "test_outages.py::test_who_was_refused_while_the_server_hung_is_not_counted[paused shortly]": LATE,
}


def pytest_collection_modifyitems(items):
    for item in items:
        if reason := KNOWN.get(item.nodeid.rpartition("stores/")[2]):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
