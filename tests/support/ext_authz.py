"""A server of Envoy's external authorization over gRPC, with the field numbers of `external_auth.proto`."""

import concurrent.futures
import dataclasses
import threading
from collections.abc import Callable

import grpc

from support.protobuf import Fields, encoded, inner, mapping
from support.tls import Authority

METHOD = "/envoy.service.auth.v3.Authorization/Check"


@dataclasses.dataclass
class Question:
    """What the server was asked: attributes of a `CheckRequest`."""

    attributes: bytes
    metadata: dict[str, str]
    peer: str
    remaining: float | None
    """Seconds that the caller waits, where it says so."""

    @property
    def http(self) -> bytes:
        return inner(self.attributes, 4, 2)

    @property
    def headers(self) -> dict[str, str]:
        return mapping(self.http, 3)

    def text(self, *path: int) -> str:
        return inner(self.attributes, *path).decode()


class ExtAuthz(grpc.GenericRpcHandler):
    """A server that answers every question with what `answer` gives: a message, or whatever it makes of the call."""

    def __init__(self, authority: Authority | None = None):
        self.authority = authority
        self.answer: Callable[[grpc.ServicerContext], bytes] = lambda call: yes([field("x-auth-user", "alice")])
        self.questions: list[Question] = []
        self.port = 0
        self._end = threading.Event()

    def __enter__(self) -> "ExtAuthz":
        self.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self.stop()

    def start(self):
        """Listens; again, where it did before."""
        pool = concurrent.futures.ThreadPoolExecutor(8)
        self._server = grpc.server(pool, handlers=[self])
        address = f"127.0.0.1:{self.port}"
        if self.authority:
            certificate, key = (path.read_bytes() for path in self.authority.issue("authz"))
            self.port = self._server.add_secure_port(address, grpc.ssl_server_credentials([(key, certificate)]))
        else:
            self.port = self._server.add_insecure_port(address)
        self._server.start()

    def stop(self):
        self._server.stop(None).wait()

    def hang(self, call: grpc.ServicerContext) -> bytes:
        """Says nothing until the server ends."""
        self._end.wait(60)
        return b""

    def settings(self, grpc: dict | None = None, **more) -> dict:
        scheme = "https" if self.authority else "http"
        server = {"url": f"{scheme}://localhost:{self.port}", **(grpc or {})}
        return {"external": {"grpc": server, "principal_header": "x-auth-user", **more}}

    def service(self, details: grpc.HandlerCallDetails):
        return grpc.unary_unary_rpc_method_handler(self._check) if details.method == METHOD else None

    def _check(self, request: bytes, call: grpc.ServicerContext) -> bytes:
        self.questions.append(Question(inner(request, 1), dict(call.invocation_metadata()), call.peer(), call.time_remaining()))
        return self.answer(call)


def field(name: str, value: str, action: int | None = None, append: bool | None = None) -> Fields:
    """A `HeaderValueOption`."""
    option: Fields = [(1, [(1, name), (2, value)])]
    option += [] if append is None else [(2, [(1, int(append))])]
    return option + ([] if action is None else [(3, action)])


def yes(headers: list[Fields], remove: list[str] = (), metadata: dict[str, str] | None = None) -> bytes:
    """A `CheckResponse` with an `OkHttpResponse`."""
    ok = [*((2, header) for header in headers), *((5, name) for name in remove)]
    facts = [(1, [(1, name), (2, [(3, value)])]) for name, value in (metadata or {}).items()]
    return encoded([(1, []), (3, ok), *([(4, facts)] if facts else [])])


def no(code: int, status: int | None = None, headers: list[Fields] = (), body: str = "") -> bytes:
    """A `CheckResponse` with a status of gRPC and a `DeniedHttpResponse`."""
    denied = [*([(1, [(1, status)])] if status else []), *((2, header) for header in headers), (3, body)]
    return encoded([(1, [(1, code)]), (2, denied)])
