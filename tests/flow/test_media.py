"""OpenAI's endpoints for images, sounds and moderations: by the official client, and forms as they come over the wire."""

import base64
import io
import re

import pytest
from openai import BadRequestError, OpenAI

from support.gateway import Gateway, proxy_config
from support.upstream import Upstream
from support.wait import until

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
WAV = b"RIFF" + b"--wall\r\n" * 50_000
MP3 = b"ID3" + bytes(range(256)) * 100
BOUNDARY = "----wall"


def answer(seen, reply):
    match seen.target:
        case "/v1/audio/speech":
            reply.send(body=MP3, content_type="audio/mpeg")
        case "/v1/audio/transcriptions" | "/v1/audio/translations":
            reply.json({"text": "hello", "usage": {"type": "tokens", "input_tokens": 7, "output_tokens": 2, "total_tokens": 9}})
        case "/v1/moderations":
            reply.json({"id": "m", "model": "omni", "results": [{"flagged": True, "categories": {"hate": True}, "category_scores": {"hate": 0.9}}]})
        case _:
            reply.json({"created": 1, "data": [{"b64_json": base64.b64encode(PNG).decode()}], "usage": {"input_tokens": 4, "output_tokens": 6, "total_tokens": 10}})


@pytest.fixture(scope="module")
def upstream():
    with Upstream(answer) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(upstream):
    key = {"credentials": {"api_key": "k"}}
    clusters = {"up": upstream.cluster(**key), "azure": upstream.cluster("azure-openai", api_version="2025-01-01", **key), "claude": upstream.cluster("anthropic", **key)}
    routes = [
        {"name": "alias", "match": {"model": "ears"}, "backends": [{"cluster": "up", "model": "whisper-1"}]},
        {"name": "azure", "match": {"model": "azure"}, "backends": [{"cluster": "azure"}]},
        {"name": "claude", "match": {"model": "claude"}, "backends": [{"cluster": "claude"}]},
        {"name": "plain", "match": {"model": "plain"}, "backends": [{"cluster": "up"}]},
        {"name": "rest", "backends": [{"cluster": "up"}]},
    ]
    with Gateway(proxy_config(clusters, routes=routes)) as gateway:
        yield gateway


@pytest.fixture
def client(gateway):
    with OpenAI(base_url=f"{gateway.url}/v1", api_key="demo", max_retries=0) as client:
        yield client


def boundary(content_type: str) -> str:
    return re.search('boundary="?([^";]+)', content_type).group(1)


def parts(seen) -> dict[str, bytes]:
    """The fields of a form by their names; what its reader sees."""
    wall = b"--" + boundary(seen.get("content-type")).encode()
    fields = {}
    for part in seen.body.split(wall)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        fields[re.search(rb'name="([^"]+)"', head).group(1).decode()] = content.removesuffix(b"\r\n")
    return fields


def test_images_sounds_and_moderations_pass(client, upstream):
    image = client.images.generate(model="dall-e-3", prompt="a dot", response_format="b64_json")
    assert base64.b64decode(image.data[0].b64_json) == PNG and upstream.requests[-1].json["prompt"] == "a dot"
    assert client.audio.speech.create(model="tts-1", voice="alloy", input="hi").content == MP3
    assert client.moderations.create(model="omni", input="x").results[0].flagged


def test_a_form_passes_with_its_model_renamed_and_not_a_byte_beside_it_changed(client, gateway, upstream):
    said = client.audio.transcriptions.create(model="ears", file=("a.wav", io.BytesIO(WAV), "audio/wav"), language="en")
    seen = upstream.requests[-1]
    assert (said.text, seen.target) == ("hello", "/v1/audio/transcriptions")
    assert parts(seen) == {"model": b"whisper-1", "file": WAV, "language": b"en"}
    assert int(seen.get("content-length")) == len(seen.body)
    client.audio.transcriptions.create(model="plain", file=("a.wav", io.BytesIO(WAV), "audio/wav"))
    assert parts(upstream.requests[-1]) == {"model": b"plain", "file": WAV}
    client.images.edit(model="ears", image=("a.png", io.BytesIO(PNG), "image/png"), prompt="grey")
    assert parts(upstream.requests[-1]) == {"model": b"whisper-1", "image": PNG, "prompt": b"grey"}
    assert gateway.access_of("/v1/audio/transcriptions", 2)[-1]["original_model"] == "plain"


def test_azure_has_the_model_of_a_form_in_the_path(client, upstream):
    client.audio.transcriptions.create(model="azure", file=("a.wav", io.BytesIO(WAV), "audio/wav"))
    assert upstream.requests[-1].target == "/openai/deployments/azure/audio/transcriptions?api-version=2025-01-01"


def test_a_provider_without_says_so(client, upstream):
    before = len(upstream.requests)
    with pytest.raises(BadRequestError, match="audio") as refused:
        client.audio.transcriptions.create(model="claude", file=("a.wav", io.BytesIO(WAV), "audio/wav"))
    assert refused.value.code == "operation_not_served"
    with pytest.raises(BadRequestError, match="images"):
        client.images.generate(model="claude", prompt="x")
    assert len(upstream.requests) == before


def field(name: str, content: str) -> str:
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{content}\r\n'


def form(*fields: str) -> bytes:
    return ("".join(fields) + f"--{BOUNDARY}--\r\n").encode()


def transcribe(gateway, content: bytes):
    return gateway.post("/v1/audio/transcriptions", content, headers={"content-type": f"multipart/form-data; boundary={BOUNDARY}"})


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ([field("model", "ears"), field("file", "x" * 2_000_000), field("model", "secret")], "twice"),
        ([field("model", "ears"), field("mo\\del", "secret")], "content-disposition"),
        ([field("model", "e" * 600)], "model"),
    ],
    ids=["twice", "escaped", "long"],
)
def test_a_form_that_can_be_read_in_two_ways_is_refused(gateway, upstream, fields, says):
    before = len(upstream.requests)
    refused = transcribe(gateway, form(*fields))
    assert refused.status_code == 400 and says in refused.json()["error"]["message"], refused.text
    # What had begun to pass was cut, so that the upstream has no whole request either.
    assert len(upstream.requests) == before


def test_routes_that_go_by_the_model_find_it_behind_a_file(gateway, upstream):
    assert transcribe(gateway, form(field("file", "x" * 500_000), field("model", "ears"))).status_code == 200
    assert parts(upstream.requests[-1])["model"] == b"whisper-1"


def test_a_form_is_not_held_to_be_renamed(upstream):
    """The upstream is reached while the client still sends."""
    start, end, half = form(field("model", "ears"), field("file", "x")).partition(b"x")[0], f"\r\n--{BOUNDARY}--\r\n".encode(), b"x" * 2_000_000
    head = f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(start) + 2 * len(half) + len(end)}\r\n\r\n"
    route = {"name": "r", "match": {"model": "ears"}, "backends": [{"cluster": "up", "model": "w"}]}
    with Upstream(answer) as own, Gateway(proxy_config({"up": own.cluster()}, routes=[route])) as gateway, gateway.wire() as wire:
        wire.send(head.encode() + start + half)
        until(lambda: own.connections == 1, "a connection to the upstream before the form is whole")
        assert wire.send(half + end).response().status == 200
        assert parts(own.requests[-1]) == {"model": b"w", "file": 2 * half}


def test_sounds_of_a_moderated_route_are_media_that_nobody_can_judge(upstream):
    guard = {"name": "guard", "content_moderation": {"words": ["canary"]}}
    with Gateway(proxy_config({"up": upstream.cluster()}, filters=[guard])) as gateway:
        spoken = gateway.post("/v1/audio/speech", {"model": "tts-1", "voice": "alloy", "input": "hi"})
        assert spoken.status_code >= 400 and "audio/mpeg" in spoken.text and MP3 not in spoken.content
        before = len(upstream.requests)
        asked = gateway.post("/v1/images/generations", {"model": "dall-e-3", "prompt": "a canary"})
        assert asked.status_code >= 400 and len(upstream.requests) == before
        form_refused = transcribe(gateway, form(field("model", "ears"), field("file", "x")))
        assert form_refused.status_code >= 400 and len(upstream.requests) == before
