"""What can only be seen on a GPU: skipped where there is none.

check_gpu.py compares larger maps. Needs CuPy and what tests/conftest.py imports:

    PYTHONPATH=src python -m pytest tests/test_on_gpu.py
"""

import os
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

from topodream import gpu_check
from topodream.engines import cupy
from topodream.files.errors import InputError


def missing():
    try:
        cupy.find()
    except InputError as error:
        return str(error)
    return ""


pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())
CASES = [*gpu_check.variants(5, 7, 400, 40), *gpu_check.of_images(5, 7, 40)]
# They come to every line of the kernels.
WATCHED = ("MWTA, four maps", "trace, three maps", "SparseDream, four rules")
SCRIPT = """
import sys
from topodream import gpu_check
from topodream.engines import cupy, cupy_sparse_dream
cupy_sparse_dream.MOST_BYTES_OF_ONE_BLOCK = int(sys.argv[1])
for case in gpu_check.variants(5, 7, 400, 40, "float32"):
    if case.name in sys.argv[2:]:
        gpu_check.train_on_device(case.experiments(), case.starts(), case.samples(), cupy.find())
"""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_gpu_follows_the_reference(case):
    assert gpu_check.compare(case, cupy.find()).holds


@pytest.mark.skipif(
    shutil.which("compute-sanitizer") is None, reason="compute-sanitizer is not installed"
)
@pytest.mark.parametrize("most_bytes_of_one_block", [0, 2**20])
@pytest.mark.parametrize("tool", ["memcheck", "racecheck", "initcheck", "synccheck"])
def test_the_sanitizer_sees_nothing(tool, most_bytes_of_one_block):
    command = ["compute-sanitizer", "--tool", tool, "--error-exitcode", "1", sys.executable, "-c"]
    done = subprocess.run(
        [*command, SCRIPT, str(most_bytes_of_one_block), *WATCHED],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "src") + os.pathsep + os.environ.get("PYTHONPATH", ""),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
