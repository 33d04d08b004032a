"""What goes wrong, by name."""

from __future__ import annotations


class ConfigError(Exception):
    """The configuration cannot be used. Its text goes to the operator as it is: one sentence, with what to do."""


class ServiceError(Exception):
    """A service of the gateway did not do what was asked. Not caught, it is a failure of the hook."""

    kind = "failed"

    def __str__(self) -> str:
        return super().__str__() or self.kind.replace("_", " ")


class Denied(ServiceError):
    """The operator has not granted it."""

    kind = "denied"


class TooLarge(ServiceError):
    """A key, a value, a request or an answer is larger than it may be."""

    kind = "too_large"


class Timeout(ServiceError):
    """No answer came in time."""

    kind = "timeout"


class Full(ServiceError):
    """The notes of a request have no room for this one."""

    kind = "full"


class Unavailable(ServiceError):
    """The store cannot be reached, or refuses."""

    kind = "unavailable"


class Failed(ServiceError):
    """Anything else."""


_BY_KIND = {error.kind: error for error in (Denied, TooLarge, Timeout, Full, Unavailable, Failed)}


def service_error(kind: str, message: str) -> ServiceError:
    """The error of that kind; of one that is not known here, the most general."""
    return _BY_KIND.get(kind, Failed)(message)
