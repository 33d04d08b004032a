"""A plugin as a component, without componentize-py: over bindings that are made of the contract."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bindings
import pytest
from bindings import Err
from component import Component

from tidegate import componentize
from tidegate._dispatch.told import Refused
from tidegate.testing import Case, cases
from tidegate.testing.manifest import Manifest
from tidegate.testing.play import play_on

CONFORMANCE = Path(__file__).parents[2] / "tests" / "conformance"
PLUGIN = CONFORMANCE / "plugins" / "python"
# What never ends is ended by the engine of the gateway, which is not here.
CASES = [case for case in cases(CONFORMANCE / "cases") if str(case) != "deadline"]
CTX = {
    "request_id": "r", "route": "", "dialect": "openai", "operation": "chat", "model": None, "principal": None,
    "streaming": False, "attempt": 0, "deadline_ms": 1000,
}  # fmt: skip


@pytest.fixture
def world():
    modules = bindings.interfaces()
    with bindings.installed(modules):
        yield modules


@pytest.fixture
def started(package, world, monkeypatch):
    """A component of a source, configured, in a world without what is left out."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    lines: list[tuple[Any, ...]] = []

    def start(source: str, without: tuple[str, ...] = (), hooks: tuple[str, ...] = ("moderate_input",), config: Any = None):
        folder = package(source)
        for name in without:
            del sys.modules[world[name].__name__]
        world["log"].write = lambda *line: lines.append(line)
        sys.path.insert(0, str(folder))
        sys.modules.pop("plugin", None)
        from tidegate._component import exports

        exports.serve("plugin.py", list(hooks), None)
        exports.Lifecycle().configure(json.dumps(config or {}))
        return SimpleNamespace(exports=exports, lines=lines, ctx=world["types"].Context(**CTX), world=world)

    return start


def judged(made: Any, content: str = "words") -> Any:
    text = made.world["types"].Text(1, "user", "text", content, 0, 0, True, True)
    return made.exports.Moderation().input(made.ctx, [text])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_cases(case: Case, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    play_on(case, Manifest.read(PLUGIN), lambda hello, host: Component(world, PLUGIN, hello, host))


def test_a_coroutine_runs_to_its_end(started):
    made = started("""
        from tidegate import Plugin, block

        class Guard(Plugin):
            async def moderate_input(self, ctx, texts):
                return block(await ctx.attribute("path") or "none")
    """)
    made.world["info"].attribute = lambda name: f"the {name}"
    assert judged(made).judgement.value == "the path"


def test_asyncio_has_its_loop_and_its_clock(started):
    made = started("""
        import asyncio
        from tidegate import Plugin, block

        class Guard(Plugin):
            async def moderate_input(self, ctx, texts):
                async def late(name):
                    await asyncio.sleep(0.001)
                    return await ctx.attribute(name)

                return block(" ".join(await asyncio.gather(late("a"), late("b"))))
    """)
    made.world["info"].attribute = lambda name: name * 2
    assert judged(made).judgement.value == "aa bb"
    assert judged(made).judgement.value == "aa bb"


@pytest.mark.parametrize("waits", ["await asyncio.Event().wait()", "await asyncio.to_thread(asyncio.Event().wait)"])
def test_what_never_comes_is_a_failure(started, waits, monkeypatch):
    made = started(f"""
        import asyncio
        from tidegate import Plugin

        class Guard(Plugin):
            async def moderate_input(self, ctx, texts):
                {waits}
    """)

    def start(*_: Any, **__: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", start)
    with pytest.raises(Err) as failed:
        judged(made)
    assert "RuntimeError" in failed.value.value


def test_a_coroutine_of_another_kind_is_a_failure(started, monkeypatch):
    made = started("""
        from tidegate import Plugin

        class Forever:
            def __await__(self):
                yield

        class Guard(Plugin):
            async def moderate_input(self, ctx, texts):
                await Forever()
    """)
    monkeypatch.delitem(sys.modules, "asyncio")
    with pytest.raises(Err, match="never comes"):
        judged(made)


@pytest.mark.parametrize(
    ("asks", "interface"),
    [
        ('ctx.kv.get("a")', "kv"),
        ('ctx.kv.increment("a")', "kv"),
        ('ctx.secrets.get("a")', "secrets"),
        ('ctx.http.get("https://api.example.com")', "http"),
        ('ctx.models.ask("a", {})', "models"),
        ('ctx.state.set("a", "b")', "state"),
    ],
)
def test_a_service_that_the_world_has_not_is_not_granted(started, asks, interface):
    made = started(
        f"""
        from tidegate import Denied, Plugin, block

        class Guard(Plugin):
            def moderate_input(self, ctx, texts):
                try:
                    {asks}
                except Denied as error:
                    return block(str(error))
        """,
        without=(interface,),
    )
    assert f'not granted: the manifest must ask for the capability "{interface}"' in judged(made).judgement.value


def test_metrics_facts_and_notes_that_the_world_has_not_are_nothing(started):
    made = started(
        """
        from tidegate import Plugin, block

        class Guard(Plugin):
            def moderate_input(self, ctx, texts):
                ctx.metrics.count("a")
                ctx.log.info("b")
                return block(f"{ctx.attribute('path')} {ctx.state.get('key')}")
        """,
        without=("metrics", "log", "info", "state"),
    )
    assert judged(made).judgement.value == "None None"


def test_a_failure_is_a_sentence_and_its_traceback_is_logged(started):
    made = started("""
        from tidegate import Plugin

        class Guard(Plugin):
            def moderate_input(self, ctx, texts):
                raise SystemExit("enough")
    """)
    with pytest.raises(Err) as failed:
        judged(made)
    assert failed.value.value == "plugin.py:6: SystemExit: enough"
    messages = [message for _, message, _ in made.lines]
    assert messages[-1] == "SystemExit: enough" and "Traceback (most recent call last):" in messages


def test_an_error_of_a_service_is_logged_without_that_of_the_bindings(started):
    made = started("""
        from tidegate import Plugin

        class Guard(Plugin):
            def moderate_input(self, ctx, texts):
                ctx.secrets.get("key")
    """)

    secrets = made.world["secrets"]

    def get(name: str) -> str:
        raise Err(secrets.Error_Denied(f'secret "{name}" is not granted'))

    secrets.get = get
    with pytest.raises(Err, match='Denied: secret "key" is not granted'):
        judged(made)
    assert not any("Err" in message for _, message, _ in made.lines if "Denied" not in message)


@pytest.mark.parametrize(
    "returned",
    [
        'block("\\ud800")',
        'flag(Finding("\\ud800"))',
        'redact(TextEdit(1, -1, 2, "x"))',
        'redact(TextEdit(1, 0, 2, "\\ud800"))',
    ],
)
def test_what_cannot_be_lowered_is_a_failure_of_the_hook(started, returned):
    made = started(f"""
        from tidegate import Finding, Plugin, TextEdit, block, flag, redact

        class Guard(Plugin):
            def moderate_input(self, ctx, texts):
                return {returned}
    """)
    with pytest.raises(Err, match="Error: "):
        judged(made)


def test_configure_refuses_in_one_sentence(package, started):
    with pytest.raises(Err, match=r'^"words" is missing$'):
        started("""
            from tidegate import ConfigError, Plugin

            class Guard(Plugin):
                def configure(self, config):
                    raise ConfigError('"words" is missing')

                def moderate_input(self, ctx, texts):
                    pass
        """)


def test_what_is_printed_is_logged(started):
    made = started("""
        import sys
        from tidegate import Plugin

        class Guard(Plugin):
            def moderate_input(self, ctx, texts):
                print("one", end=" ")
                print("line\\nanother")
                print("wrong \\ud800", file=sys.stderr)
    """)
    judged(made)
    shown = [(level.name, message, fields) for level, message, fields in made.lines]
    assert shown == [
        ("INFO", "one line", [("stream", "stdout")]),
        ("INFO", "another", [("stream", "stdout")]),
        ("INFO", "wrong ?", [("stream", "stderr")]),
    ]


def test_random_numbers_are_not_those_of_the_build(started):
    state = random.getstate()
    started("""
        import random
        from tidegate import Plugin

        class Guard(Plugin):
            def moderate_input(self, ctx, texts):
                pass
    """)
    assert random.getstate() != state


def test_a_context_that_is_kept_asks_nothing(started):
    made = started("""
        from tidegate import Plugin

        class Guard(Plugin):
            kept = None

            def moderate_input(self, ctx, texts):
                if self.kept:
                    self.kept.attribute("path")
                self.kept = ctx
    """)
    made.world["info"].attribute = lambda name: name
    judged(made)
    with pytest.raises(Err, match="keep no ctx"):
        judged(made)


def test_an_entry_without_a_plugin_is_refused_while_it_is_built(started):
    with pytest.raises(Refused, match="defines no plugin"):
        started("x = 1")


# The command.


def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, code: int) -> tuple[int, list[list[str]]]:
    ran: list[list[str]] = []

    def run(command: list[str], **_: Any) -> Any:
        ran.append(command)
        return SimpleNamespace(returncode=code, stderr=output)

    monkeypatch.setattr(componentize, "find_spec", lambda _: object())
    monkeypatch.setattr(componentize.subprocess, "run", run)
    (tmp_path / "plugin.py").write_text("")
    (tmp_path / "plugin.toml").write_text('[plugin]\nid = "a/b"\nentry = "b.wasm"\nhooks = ["admit"]\n')
    arguments = ["--wit", "wit", "--entry", str(tmp_path / "plugin.py"), "--out", str(tmp_path / "made" / "b.wasm")]
    return componentize.main(arguments), ran


def test_the_command_gives_the_builder_the_package_first(tmp_path, monkeypatch):
    code, [command] = built(tmp_path, monkeypatch, "", 0)
    paths = [command[at + 1] for at, part in enumerate(command) if part == "-p"]
    assert code == 0 and paths[0] == str(tmp_path.resolve())


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (
            "AssertionError: Traceback\ntidegate._dispatch.told.Refused: plugin.py has no hook\n\nCaused by:\n  no",
            "plugin.py has no hook",
        ),
        ("Traceback\nAssertionError: no\n  such world\n\nStack backtrace:\n  0: x", "no such world"),
        ("", "componentize-py failed, and does not say why"),
    ],
)
def test_the_command_tells_what_failed_in_one_sentence(tmp_path, monkeypatch, capsys, output, told):
    assert built(tmp_path, monkeypatch, output, 1)[0] == 1
    assert capsys.readouterr().err == f"error: {told}\n"


def test_the_command_says_how_to_install_the_builder(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(componentize, "find_spec", lambda _: None)
    assert componentize.main(["--wit", "wit", "--out", str(tmp_path / "b.wasm")]) == 1
    assert componentize.BUILDER in capsys.readouterr().err
