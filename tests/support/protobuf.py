"""As much of Protocol Buffers as messages by their field numbers need: numbers, texts, bytes, and messages within messages."""

import collections

Fields = list[tuple[int, "int | str | bytes | Fields"]]


def encoded(fields: Fields) -> bytes:
    """The message with these fields, each by its number; a list is a message of its own."""
    return b"".join(_field(number, value) for number, value in fields)


def decoded(message: bytes) -> dict[int, list[int | bytes]]:
    """The fields of a message, by their numbers."""
    fields, place = collections.defaultdict(list), 0
    while place < len(message):
        tag, place = _varint(message, place)
        value, place = _varint(message, place)
        if tag & 7 == 2:
            value, place = message[place : place + value], place + value
        else:
            assert tag & 7 == 0, f"wire type {tag & 7} at byte {place}"
        fields[tag >> 3].append(value)
    return dict(fields)


def inner(message: bytes, *path: int) -> bytes:
    """The message, text or bytes at the end of a path of field numbers; empty where there is none."""
    for number in path:
        message = decoded(message).get(number, [b""])[0]
    return message


def mapping(message: bytes, number: int) -> dict[str, str]:
    """A field that is a map of texts."""
    entries = map(decoded, decoded(message).get(number, []))
    return {entry[1][0].decode(): entry.get(2, [b""])[0].decode() for entry in entries}


def _field(number: int, value) -> bytes:
    if isinstance(value, int):
        return _number(number << 3) + _number(value % 2**64)
    data = encoded(value) if isinstance(value, list) else value.encode() if isinstance(value, str) else value
    return _number(number << 3 | 2) + _number(len(data)) + data


def _number(value: int) -> bytes:
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes([*data, value])


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte, place = message[place], place + 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, place
