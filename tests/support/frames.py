"""The frames in which AWS streams (`application/vnd.amazon.eventstream`).

Source: <https://smithy.io/2.0/aws/amazon-eventstream.html>
"""

import base64
import json
import struct
import zlib

MEDIA_TYPE = "application/vnd.amazon.eventstream"
TEXT = 7


def frame(kind: str, payload: dict) -> bytes:
    """An event."""
    return message({":event-type": kind, ":content-type": "application/json", ":message-type": "event"}, payload)


def exception(kind: str, text: str) -> bytes:
    """An error that is one of the service's."""
    names = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return message(names, {"message": text})


def chunk(event: dict, **beside: str) -> bytes:
    """An event of Anthropic's, as InvokeModelWithResponseStream wraps it."""
    return frame("chunk", {"bytes": base64.b64encode(json.dumps(event).encode()).decode(), **beside})


def message(names: dict[str, str], payload: dict) -> bytes:
    headers = b"".join(header(name, value) for name, value in names.items())
    body = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(body), len(headers))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    return (prelude + headers + body) + struct.pack(">I", zlib.crc32(prelude + headers + body))


def header(name: str, value: str) -> bytes:
    return struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", TEXT, len(value)) + value.encode()
