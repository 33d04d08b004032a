"""Upstreams that know whose request it is, for all tests of this folder."""

import contextlib

import pytest

from support.clouds.aws import BASE, SignedConverse, SignedInvoke
from support.clouds.jwt import SigningKey
from support.upstream import Upstream
from support.vendors import Azure, Vertex, VertexAnthropic


def watched(kind: type):
    """An upstream that must have had no objection at the end."""

    @pytest.fixture
    def vendor():
        with kind() as vendor:
            yield vendor
        assert vendor.problems == []

    return vendor


# Those on AWS take what the keys of `BASE` have signed, unless a test says otherwise.
bedrock = watched(SignedConverse)
invoke = watched(SignedInvoke)
azure = watched(Azure)
google = watched(Vertex)
claude = watched(VertexAnthropic)


@pytest.fixture
def answering():
    """Starts servers that give one answer to everything."""
    with contextlib.ExitStack() as stack:
        yield lambda value: stack.enter_context(Upstream(lambda seen, reply: reply.json(value)))


@pytest.fixture
def home(tmp_path):
    """The home of the user whose gateway it is."""
    return tmp_path


@pytest.fixture
def base_env() -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": BASE.id, "AWS_SECRET_ACCESS_KEY": BASE.secret}


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    return SigningKey()
