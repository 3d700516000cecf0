"""The caller's surroundings: what libraries would read there, and change results by."""

import os
from contextlib import AbstractContextManager, chdir, nullcontext
from pathlib import Path

# How many threads compute products: OpenBLAS, MKL, BLIS and what is built with OpenMP, Accelerate.
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def forget(*prefixes: str, but: str = "") -> None:
    """Drop variables of the environment by how their names begin, before a library reads them."""
    for name in [name for name in os.environ if name.startswith(prefixes) and name != but]:
        del os.environ[name]


def away_from(name: str) -> AbstractContextManager[None]:
    """Leave the working folder for a while if it has a file of that name, which isn't to be read.

    (Only then: a folder that was deleted, or may not be entered, can't be gone back to.)
    """
    is_there = os.access(name, os.F_OK)
    return chdir(Path(__file__).parent) if is_there else nullcontext()
