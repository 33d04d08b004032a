"""Counts of tokens and embeddings: what the vendors' own clients say of them with every provider that has them."""

import anthropic
import openai
import pytest
from google import genai

from support.gateway import Gateway, proxy_config
from support.upstream import Upstream
from support.vendors.meters import COUNT, COUNTERS, EMBEDDERS, VECTORS

pytestmark = pytest.mark.xdist_group("translation")

SYSTEM, QUESTION = "Speak of the sea.", "When is low tide?"
TEXTS = ["When is low tide?", "At noon."]
SCHEMA = {"type": "object", "properties": {"harbour": {"type": "string"}}, "required": ["harbour"]}
TOOL, ABOUT_TOOL = "tide_of", "The tide of a harbour."
SEVERAL = [name for name in EMBEDDERS if name != "titan"]
# What says how many tokens it has embedded.
TELLING = {"openai", "gcp-vertex", "titan", "cohere"}


@pytest.fixture(scope="module")
def meters():
    meters = {name: kind() for name, kind in (COUNTERS | EMBEDDERS).items()}
    for meter in meters.values():
        meter.__enter__()
    yield meters
    for meter in meters.values():
        meter.__exit__()


@pytest.fixture(scope="module")
def gateway(meters):
    clusters = {name: meter.cluster() for name, meter in meters.items()}
    routes = [
        {"name": name, "match": {"model": name}, "backends": [{"cluster": name, "model": meter.model}]}
        for name, meter in meters.items()
    ]
    with Gateway(proxy_config(clusters, routes=routes)) as gateway:
        yield gateway


@pytest.fixture
def meter(meters, name):
    """An upstream, which must have had no objection at the end."""
    meter = meters[name]
    meter.problems.clear()
    yield meter
    assert meter.problems == []


@pytest.fixture(scope="module")
def openai_client(gateway):
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="k", max_retries=0, timeout=20) as client:
        yield client


@pytest.fixture(scope="module")
def anthropic_client(gateway):
    with anthropic.Anthropic(base_url=f"{gateway.url}/anthropic", api_key="k", max_retries=0, timeout=20) as client:
        yield client


@pytest.fixture(scope="module")
def gemini_client(gateway):
    options = genai.types.HttpOptions(base_url=gateway.url, api_version="v1beta", timeout=20_000)
    with genai.Client(api_key="k", http_options=options) as client:
        yield client


def assert_asked(meter, *texts: str):
    body = meter.read_last()
    assert all(text in body for text in texts), body


@pytest.mark.parametrize("name", COUNTERS)
def test_openais_client_counts(openai_client, meter, name):
    tools = [{"type": "function", "name": TOOL, "description": ABOUT_TOOL, "parameters": SCHEMA, "strict": False}]
    counted = openai_client.responses.input_tokens.count(model=name, instructions=SYSTEM, input=QUESTION, tools=tools)
    assert (counted.input_tokens, counted.object) == (COUNT, "response.input_tokens")
    assert_asked(meter, SYSTEM, QUESTION, TOOL, ABOUT_TOOL)


@pytest.mark.parametrize("name", COUNTERS)
def test_anthropics_client_counts(anthropic_client, meter, name):
    tools = [{"name": TOOL, "description": ABOUT_TOOL, "input_schema": SCHEMA}]
    messages = [{"role": "user", "content": QUESTION}]
    counted = anthropic_client.messages.count_tokens(model=name, system=SYSTEM, messages=messages, tools=tools)
    assert counted.input_tokens == COUNT
    assert_asked(meter, SYSTEM, QUESTION, TOOL, ABOUT_TOOL)


@pytest.mark.parametrize("name", COUNTERS)
def test_googles_client_counts(gemini_client, meter, name):
    counted = gemini_client.models.count_tokens(model=name, contents=QUESTION)
    assert counted.total_tokens == COUNT
    assert_asked(meter, QUESTION)


@pytest.mark.parametrize("name", COUNTERS)
@pytest.mark.parametrize("asked", [{"prompt": QUESTION}, {"messages": [{"role": "user", "content": QUESTION}]}], ids=["prompt", "messages"])
def test_what_vllm_tokenizes_is_counted(gateway, meter, name, asked):
    counted = gateway.post("/tokenize", {"model": name, **asked})
    assert (counted.status_code, counted.json()) == (200, {"count": COUNT, "max_model_len": None, "tokens": []})
    assert_asked(meter, QUESTION)


@pytest.mark.parametrize("name", EMBEDDERS)
def test_openais_client_embeds_one(openai_client, meter, name):
    """It asks for base64 unless it is told otherwise."""
    embedded = openai_client.embeddings.create(model=name, input=TEXTS[0])
    assert [one.embedding for one in embedded.data] == VECTORS[:1]
    assert embedded.usage.prompt_tokens == (3 if name in TELLING else 0)
    assert_asked(meter, TEXTS[0])


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_openais_client_embeds_several(openai_client, meter, name, encoding):
    embedded = openai_client.embeddings.create(model=name, input=TEXTS, encoding_format=encoding, dimensions=3)
    vectors = [one.embedding for one in embedded.data]
    if encoding == "float":
        assert vectors == VECTORS
    else:
        assert all(isinstance(vector, str) for vector in vectors)
    assert [one.index for one in embedded.data] == [0, 1]
    assert_asked(meter, *TEXTS)


@pytest.mark.parametrize("name", EMBEDDERS)
def test_googles_client_embeds_one(gemini_client, meter, name):
    embedded = gemini_client.models.embed_content(model=name, contents=TEXTS[0], config={"task_type": "RETRIEVAL_QUERY"})
    assert [one.values for one in embedded.embeddings] == VECTORS[:1]
    assert_asked(meter, TEXTS[0])


@pytest.mark.parametrize("name", SEVERAL)
def test_googles_client_embeds_several(gemini_client, meter, name):
    # Of texts alone the client makes one content, for models whose names it does not know.
    contents = [{"parts": [{"text": text}]} for text in TEXTS]
    embedded = gemini_client.models.embed_content(model=name, contents=contents, config={"output_dimensionality": 3})
    assert [one.values for one in embedded.embeddings] == VECTORS
    assert_asked(meter, *TEXTS)


def test_one_text_at_a_time_is_told(openai_client, meters):
    with pytest.raises(openai.BadRequestError, match="takes one at a time") as refused:
        openai_client.embeddings.create(model="titan", input=TEXTS)
    assert refused.value.param == "input" and meters["titan"].problems == []


def test_tokens_in_place_of_a_text_are_told(openai_client):
    with pytest.raises(openai.BadRequestError, match="tokens") as refused:
        openai_client.embeddings.create(model="gemini", input=[1, 2, 3])
    assert refused.value.param == "input"


@pytest.mark.parametrize("name", ["anthropic", "aws-bedrock-anthropic", "gcp-vertex-anthropic"])
def test_who_makes_no_embeddings_is_not_asked(openai_client, gemini_client, name):
    with pytest.raises(openai.BadRequestError, match="embeddings") as refused:
        openai_client.embeddings.create(model=name, input=QUESTION)
    assert refused.value.code == "operation_not_served"
    with pytest.raises(genai.errors.ClientError, match="embeddings"):
        gemini_client.models.embed_content(model=name, contents=QUESTION)


def test_documents_are_ranked_below_the_root_of_coheres_host():
    ranks = {"id": "r", "results": [{"index": 1, "relevance_score": 0.9}], "meta": {}}
    body = {"model": "rerank-v3.5", "query": QUESTION, "documents": TEXTS, "top_n": 1}
    with Upstream(lambda seen, reply: reply.json(ranks)) as upstream:
        cohere = {"provider": "cohere", "endpoint": f"{upstream.url}/compatibility", "credentials": {"api_key": "k"}}
        with Gateway(proxy_config({"cohere": cohere})) as gateway:
            for path in ("/v2/rerank", "/cohere/v2/rerank"):
                answer = gateway.post(path, body)
                assert (answer.status_code, answer.json()) == (200, ranks)
                assert (upstream.requests[-1].target, upstream.requests[-1].json) == ("/v2/rerank", body)


def test_who_ranks_nothing_is_not_asked(gateway):
    refused = gateway.post("/v2/rerank", {"model": "openai", "query": QUESTION, "documents": TEXTS})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "operation_not_served")
    assert "reranking" in refused.json()["error"]["message"]
