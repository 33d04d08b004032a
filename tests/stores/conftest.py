"""What the gateway is known to do wrong; whoever mends it takes the line away."""

import pytest

LATE = "a reservation whose answer comes after the deadline is refused to the client and stays counted: it is not taken back"
LOUD = "without `on_store_error` each request that the lost store harms is a line of its own: \"filter failed\""
LEFT = "the process ends while settlements are on their way to the store: the end of the gateway waits for none of them"
KNOWN = {
    "test_outages.py::test_who_was_refused_while_the_server_hung_is_not_counted[stopped]": LATE,
    "test_outages.py::test_who_was_refused_while_the_server_hung_is_not_counted[paused shortly]": LATE,
    "test_outages.py::test_a_lost_server_costs_no_request_more_than_its_time_and_is_told_once[nothing]": LOUD,
    "test_settled.py::test_a_stream_that_ends_while_the_gateway_does_is_settled[redis]": LEFT,
    "test_settled.py::test_a_stream_that_the_end_of_the_gateway_cuts_is_settled[redis]": LEFT,
}


def pytest_collection_modifyitems(items):
    for item in items:
        if reason := KNOWN.get(item.nodeid.rpartition("stores/")[2]):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
