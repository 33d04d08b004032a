"""What a plugin prints, as lines of the gateway's log: a component has no other output."""

from __future__ import annotations

import io

from . import services

_MOST_CHARACTERS = 1024


class Lines(io.TextIOBase):
    """A stream that tells each line when it is one."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._line = ""

    def writable(self) -> bool:
        """It is written to, and nothing else."""
        return True

    def write(self, text: str) -> int:
        """Tells the lines that it completes."""
        *lines, self._line = (self._line + text).split("\n")
        self._line = self._line[:_MOST_CHARACTERS]
        for line in lines:
            shown = line[:_MOST_CHARACTERS].rstrip()
            services.tell({"log": {"level": "info", "message": shown, "fields": [["stream", self._name]]}})
        return len(text)
