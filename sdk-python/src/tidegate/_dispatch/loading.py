"""From the entry of a package to the one class in it that is a plugin."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from ..plugin import HOOKS, Plugin
from .told import Refused, message, place, print_traceback, sentence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType

_VARARGS = 0x04  # inspect.CO_VARARGS


def load(folder: str, entry: str) -> type[Plugin]:
    """Imports the entry. The folder stands in `sys.path`, so that files beside it can be imported."""
    _check_names(folder)
    plugin = _only_plugin(_module(folder, entry), entry)
    for hook, names in HOOKS.items():
        _check_hook(plugin, hook, names, folder)
    return plugin


def _check_names(folder: str) -> None:
    """A file with the name of a module of the library is never imported, or in its place, as the order of the paths may be."""
    for name in sorted(os.listdir(folder)):
        is_package = os.path.isfile(os.path.join(folder, name, "__init__.py"))
        module = name if is_package else name[: -len(".py")] if name.endswith(".py") else ""
        if module in sys.stdlib_module_names or module == "tidegate":
            raise Refused(f'"{name}" has the name of another module, "{module}"; rename the file')


def _module(folder: str, entry: str) -> ModuleType:
    path = os.path.join(folder, entry)
    if not entry.endswith(".py"):
        raise Refused(f'the entry "{entry}" is no Python file; name one such as "plugin.py" in plugin.toml')
    if not os.path.isfile(path):
        raise Refused(f'the entry "{entry}" is not in the package; correct "entry" in plugin.toml or add the file')
    try:
        module = import_module(entry[: -len(".py")].replace("/", "."))
    except BaseException as error:  # noqa: BLE001 - a plugin may raise what it likes, SystemExit included
        print_traceback(error)
        raise Refused(_not_imported(error, folder, entry)) from None
    found = getattr(module, "__file__", None)
    if found is None or not os.path.samefile(found, path):
        raise Refused(f'the entry "{entry}" has the name of another module, "{module.__name__}"; rename it')
    return module


def _not_imported(error: BaseException, folder: str, entry: str) -> str:
    where = place(error, folder) or f"{entry}: "
    if isinstance(error, ModuleNotFoundError) and error.name:
        missing = f'{where}there is no module "{error.name}"'
        return f"{missing}; install it into the plugin's environment, or correct the import"
    if isinstance(error, (SyntaxError, ValueError)) and "null bytes" in str(error):
        return f"{_with_null_byte(folder) or where}there is a null byte, which no Python file may have; save it as UTF-8"
    if isinstance(error, SyntaxError):
        return f"{where}{message(error)}; correct the line"
    return f"{sentence(error, folder)}; the log has the traceback"


def _with_null_byte(folder: str) -> str:
    """The place of the first one in the package: the interpreter names neither file nor line."""
    for path, _, names in sorted(os.walk(folder)):
        for name in sorted(names):
            if not name.endswith(".py"):
                continue
            with open(os.path.join(path, name), "rb") as file:
                before, found, _ = file.read().partition(b"\0")
            if found:
                return f"{os.path.relpath(os.path.join(path, name), folder)}:{before.count(10) + 1}: "
    return ""


def _only_plugin(module: ModuleType, entry: str) -> type[Plugin]:
    """The subclass that the entry defines itself. One that others of it derive from is their base, and no plugin."""
    defined: list[type[Plugin]] = [value for value in vars(module).values() if _is_own_plugin(value, module)]
    leaves = [one for one in defined if not any(other is not one and issubclass(other, one) for other in defined)]
    if len(leaves) == 1:
        return leaves[0]
    if not leaves:
        raise Refused(f"{entry} defines no plugin; write a class in it that derives from tidegate.Plugin")
    names = " and ".join(f'"{plugin.__name__}"' for plugin in leaves)
    raise Refused(f"{entry} defines several plugins, {names}; keep one, or move the others to packages of their own")


def _is_own_plugin(value: object, module: ModuleType) -> bool:
    return isinstance(value, type) and issubclass(value, Plugin) and value.__module__ == module.__name__


def _check_hook(plugin: type[Plugin], hook: str, names: tuple[str, ...], folder: str) -> None:
    """Whether a hook can be called with what it is given: better told now than at the first request."""
    function = vars(plugin).get(hook)
    if function is None:
        return
    if not callable(function) and not isinstance(function, (staticmethod, classmethod)):
        raise Refused(f'"{hook}" of "{plugin.__name__}" is a {type(function).__name__}; make it a method')
    code: CodeType | None = getattr(function, "__code__", None)
    if code is None:
        return
    wanted = len(names) + 2
    least = code.co_argcount - len(getattr(function, "__defaults__", None) or ())
    most = float("inf") if code.co_flags & _VARARGS else code.co_argcount
    required = code.co_kwonlyargcount - len(getattr(function, "__kwdefaults__", None) or ())
    if required or not least <= wanted <= most:
        where = f"{os.path.relpath(code.co_filename, folder)}:{code.co_firstlineno}"
        raise Refused(f'{where}: "{hook}" cannot be called; write it as {hook}(self, ctx, {", ".join(names)})')
