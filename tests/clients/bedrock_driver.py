"""Drives boto3's client of Bedrock: one JSON line a call on standard input, one with its outcome on standard output.

JSON has no bytes: `bytes` in a call and in its outcome are base64.
"""

import base64
import functools

import boto3
from botocore.config import Config
from driver import serve


@functools.cache
def client(url: str, key: str):
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=20, read_timeout=20)
    keys = {"aws_access_key_id": key, "aws_secret_access_key": key}
    return boto3.client("bedrock-runtime", endpoint_url=url, region_name="eu-west-1", config=config, **keys)


def stream(client, params: dict, events: list):
    for event in client.converse_stream(**params)["stream"]:
        events.append(event)
    return events


CALLS = {
    "chat": lambda client, params, _: client.converse(**params),
    "stream": stream,
}


def with_bytes(value: dict) -> dict:
    return {key: base64.b64decode(item) if key == "bytes" else item for key, item in value.items()}


def in_base64(value) -> str:
    return base64.b64encode(value).decode()


def made(call: str, url: str, key: str, params: dict, events: list):
    return CALLS[call](client(url, key), params, events)


def failed(error: Exception, events: list) -> dict:
    response = getattr(error, "response", {})
    about = response.get("ResponseMetadata", {})
    return {
        "error": type(error).__name__,
        "status": about.get("HTTPStatusCode"),
        "code": response.get("Error", {}).get("Code"),
        "message": str(error),
        "request_id": about.get("RequestId"),
        "retry_after": about.get("HTTPHeaders", {}).get("retry-after"),
        "events": events,
    }


serve(made, failed, reading=with_bytes, writing=in_base64)
