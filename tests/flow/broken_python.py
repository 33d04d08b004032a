"""What can be wrong with a plugin in Python, and what its sentence must say."""

import json

from flow.broken_plugin import SCHEMA, Case

PLUGIN = """from tidegate import ConfigError, Plugin, Subscription

class One(Plugin):
    def moderate_input(self, ctx, texts):
        pass
"""


def python(source: str, *says: str, **more) -> Case:
    return Case(list(says), source, plugin={"runtime": "python", **more.pop("plugin", {})}, **more)


def method(name: str, arguments: str, body: str, *says: str, **more) -> Case:
    """Of a plugin with one more method than it needs."""
    return python(f"{PLUGIN}\n    def {name}({arguments}):\n        {body}\n", *says, **more)


PYTHON = {
    "python-syntax": python("import os\nclass One(\n", "plugin.py:2: '(' was never closed; correct the line"),
    "python-indentation": python(f"{PLUGIN}   x = 1\n", "plugin.py:6: unindent does not match", "correct the line"),
    "python-bytes": python(b"\xff\xfe\0", "plugin.py:1: ", "save it as UTF-8"),
    "python-nul": python("x = 1\0", "plugin.py:1: there is a null byte"),
    "python-fails-at-import": python("x = 1\nx.y\n", "plugin.py:2: AttributeError: 'int' object has no attribute 'y'", "traceback"),
    "python-exits-at-import": python("raise SystemExit(3)", "plugin.py:1: SystemExit: 3", "traceback"),
    "python-dies-at-import": python("import os\nos._exit(3)", "its worker was never ready: its process ended with exit status 3", "the log has what it printed"),
    "python-no-module": python("import nowhere_to_be_found", 'plugin.py:1: there is no module "nowhere_to_be_found"', "install it"),
    "python-no-helper": python("import helper", 'there is no module "helper"', "correct the import"),
    "python-helper-fails": python("import helper", "helper.py:2: ZeroDivisionError", helper="x = 1\nx / 0\n"),
    "python-helper-syntax": python("import helper", "helper.py:1: ", "correct the line", helper="def x(:\n"),
    "python-helper-imports-nothing": python("import helper", 'helper.py:1: there is no module "nowhere"', helper="import nowhere"),
    "python-no-plugin": python("import tidegate\nx = tidegate.Plugin()", "plugin.py defines no plugin; write a class"),
    "python-imported-plugin": python("from helper import One", "plugin.py defines no plugin", helper=PLUGIN),
    "python-two-plugins": python(f"{PLUGIN}\nclass Two(Plugin): pass", 'several plugins, "One" and "Two"; keep one'),
    "python-no-hook": python("from tidegate import Plugin\nclass One(Plugin): pass", '"One" has no hook; it may have authenticate'),
    "python-wrong-arguments": python(PLUGIN.replace("ctx, texts", "texts"), "plugin.py:4", "(self, ctx, texts)"),
    "python-too-many-arguments": python(PLUGIN.replace("texts", "texts, last"), "plugin.py:4", "(self, ctx, texts)"),
    "python-keyword-only": python(PLUGIN.replace("texts", "*, texts"), "plugin.py:4", "(self, ctx, texts)"),
    "python-required-keyword": python(PLUGIN.replace("texts", "texts, *, last"), "plugin.py:4", "(self, ctx, texts)"),
    "python-hook-no-function": python(PLUGIN.replace("        pass", "        pass\n    moderate_input = 1"), '"moderate_input"'),
    "python-unlisted-hook": method("admit", "self, ctx, estimate", "pass", 'the hook "admit" that plugin.toml does not list; add it'),
    "python-own-init": method("__init__", "self, more", "pass", "TypeError", "__init__"),
    "python-configure-refuses": method("configure", "self, config", "raise ConfigError('\"words\" is missing; list them')", '"words" is missing'),
    "python-configure-says-nothing": method("configure", "self, config", "raise ConfigError", "does not say why"),
    "python-configure-fails": method("configure", "self, config", "config['words']", "plugin.py:8: KeyError: 'words'", "traceback"),
    "python-configure-exits": method("configure", "self, config", "raise SystemExit", "plugin.py:8: SystemExit"),
    "python-configure-dies": method("configure", "self, config", "import os; os.abort()", "its worker was never ready"),
    "python-configure-arguments": method("configure", "self", "pass", "configure"),
    "python-configure-returns-a-dict": method("configure", "self, config", "return {'hooks': []}", "return a Subscription or None"),
    "python-async-configure": python(f"{PLUGIN}\n    async def configure(self, config): pass", '"configure" is async'),
    "python-configure-unlisted-hook": method("configure", "self, config", "return Subscription(['admit'])", 'asks for the hook "admit"', "add it"),
    "python-configure-bad-pointer": method("configure", "self, config", "return Subscription(request_body=['x'])", 'begin it with "/"'),
    "python-other-dialect": method("configure", "self, config", "return Subscription(dialects=['other'])", 'the dialect "other" only'),
    "python-unknown-config-key": python(PLUGIN, 'did you mean "words"?', schema=json.dumps(SCHEMA), config={"word": []}),
    "python-entry-no-python": python(PLUGIN, '"plugin.txt"', file="plugin.txt"),
    "python-entry-of-the-library": python(PLUGIN, "rename the file", file="json.py"),
    "python-missing": python(PLUGIN, 'no Python: "/nowhere/python" cannot be started', entry={"python": "/nowhere/python"}),
    "python-missing-name": python(PLUGIN, 'no Python: "python-of-nobody" cannot be started', entry={"python": "python-of-nobody"}),
    "python-no-python": python(PLUGIN, 'no Python: "/bin/true" is no Python interpreter; name', entry={"python": "/bin/true"}),
    "python-text-file": python(PLUGIN, 'no Python: "/etc/passwd" cannot be started', entry={"python": "/etc/passwd"}),
    "python-per-request": python(PLUGIN, '"instance" is "per_request"', "leave", entry={"instance": "per_request"}),
    "python-slow": method("configure", "self, config", "import time; time.sleep(60)", "within 2000 ms", entry={"limits": {"configure": "2s"}}),
    "python-no-environment": python(PLUGIN, 'the folder "/etc/" is no virtual environment', entry={"python": "/etc/"}),
}
