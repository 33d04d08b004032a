"""What hooks answer with. Each constructor makes the meta of a `return` frame, so that nothing is left to do afterwards."""

from __future__ import annotations

from .admission import Admission, admit, refuse
from .auth import Auth, deny, grant, pass_
from .events import EventVerdict, drop, keep, replace
from .moderation import Moderation, allow, block, flag, redact
from .transform import Transform, changed, reply, unchanged

__all__ = [
    "Admission",
    "Auth",
    "EventVerdict",
    "Moderation",
    "Transform",
    "admit",
    "allow",
    "block",
    "changed",
    "deny",
    "drop",
    "flag",
    "grant",
    "keep",
    "pass_",
    "redact",
    "refuse",
    "replace",
    "reply",
    "unchanged",
]
