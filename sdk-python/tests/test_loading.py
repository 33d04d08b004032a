"""What refuses a plugin: one sentence with the place and what to do."""

from __future__ import annotations

import pytest
from gateway import Worker

from tidegate import Subscription, Windows

pytestmark = pytest.mark.usefixtures("side")

GUARD = """
from tidegate import *

class Guard(Plugin):
    def moderate_input(self, ctx, texts):
        pass
"""


def refused(folder, **hello) -> str:
    with Worker(folder, **hello) as worker:
        return worker.refused()


def ready(folder, **hello) -> dict:
    with Worker(folder, **hello) as worker:
        return worker.ready()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (
            "import numpy_of_nobody\n",
            'plugin.py:1: there is no module "numpy_of_nobody"; install it into the plugin\'s environment',
        ),
        ("import json\n\ndef broken(:\n", "plugin.py:3: invalid syntax; correct the line"),
        ("x = 1\ny = x / 0\n", "plugin.py:2: ZeroDivisionError: division by zero; the log has the traceback"),
        ("import sys\nsys.exit('no')\n", "plugin.py:2: SystemExit: no; the log has the traceback"),
        ("from tidegate import nothing\n", "plugin.py:1: ImportError: cannot import name 'nothing'"),
        ("", "plugin.py defines no plugin; write a class in it that derives from tidegate.Plugin"),
        ("from tidegate import Plugin\nx = Plugin\n", "plugin.py defines no plugin"),
        (GUARD + "class Other(Plugin):\n    pass\n", 'plugin.py defines several plugins, "Guard" and "Other"; keep one'),
        ("from tidegate import *\nclass Guard(Plugin):\n    pass\n", '"Guard" has no hook; it may have authenticate, admit'),
        (
            "from tidegate import *\nclass Guard(Plugin):\n    def moderate_input(self, texts):\n        pass\n",
            'plugin.py:3: "moderate_input" cannot be called; write it as moderate_input(self, ctx, texts)',
        ),
        (
            "from tidegate import *\nclass Guard(Plugin):\n    async def settle(self, ctx, ticket):\n        pass\n",
            'plugin.py:3: "settle" cannot be called; write it as settle(self, ctx, ticket, actual)',
        ),
        (
            GUARD + "    def __init__(self, words):\n        pass\n",
            "TypeError: Guard.__init__() missing 1 required positional argument: 'words'",
        ),
    ],
)
def test_what_cannot_be_loaded(package, source, text):
    assert text in refused(package(source))


def test_a_file_beside_the_entry_is_named(package):
    folder = package("import words\n", words="a = 1\nb = a +\n")
    assert refused(folder).startswith("words.py:2: invalid syntax")
    folder = package("import words\n", words="\n\nimport nothing.such\n")
    assert refused(folder).startswith('words.py:3: there is no module "nothing"')


def test_the_place_of_a_null_byte(package):
    told = "there is a null byte, which no Python file may have; save it as UTF-8"
    assert refused(package("a = 1\nb = 2\0\n")) == f"plugin.py:2: {told}"
    assert refused(package("import words\n", words="\0")) == f"words.py:1: {told}"


def test_entries(package):
    folder = package(GUARD, sub__guard=GUARD)
    assert refused(folder, entry="guard.py").startswith('the entry "guard.py" is not in the package')
    assert refused(folder, entry="plugin.toml").startswith('the entry "plugin.toml" is no Python file')
    assert ready(folder, entry="sub/guard.py")["hooks"] == ["moderate_input"]


@pytest.mark.parametrize("name", ["tidegate", "json", "queue", "sub__guard"])
def test_files_with_the_name_of_another_module(package, name):
    told = {"sub__guard": None}.get(name, f'"{name}.py" has the name of another module, "{name}"; rename the file')
    folder = package(GUARD, **{name: GUARD})
    if told is None:
        assert ready(folder)
    else:
        assert refused(folder) == told


def test_a_folder_is_no_module_unless_it_says_so(package):
    folder = package(GUARD, email__templates="")
    assert ready(folder)
    folder = package(GUARD, email____init__="")
    assert refused(folder) == '"email" has the name of another module, "email"; rename the file'


def test_a_hook_is_a_method(package):
    folder = package(GUARD + "    admit = 3\n")
    assert refused(folder) == '"admit" of "Guard" is a int; make it a method'
    for arguments in ("self, ctx, *, texts", "self, ctx, texts, *, last", "self, *, ctx, texts"):
        folder = package(GUARD.replace("self, ctx, texts", arguments))
        assert refused(folder).startswith('plugin.py:5: "moderate_input" cannot be called; write it as moderate_input(self, ')
    for arguments in ("self, ctx, texts, *, last=1, **more", "*all", "self, ctx, *texts"):
        assert ready(package(GUARD.replace("self, ctx, texts", arguments)))


def test_the_library_comes_before_installed_packages(package, tmp_path):
    folder = package("import colorsys, helper\n" + GUARD, helper="")
    installed = tmp_path.with_name(tmp_path.name + "-installed")
    installed.mkdir()
    for name in ("colorsys", "helper"):
        (installed / f"{name}.py").write_text("1 / 0")
    with Worker(folder, installed=[str(installed)]) as worker:
        assert worker.ready()


def test_a_base_is_no_plugin(package):
    source = GUARD + "class Better(Guard):\n    def admit(self, ctx, estimate):\n        pass\n"
    assert ready(package(source))["hooks"] == ["admit", "moderate_input"]


def test_a_base_may_stand_beside_the_entry(package):
    folder = package("from base import Base\nclass Guard(Base):\n    pass\n", base=GUARD.replace("Guard", "Base"))
    assert ready(folder)["hooks"] == ["moderate_input"]


def test_hooks_may_take_more_than_they_must(package):
    source = """
    from tidegate import *

    class Guard(Plugin):
        def moderate_input(self, ctx, texts, extra=None):
            pass
        def admit(self, *args):
            pass
    """
    assert ready(package(source))["hooks"] == ["admit", "moderate_input"]


@pytest.mark.parametrize(
    ("hello", "text"),
    [
        ({"protocol": 2}, 'the gateway speaks worker protocol 2, and this "tidegate" package 1; use the one that came with'),
        ({"contract": "0.2"}, 'the gateway speaks contract "0.2", and this "tidegate" package "0.1"'),
        ({"hooks": ["admit"]}, '"Guard" has the hook "moderate_input" that plugin.toml does not list; add it to "hooks" there'),
    ],
)
def test_what_does_not_fit_the_gateway(package, hello, text):
    assert text in refused(package(GUARD), **hello)


CONFIGURED = """
from tidegate import *

class Guard(Plugin):
    def configure(self, config):
        {}
    def moderate_input(self, ctx, texts):
        pass
    def transform_request(self, ctx, headers, body):
        pass
"""


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("raise ConfigError('\"words\" is missing; list them')", '"words" is missing; list them'),
        ("self.words = config['words']", "plugin.py:6: KeyError: 'words'; the log has the traceback"),
        ("raise SystemExit", "plugin.py:6: SystemExit; the log has the traceback"),
        ("return 3", '"configure" returned a int; return a Subscription or None'),
        ("return Subscription(['settle'])", '"configure" asks for the hook "settle" that plugin.toml does not list; add it'),
        ("return Subscription(['admit'])", '"configure" asks for the hook "admit", and "Guard" has no method of that name'),
        ("return Subscription(['moderate'])", '"configure" asks for the hook "moderate", which does not exist; there are'),
        ("return Subscription('admit')", '"hooks" of "configure" must be a list of str, not \'admit\''),
        ("return Subscription(request_body='/model')", '"request_body" of "configure" must be "nothing", "whole" or a list'),
        ("return Subscription(request_body=['model'])", 'has "model", which is no JSON pointer; begin it with "/"'),
        ("return Subscription(response_body=[1])", '"response_body" of "configure" must be a list of str, not [1]'),
        ("return Subscription(body_digest=1)", '"body_digest" of "configure" must be True or False, not 1'),
        ("return Subscription(windows={})", '"windows" of "configure" must be Windows(...), not {}'),
        ("return Subscription(windows=Windows('all'))", '"windows.mode" of "configure" must be carry, window, full or watch'),
        ("return Subscription(windows=Windows(max=-1))", '"windows.max" of "configure" must be a whole number from 0, not -1'),
        ("return Subscription(dialects='openai')", '"dialects" of "configure" must be a list of str'),
    ],
)
def test_what_configure_cannot_do(package, code, text):
    hooks = ["moderate_input", "transform_request", "admit"]
    assert text in refused(package(CONFIGURED.format(code)), hooks=hooks)


def test_configure_is_sync(package):
    folder = package(CONFIGURED.replace("def configure", "async def configure").format("pass"))
    assert refused(folder) == '"configure" is async, and there is nothing to wait for yet; write it with "def"'


def test_configure_narrows(package):
    code = (
        "return Subscription(['transform_request'], request_body=('/model', ''), response_body='whole', body_digest=True,"
        " windows=Windows(max_match=9), dialects=['openai'])"
    )
    windows = {"mode": "carry", "min": 0, "max": 100, "overlap": 0, "max_match": 64, "max_hold_ms": 0}
    assert ready(package(CONFIGURED.format(code)), windows=windows) == {
        "hooks": ["transform_request"],
        "headers": "whole",
        "request_body": {"fields": ["/model", ""]},
        "response_body": "whole",
        "body_digest": True,
        "windows": {**windows, "max_match": 9},
        "dialects": ["openai"],
        "concurrency": 1,
        "descriptors": True,
    }


def test_what_is_not_said_follows_the_hooks(package):
    folder = package(CONFIGURED.format("return Subscription(['moderate_input'], windows=Windows(max_match=9))"))
    told = ready(folder, hooks=["moderate_input"])
    assert (told["request_body"], told["windows"]["mode"], told["windows"]["max"]) == ("nothing", "full", 4096)
    folder = package(CONFIGURED.format("pass"))
    assert ready(folder)["request_body"] == "whole"
    folder = package(CONFIGURED.format("return Subscription([])"))
    assert ready(folder)["hooks"] == []


def test_subscriptions_are_values():
    assert Subscription(["admit"], windows=Windows("full")) == Subscription(["admit"], windows=Windows("full"))
