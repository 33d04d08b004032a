"""The memory of a module stays as large as it was: `python tests/memory.py guard.wasm` (needs `pip install wasmtime`).

Calls `moderate_input` of the example 20,000 times by the binary form of the contract, as the gateway does, and looks at the
size of the memory.
"""

import struct
import sys

import wasmtime

CALLS = 20_000


class Guest:
    def __init__(self, path: str) -> None:
        engine = wasmtime.Engine()
        self.store = wasmtime.Store(engine)
        module = wasmtime.Module.from_file(engine, path)
        linker = wasmtime.Linker(engine)
        for one in module.imports:
            linker.define_func(one.module, one.name, one.type, lambda *_: None)
        self.exports = linker.instantiate(self.store, module).exports(self.store)
        self.memory = self.exports["memory"]
        self.exports["_initialize"](self.store)

    def call(self, name: str, *arguments: int) -> int:
        """Whether it is an error; what it gave is freed."""
        given = self.exports[name](self.store, *arguments)
        error = self.memory.read(self.store, given, given + 1)[0]
        self.exports[f"cabi_post_{name}"](self.store, given)
        return error

    def put(self, content: bytes, align: int = 1) -> int:
        place = self.exports["cabi_realloc"](self.store, 0, 0, align, len(content))
        self.memory.write(self.store, content, place)
        return place

    def text(self, content: str) -> tuple[int, int]:
        return self.put(content.encode()), len(content.encode())

    def texts(self, count: int) -> tuple[int, int]:
        one = [
            struct.pack("<I6I4xQIBB2x", at, *self.text("user"), *self.text("text"), *self.text("a rot word " * 40), 0, 0, 1, 1)
            for at in range(count)
        ]
        return self.put(b"".join(one), 8), count

    def context(self) -> bytes:
        names = [self.text(name) for name in ("request-1", "route", "openai", "chat")]
        flat = [number for name in names for number in name]
        model = (1, *self.text("a-model"))
        principal = (1, *self.text("ann"), 1, *self.text("acme"), *self.pairs())
        return struct.pack("<8I B3x2I B3x2I B3x2I2I B3xII", *flat, *model, *principal, 0, 1, 500)

    def pairs(self) -> tuple[int, int]:
        return self.put(struct.pack("<4I", *self.text("team"), *self.text("red")), 4), 1


def main() -> None:
    guest = Guest(sys.argv[1])
    assert guest.call("tidegate:plugin/lifecycle@0.1.0#configure", *guest.text('{"words": ["rot"]}')) == 0
    sizes = []
    for at in range(CALLS):
        told = guest.context() + struct.pack("<II", *guest.texts(3))
        assert guest.call("tidegate:plugin/moderation@0.1.0#input", guest.put(told, 4)) == 0
        if at % (CALLS // 10) == CALLS // 100:
            sizes.append(guest.memory.data_len(guest.store))
    print(f"{CALLS} calls, memory in KiB: {[size // 1024 for size in sizes]}")
    assert len(set(sizes)) == 1, "the memory grows"


main()
