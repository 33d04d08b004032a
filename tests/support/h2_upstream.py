"""An HTTP/2 upstream without TLS (prior knowledge), on the `h2` package; answers every request with a chat completion."""

import collections
import json
import socket
import threading

import h2.config
import h2.connection
import h2.events

from support.upstream import completion


class H2Upstream:
    """Records the headers of each request, the bodies by their streams, and how many connections carried them."""

    def __init__(self, streams: int = 100):
        self.requests: list[dict[str, str]] = []
        self.bodies: dict[int, bytes] = collections.defaultdict(bytes)
        self.connections = 0
        self.streams = streams

    def __enter__(self) -> "H2Upstream":
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    @property
    def url(self) -> str:
        return "http://127.0.0.1:%d" % self._listener.getsockname()[1]

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket):
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        state = h2.connection.H2Connection(config=config)
        state.initiate_connection()
        connection.sendall(state.data_to_send())
        try:
            while data := connection.recv(65536):
                for event in state.receive_data(data):
                    self._on(state, event)
                connection.sendall(state.data_to_send())
        except OSError:
            pass
        finally:
            connection.close()

    def _on(self, state: h2.connection.H2Connection, event):
        if isinstance(event, h2.events.RequestReceived):
            self.requests.append(dict(event.headers))
        elif isinstance(event, h2.events.DataReceived):
            self.bodies[event.stream_id] += event.data
            state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        if isinstance(event, h2.events.StreamEnded):
            body = json.dumps(completion("over h2")).encode()
            state.send_headers(event.stream_id, [(":status", "200"), ("content-type", "application/json")])
            state.send_data(event.stream_id, body, end_stream=True)
