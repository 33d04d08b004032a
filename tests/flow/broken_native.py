"""What can be wrong with a native plugin, and what its sentence must say."""

import pathlib
import subprocess
import tempfile

from flow.broken_plugin import Case
from support.gateway import ROOT
from support.plugins import HOSTILE

SO = HOSTILE["native"] / "hostile.so"
ABORTS = ROOT / "tests/hostile/plugins/native-abort/abort.so"
HOOKS = ["admit", "settle", "transform_request", "transform_event", "moderate_input", "moderate_output", "completed"]
# The beginning of a table: magic, versions, size, flags, contract; and room for its functions, none of which is ever called.
TABLE = """
#include <stdint.h>
#include <stddef.h>
struct table {{ uint32_t magic; uint16_t major, minor; size_t size; uint32_t flags; const char *contract; size_t length; void *rest[12]; }};
static const struct table TABLE = {{ {magic}, {major}, 1, {size}, {flags}, "{contract}", 3, {{ 0 }} }};
const struct table *{symbol}(void) {{ return {given}; }}
"""
WHOLE = {
    "magic": "0x45444954",
    "major": 0,
    "size": "sizeof(struct table)",
    "flags": 1,
    "contract": "0.1",
    "symbol": "tidegate_plugin_abi",
    "given": "&TABLE",
}


def library(source: str, *flags: str) -> bytes:
    """What the C compiler makes of it."""
    with tempfile.TemporaryDirectory() as folder:
        made = pathlib.Path(folder) / "plugin.so"
        subprocess.run(["cc", "-shared", "-fPIC", *flags, "-x", "c", "-", "-o", made], input=source, text=True, check=True)
        return made.read_bytes()


def native(source: bytes | None, *says: str, **more) -> Case:
    plugin = {"runtime": "native", "hooks": HOOKS, **more.pop("plugin", {})}
    return Case(list(says), source, plugin=plugin, file="plugin.so", **more)


def table(*says: str, **differs) -> Case:
    """Of a library whose table differs in this."""
    return native(library(TABLE.format(**{**WHOLE, **differs})), *says)


def for_another_machine() -> bytes:
    whole = SO.read_bytes()
    return whole[:18] + (243).to_bytes(2, "little") + whole[20:]


def hostile(source: bytes, *says: str, asks: dict | None = None, **more) -> Case:
    asks = asks or {"kv": True}
    entry = {"grants": asks, **more.pop("entry", {})}
    return native(source, *says, tables={"capabilities": asks}, entry=entry, **more)


def cases() -> dict[str, Case]:
    whole = SO.read_bytes()
    return {
        "native-text": native(b"no library", "it is no shared library", 'check "entry"'),
        "native-program": native(library("int main(void) { return 0; }", "-no-pie", "-nostartfiles", "-r"), "it is no shared library"),
        "native-cut": native(whole[: len(whole) // 2], "it is cut off after", "then rename it"),
        "native-other-machine": native(for_another_machine(), "it is made for riscv, and this machine is"),
        "native-no-table": native(library("int x = 1;"), 'no function "tidegate_plugin_abi"', "export one"),
        "native-missing-symbol": native(library("int nowhere(void); int (*x)(void) = nowhere;"), "undefined symbol: nowhere", "build it for this"),
        "native-null-table": table('its "tidegate_plugin_abi" gives no table', given="NULL"),
        "native-other-magic": table("it is no plugin", magic="0x1234"),
        "native-other-major": table("its table has version 9.1", "build it with a matching SDK", major=9),
        "native-short-table": table("its table has 24 bytes", "build it with a matching SDK", size=24),
        "native-other-contract": table('contract "9.9"', "build it with a matching SDK", contract="9.9"),
        "native-aborts": hostile(ABORTS.read_bytes(), "a panic ends the whole process", 'panic = "unwind"', '"isolation: process"'),
        "native-unlisted-hook": hostile(whole, 'subscribes to "admit"', 'add it to "hooks"', plugin={"hooks": ["moderate_input"]}),
        "native-refuses": hostile(whole, "configure failed: on demand", config={"configure": "fail"}),
        "native-panics": hostile(whole, "configure failed: it stopped: a panic at", "on demand", config={"configure": "panic"}),
        "native-isolated-text": native(b"no library", "it is no shared library", entry={"isolation": "process"}),
        "native-isolated-panics": hostile(whole, "a panic at", "on demand", config={"configure": "panic"}, entry={"isolation": "process"}),
        "native-isolated-dies": hostile(whole, "its worker was never ready", config={"configure": "trap"}, entry={"isolation": "process"}),
        "native-isolated-no-table": native(library("int x = 2;"), 'no function "tidegate_plugin_abi"', entry={"isolation": "process"}),
        "native-isolated-and-blocking": hostile(whole, '"blocking" is for plugins in the gateway', entry={"isolation": "process", "blocking": True}),
        "isolation-of-lua": Case(['"isolation" is for native plugins', "this one is lua"], entry={"isolation": "process"}),
        "blocking-of-lua": Case(['"blocking" is for native plugins', "remove it"], entry={"blocking": True}),
    }


NATIVE = cases()
