import contextlib
import copy
import os
import sys
from pathlib import Path

import h5py
import hypothesis
import numpy as np
import pytest
import threadpoolctl
import yaml

from topodream.data import mnist
from topodream.files.storage import seal
from topodream.plan import catalogue as catalogues

# The same examples at every run: a test fails when the code is wrong, not when luck has it.
# To look further: pytest --hypothesis-profile=default
hypothesis.settings.register_profile("same examples", derandomize=True)
hypothesis.settings.load_profile("same examples")

ROOT = Path(__file__).resolve().parents[1]

# Scripts run hundreds of times: each would compile the package anew, and each worker the tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Files that run the workflow, scripts, a browser or an emulated GPU, longest first. What is quick
# comes after them, so that all processes end together. `make test-fast` leaves these out, and single
# tests that are marked.
SLOW = (
    "peaks", "workflow", "gpu_checks", "snippets", "batch_runs", "extending", "scripts", "cache",
    "page_access", "fuzz", "laboratory_browser", "papers", "kills", "checkpoints", "page_browser",
    "gpu_emulated", "surroundings", "refusals", "same_content", "gpu_workflow", "products", "module",
    "bench", "compare_browser", "cli", "charts_browser", "library", "emulator",
)  # fmt: skip
# The longest of the others come first among them.
NEXT = (
    "pictures",
    "engines",
    "page",
    "resources",
    "config",
    "measures",
    "preference_maps",
    "kinds",
)


def _paths(names):
    return [ROOT / "tests" / f"test_{name}.py" for name in names]


def pytest_ignore_collect(collection_path, config):
    """Import no file of which all is left out."""
    return (config.option.markexpr == "not slow" and collection_path in _paths(SLOW)) or None


@pytest.hookimpl(tryfirst=True)  # before tests are left out by their marks
def pytest_collection_modifyitems(items):
    places = {path: place for place, path in enumerate(_paths(SLOW + NEXT))}
    assert all(path.exists() for path in places), "SLOW or NEXT name a file that is not there"
    items.sort(key=lambda item: places.get(item.path, len(places)))
    slow = set(_paths(SLOW))
    for item in items:
        if item.path in slow:
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish():
    """Let BLAS have one thread in this process, now that all tests have imported what they need.

    With more it waits for each by trying again, which takes most of the time of small products.
    """
    threadpoolctl.threadpool_limits(1)


@contextlib.contextmanager
def forged(path):
    """Change an HDF5 file and give it the digest of its new content: a reader has to look."""
    with h5py.File(path, "a") as file:
        yield file
    raw = bytearray(path.read_bytes())
    seal(raw)
    path.write_bytes(raw)


@pytest.fixture(scope="session")
def shipped_config():
    """The content of the project's own configuration; copy before changing it."""
    files = [ROOT / "config.yaml", ROOT / "findings.yaml"]
    return {key: value for file in files for key, value in yaml.safe_load(file.read_text()).items()}


@pytest.fixture(scope="session")
def catalogue(shipped_config):
    return catalogues.resolve(shipped_config)


@pytest.fixture
def some_config(shipped_config):
    """A copy to change."""
    return copy.deepcopy(shipped_config)


NO_FINDINGS = {"seeds": [0], "statements": {}}


@pytest.fixture
def small_experiment(some_config):
    """A function: an experiment of 4 x 5 units with some settings changed, resolved alone."""
    nothing_else = {"groups": {}, "selections": {}, "sweeps": {}, "findings": NO_FINDINGS}

    def make(**changes):
        small = {
            "dataset": "digits",
            "grid": {"rows": 4, "cols": 5},
            "dtype": "float64",
            "epochs": 2,
            "steps_per_epoch": 30,
            **changes,
        }
        alone = {**some_config, **nothing_else, "experiments": {"small": small}, "run": ["small"]}
        return catalogues.resolve(alone).experiments["small"]

    return make


@pytest.fixture(scope="session")
def digits():
    """The embedded digits as the data-set file would hold them."""
    content = mnist.mnist_content("embedded", mnist.read_embedded())
    return dict(content.arrays)


@pytest.fixture(scope="session")
def vectors(digits):
    """The first 1,000 embedded training digits: (1000, 784) in [0, 1], float64."""
    return digits["train/pixels"][:1000].reshape(1000, -1).astype(np.float64) / 255
