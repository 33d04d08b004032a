"""Limits let through exactly what they say, under load, on one gateway with a file and on several with one Redis."""

from collections import Counter
from contextlib import ExitStack

import pytest

from support.gateway import Gateway, proxy_config
from support.load import Load
from support.redis import Redis

MOCK = {"local": {"provider": "mock"}}
REQUESTS, CLIENTS, MOST = 10_000, 200, 1234
# What the mock says that each request of the load used, and what is reserved before the first answer is known.
USED, RESERVED = 12, 300
# On a busy machine the answers of a store under such a load may take long; what is refused then is not the limit's doing.
PATIENT = {"timeout": "10s"}


def gateways(stack: ExitStack, number: int, limits: dict, **top) -> list[Gateway]:
    config = proxy_config(MOCK, [{"rate_limit": limits}], **top)
    return [stack.enter_context(Gateway(config)) for _ in range(number)]


def statuses(gateways: list[Gateway]) -> Counter:
    with Load(*(gateway.address for gateway in gateways), clients=CLIENTS, most=REQUESTS) as load:
        return Counter(answer.status for answer in load.finish())


def test_one_gateway_with_a_file():
    with ExitStack() as stack:
        served = gateways(stack, 1, {"requests_per_month": MOST}, store={"sqlite": {"path": "state.db"}})
        assert statuses(served) == {200: MOST, 429: REQUESTS - MOST}


@pytest.mark.parametrize("window", ["sliding", "fixed", "calendar"])
def test_three_gateways_with_one_redis(window):
    with ExitStack() as stack:
        store = stack.enter_context(Redis()).store(**PATIENT)
        served = gateways(stack, 3, {"requests_per_month": MOST, "window": window}, store=store)
        assert statuses(served) == {200: MOST, 429: REQUESTS - MOST}


def test_tokens_of_three_gateways_with_one_redis():
    most = MOST * USED
    with ExitStack() as stack:
        store = stack.enter_context(Redis()).store(**PATIENT)
        served = gateways(stack, 3, {"tokens_per_month": most}, store=store)
        found = statuses(served)
        assert set(found) == {200, 429}
        assert most - RESERVED < found[200] * USED <= most
