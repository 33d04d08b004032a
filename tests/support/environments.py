"""A virtual environment with packages for plugins: made once on a machine, and kept outside the checkout as the tools are.

Run as a program it makes the environment, so that the tests need no network.
"""

import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

REQUIREMENTS = pathlib.Path(__file__).resolve().parents[1] / "requirements-plugins.txt"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "tidegate/tools"
FOLDER = pathlib.Path(os.environ.get("TIDEGATE_TOOLS") or CACHE) / "plugin-environments"


def with_packages() -> pathlib.Path:
    """The environment; made where it is not there, anew for other requirements or another interpreter."""
    state = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder, stamp = FOLDER / state, FOLDER / f"{state}.made"
    if stamp.exists():
        return folder
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
            subprocess.run([*pip, "-r", REQUIREMENTS], check=True)
            stamp.touch()
    return folder


if __name__ == "__main__":
    with_packages()
