"""Builds a WebAssembly component of a plugin in Python, by componentize-py, which has to be installed.

    python -m tidegate.componentize --wit DIR --world plugin --entry plugin.py --out plugin.wasm
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from .testing.manifest import Manifest, ManifestError

BUILDER = "componentize-py==0.25.1"

# What componentize-py starts with. Its name is none that a package is likely to have.
_APP = "tidegate_component"
_SOURCE = """\
import sys

# The folders of the sources are open for writing while a component is built.
sys.dont_write_bytecode = True

from tidegate._component.exports import Admission, Auth, Lifecycle, Moderation, Observe, Transform, serve

serve({entry!r}, {hooks!r}, {windows!r})
"""
_RUN = "import sys; from componentize_py import script; sys.exit(script())"


class BuildError(Exception):
    """No component was built. The text is one sentence for the plugin's author."""


def componentize(wit: Path, world: str, entry: Path, manifest: Path, packages: list[Path], out: Path) -> None:
    """Builds the component of the plugin that `entry` defines.

    `world` of the folder `wit` is what it imports and exports. The manifest says which hooks there are and how streams are
    cut. What is imported and is neither in the entry's folder nor in the standard library is looked for in `packages`.
    """
    if find_spec("componentize_py") is None:
        raise BuildError(f"componentize-py is not installed for {sys.executable}; run: pip install {BUILDER}")
    if not entry.is_file():
        raise BuildError(f'there is no file "{entry}"; name the one that defines the plugin')
    known = _manifest(manifest)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        app = Path(temporary, "app")
        app.mkdir()
        source = _SOURCE.format(entry=entry.name, hooks=known.hooks, windows=known.stream)
        (app / f"{_APP}.py").write_text(source, "utf-8")
        paths = [entry.resolve().parent, app, Path(__file__).resolve().parents[1], *packages]
        command = [sys.executable, "-c", _RUN, "-q", "-d", str(wit), "-w", world, "componentize", _APP, "-o", str(out)]
        command += [part for path in paths for part in ("-p", str(path))]
        made = subprocess.run(command, env=_environment(Path(temporary)), capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise BuildError(_cause(made.stderr))


def _manifest(file: Path) -> Manifest:
    try:
        return Manifest.read(file.parent)
    except ManifestError as error:
        raise BuildError(str(error)) from None


def _environment(temporary: Path) -> dict[str, str]:
    """With an empty virtual environment: modules of the one that builds do not belong into a component."""
    (temporary / "site-packages").mkdir()
    return {**os.environ, "VIRTUAL_ENV": str(temporary), "RUST_BACKTRACE": "0", "PYTHONDONTWRITEBYTECODE": "1"}


def _cause(output: str) -> str:
    """One sentence of what the builder printed: the refusal of the SDK, else the last error that it tells."""
    refused = re.findall(r"^tidegate\._dispatch\.told\.Refused: (.+)$", output, re.MULTILINE)
    if refused:
        return str(refused[-1]).removesuffix("; the log has the traceback")
    told = output.split("Stack backtrace:")[0].split("AssertionError: ")[-1]
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    return " ".join(lines)[-1000:] or "componentize-py failed, and does not say why"


def main(arguments: list[str] | None = None) -> int:
    """The command; 1 where nothing was built."""
    parser = argparse.ArgumentParser(prog="python -m tidegate.componentize", description="Builds a plugin as a component.")
    parser.add_argument("--wit", type=Path, required=True, help="the folder of the contract")
    parser.add_argument("--world", default="plugin", help="the world in it, cut to what the manifest asks for")
    parser.add_argument("--entry", type=Path, default=Path("plugin.py"), help="the file that defines the plugin")
    parser.add_argument("--manifest", type=Path, help="plugin.toml, where it is not beside the entry")
    parser.add_argument("--packages", type=Path, action="append", default=[], help="a folder of packages in pure Python")
    parser.add_argument("--out", type=Path, required=True, help="the component")
    given = parser.parse_args(arguments)
    manifest = given.manifest or given.entry.parent / "plugin.toml"
    try:
        componentize(given.wit, given.world, given.entry, manifest, given.packages, given.out)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
