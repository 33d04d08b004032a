"""Log lines and metrics: told to the gateway, which answers nothing. The same in sync and async hooks."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Notes(Protocol):
        """Who passes them on."""

        def note(self, meta: dict[str, Any]) -> None: ...


# The gateway cuts lines far below that; what is longer need not travel.
_MOST_CHARACTERS = 4096
_MOST_FIELDS = 16


class Log:
    """Lines in the gateway's log, under the plugin's name: `ctx.log.info("found", count=3)`. 64 a request; what comes beyond is
    counted."""

    __slots__ = ("_notes",)

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def debug(self, message: object, /, **fields: object) -> None:
        """For the plugin's author."""
        self._write("debug", message, fields)

    def info(self, message: object, /, **fields: object) -> None:
        """Worth knowing."""
        self._write("info", message, fields)

    def warn(self, message: object, /, **fields: object) -> None:
        """Something is not as it should be."""
        self._write("warn", message, fields)

    def error(self, message: object, /, **fields: object) -> None:
        """Something failed."""
        self._write("error", message, fields)

    def _write(self, level: str, message: object, fields: dict[str, object]) -> None:
        shown = [[name, _cut(value)] for name, value in list(fields.items())[:_MOST_FIELDS]]
        self._notes.note({"log": {"level": level, "message": _cut(message), "fields": shown}})


class Metrics:
    """Series of the plugin's own, as `tidegate_plugin_custom_*`. Where they are not granted nothing is written."""

    __slots__ = ("_notes",)

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def count(self, name: str, by: float = 1, /, **labels: object) -> None:
        """Adds to a counter: `ctx.metrics.count("hits", model="gpt-4o")`."""
        self._notes.note({"count": {"name": str(name), "by": _number(by), "labels": _labels(labels)}})

    def observe(self, name: str, value: float, /, **labels: object) -> None:
        """Observes a value in a histogram."""
        self._notes.note({"observe": {"name": str(name), "value": _number(value), "labels": _labels(labels)}})


def _cut(value: object) -> str:
    return str(value)[:_MOST_CHARACTERS]


def _number(value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"a metric takes a number, not {type(value).__name__}")
    return float(value)


def _labels(labels: dict[str, object]) -> list[list[str]]:
    return [[name, _cut(value)] for name, value in labels.items()]
