"""Upstreams that know whose request it is, for all tests of this folder."""

import pytest

from support.clouds.aws import BASE, SignedConverse, SignedInvoke


@pytest.fixture
def bedrock():
    """Takes what the keys of `BASE` have signed, unless a test says otherwise."""
    yield from watched(SignedConverse())


@pytest.fixture
def invoke():
    yield from watched(SignedInvoke())


def watched(vendor):
    """An upstream that must have had no objection at the end."""
    with vendor:
        yield vendor
    assert vendor.problems == []


@pytest.fixture
def home(tmp_path):
    """The home of the user whose gateway it is."""
    return tmp_path


@pytest.fixture
def base_env() -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": BASE.id, "AWS_SECRET_ACCESS_KEY": BASE.secret}
