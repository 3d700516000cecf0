"""An operating system that refuses, for scripts that tests run: see refuse.c."""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

COMPILER = shutil.which("gcc") or shutil.which("cc")


def surroundings(folder, refused=""):
    """The environment in which it refuses, compiled into a folder; skips where that can't be.

    ``refused`` is "CALL NTH ERRNO TEXT", see refuse.c; nothing is refused without it.
    """
    if COMPILER is None or sys.platform != "linux":
        pytest.skip("needs Linux and a C compiler")
    library = folder / "refuse.so"
    if not library.exists():
        source = ROOT / "tests" / "refuse.c"
        subprocess.run([COMPILER, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return {**os.environ, "LD_PRELOAD": str(library), "REFUSE": refused}
