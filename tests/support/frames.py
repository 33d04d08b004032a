"""The frames in which AWS streams (`application/vnd.amazon.eventstream`)."""

import base64
import json
import struct
import zlib

MEDIA_TYPE = "application/vnd.amazon.eventstream"


def frame(name: str, data: dict) -> bytes:
    """An event of this name."""
    fields = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(_field(*field) for field in fields.items())
    payload = json.dumps(data).encode()
    prelude = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return message + struct.pack(">I", zlib.crc32(message))


def chunk(data: dict) -> bytes:
    """An event of Anthropic's, as InvokeModelWithResponseStream wraps it."""
    return frame("chunk", {"bytes": base64.b64encode(json.dumps(data).encode()).decode()})


def _field(name: str, value: str) -> bytes:
    text = 7
    return struct.pack(">B", len(name)) + name.encode() + struct.pack(">BH", text, len(value)) + value.encode()
