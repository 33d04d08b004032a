"""What the drivers of Python's clients share: a line in, a line out, and what an error of a client tells."""

import json
import sys
from collections.abc import Callable


def failure(error: Exception, events: list) -> dict:
    """What clients tell that are made as OpenAI's is, Anthropic's among them."""
    response = getattr(error, "response", None)
    return {
        "error": type(error).__name__,
        "status": getattr(error, "status_code", None),
        "code": getattr(error, "code", None),
        "type": getattr(error, "type", None),
        "message": str(error),
        "request_id": getattr(error, "request_id", None),
        "retry_after": response.headers.get("retry-after") if response is not None else None,
        "events": events,
    }


def serve(made: Callable[..., object], failed: Callable[[Exception, list], dict] = failure, reading=None, writing=None):
    """Makes each call that is asked for: with what it asks, and a list for the events that come before an error."""
    for line in sys.stdin:
        asked, events = json.loads(line, object_hook=reading), []
        try:
            outcome = {"value": made(**asked, events=events)}
        except Exception as error:  # whatever it raises is the outcome
            outcome = failed(error, events)
        print(json.dumps(outcome, default=writing), flush=True)
