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
# Together they come to nearly every line of the kernels.
WATCHED = (
    "MWTA, torus beside borders",
    "MWTA beside a trace",
    "trace, three maps",
    "SparseDream, three maps",
    "SparseDream, four rules",
)
SCRIPT = """
import sys
from topodream import gpu_check
from topodream.engines import cupy, cupy_sparse_dream
if sys.argv[1] == "outside":
    cupy_sparse_dream.MOST_BYTES_OF_ONE_BLOCK = 0
    cupy.CupyEnsemble._most_shared_bytes = lambda ensemble: 6000
cases = {case.name: case for case in gpu_check.variants(5, 7, 400, 40, "float32")}
for case in map(cases.__getitem__, sys.argv[2:]):
    gpu_check.train_on_device(case.experiments(), case.starts(), case.samples(), cupy.find())
"""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_gpu_follows_the_reference(case):
    assert gpu_check.compare(case, cupy.find()).holds


@pytest.mark.skipif(
    shutil.which("compute-sanitizer") is None, reason="compute-sanitizer is not installed"
)
@pytest.mark.parametrize("where", ["in shared memory", "outside"])
@pytest.mark.parametrize("tool", ["memcheck", "racecheck", "initcheck", "synccheck"])
def test_the_sanitizer_sees_nothing(tool, where):
    """What a block keeps lies in shared memory or, as of large maps, outside."""
    command = ["compute-sanitizer", "--tool", tool, "--error-exitcode", "1", sys.executable, "-c"]
    done = subprocess.run(
        [*command, SCRIPT, where, *WATCHED],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "src") + os.pathsep + os.environ.get("PYTHONPATH", ""),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
