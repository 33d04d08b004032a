"""An HTTP/2 client without TLS, frame by frame: opens its window only where a test says so, and goes on after GOAWAY."""

import contextlib
import socket
import time
from collections.abc import Callable

import hpack
from hyperframe import frame as frames

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


class H2Wire:
    """A connection to `address`, by prior knowledge."""

    def __init__(self, address: tuple[str, int], window: int = 65535, timeout: float = 10):
        self.socket = socket.create_connection(address, timeout=timeout)
        self.encoder = hpack.Encoder()
        self.buffer = b""
        self.next_stream = 1
        self.goaways: list[int] = []
        self.socket.sendall(PREFACE)
        self.send(frames.SettingsFrame(0, settings={frames.SettingsFrame.INITIAL_WINDOW_SIZE: window}))

    def __enter__(self) -> "H2Wire":
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, frame: frames.Frame):
        # Whether the other side is gone is seen by reading: what it sent before is still there.
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(frame.serialize())

    def request(self, method: str, path: str, whole: bool = True) -> int:
        """Sends a request without a body, or the half of its head; its stream."""
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        fields = [(":method", method), (":path", path), (":scheme", "http"), (":authority", "localhost")]
        flags = ["END_STREAM", "END_HEADERS"] if whole else ["END_STREAM"]
        self.send(frames.HeadersFrame(stream, self.encoder.encode(fields), flags=flags))
        return stream

    def data(self, stream: int, wanted: int | None = None) -> int:
        """Takes data until there are `wanted` bytes, or to the end of the stream; how many came.

        The window is opened for what came, and for no more.
        """
        taken = 0
        while wanted is None or taken < wanted:
            frame = self.frame()
            assert frame is not None, f"the connection ended after {taken} bytes"
            assert not isinstance(frame, frames.RstStreamFrame), f"the stream was reset after {taken} bytes"
            if frame.stream_id != stream:
                continue
            if isinstance(frame, frames.DataFrame) and frame.data:
                taken += len(frame.data)
                for window in (0, stream):
                    self.send(frames.WindowUpdateFrame(window, window_increment=len(frame.data)))
            if "END_STREAM" in frame.flags:
                return taken
        return taken

    def data_until(self, stream: int, done: Callable[[], bool]) -> int:
        """Takes one piece after another until `done`; how many bytes came."""
        taken = 0
        while not done():
            taken += self.data(stream, 1)
            time.sleep(0.02)
        return taken

    def frame(self) -> frames.Frame | None:
        """The next frame of the gateway, settings and pings acknowledged; `None` at the end of the connection."""
        if not self._has(9):
            return None
        frame, length = frames.Frame.parse_frame_header(memoryview(self.buffer[:9]))
        if not self._has(9 + length):
            return None
        frame.parse_body(memoryview(self.buffer[9 : 9 + length]))
        self.buffer = self.buffer[9 + length :]
        if isinstance(frame, frames.SettingsFrame | frames.PingFrame) and "ACK" not in frame.flags:
            reply = type(frame)(0, flags=["ACK"])
            if isinstance(frame, frames.PingFrame):
                reply.opaque_data = frame.opaque_data
            self.send(reply)
        if isinstance(frame, frames.GoAwayFrame):
            self.goaways.append(frame.error_code)
        return frame

    def _has(self, size: int) -> bool:
        while len(self.buffer) < size:
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                return False
            if not data:
                return False
            self.buffer += data
        return True
