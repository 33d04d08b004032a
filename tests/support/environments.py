"""What tests need of PyPI: a virtual environment with packages for plugins, and the wheels that pages of examples install.

Both are made once on a machine, and kept outside the checkout as the tools are. Run as a program it makes them, so that the tests need
no network.
"""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "tests/requirements-plugins.txt"
EXAMPLES = sorted(ROOT.glob("examples/*/*/requirements.txt"))
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tidegate/tools"
FOLDER = pathlib.Path(os.environ.get("TIDEGATE_TOOLS") or CACHE) / "plugin-environments"


def with_packages() -> pathlib.Path:
    """The environment; made where it is not there, anew for other requirements or another interpreter."""

    def make(folder: pathlib.Path):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        pip(folder / "bin/python", "install", "-r", REQUIREMENTS)

    return made([REQUIREMENTS], make)


def wheels() -> pathlib.Path:
    """A folder with the wheels of all examples, as pip takes it for `PIP_FIND_LINKS`."""

    def make(folder: pathlib.Path):
        for requirements in EXAMPLES:
            pip(sys.executable, "download", "-d", folder, "-r", requirements)

    return made(EXAMPLES, make)


def pip(python, command: str, *arguments):
    how = ["--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    subprocess.run([python, "-m", "pip", command, *how, *arguments], check=True)


def made(of: list[pathlib.Path], make) -> pathlib.Path:
    """A folder for this content of the files; whole, or made now."""
    state = hashlib.sha256(b"".join(file.read_bytes() for file in of) + sys.version.encode()).hexdigest()[:16]
    folder, stamp = FOLDER / state, FOLDER / f"{state}.made"
    if stamp.exists():
        return folder
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            stamp.touch()
    return folder


if __name__ == "__main__":
    with_packages()
    wheels()
