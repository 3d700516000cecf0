"""topodream: small topographic neural maps, trained reproducibly.

``topodream.train(images)`` trains a map on an array, see docs/library.md; the workflow and its
scripts do all else.
"""

import importlib
import os
import sys
from pathlib import Path
from typing import Any

from topodream.surroundings import THREADS, forget

__version__ = "1.0.0"

# As what processor NumPy and BLAS compute, in how many threads, and how letters are drawn, is not
# for the caller of a script to say; libraries look when they are loaded, which is after this.
# (Snakemake, which imports the package too, hands variables on to the jobs of other workflows.)
if Path(sys.argv[0]).resolve().parent == Path(__file__).resolve().parents[1]:
    forget("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES")
    forget("FREETYPE_PROPERTIES")
    # Sums that are split otherwise round otherwise; and threads that wait for small products keep a
    # processor busy.
    os.environ |= dict.fromkeys(THREADS, "1")

LIBRARY = ("train", "respond", "save", "read")


def __getattr__(name: str) -> Any:
    """Load the functions for notebooks when they are asked for: no script depends on them."""
    if name in LIBRARY:
        return getattr(importlib.import_module(f"{__name__}.library"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
