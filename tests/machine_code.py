"""Compiles the project once, beside its sources, for all copies of it that tests make.

python tests/machine_code.py <experiment>    # of config.yaml: compile kernels of its model
"""

import compileall
import fcntl
import functools
import os
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import numpy as np

ENGINES = Path(__file__).resolve().parents[1] / "src" / "topodream" / "engines"
# Of each model one.
EXPERIMENTS = ("digits-competition", "dream-wide")


@functools.cache
def keep():
    """See that bytecode and machine code of the sources as they are lie there; others wait for it.

    Another Numba takes the place of what one has compiled, another Python keeps its own beside it.
    """
    folder = ENGINES / "__pycache__"
    folder.mkdir(exist_ok=True)
    stamp = folder / f"{sys.implementation.cache_tag}.stamp"
    numba = metadata.version("numba")
    sources = max(path.stat().st_mtime for path in ENGINES.glob("*.py"))
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.stat().st_mtime < sources or stamp.read_text() != numba:
            compileall.compile_dir(ENGINES.parents[1], quiet=1)
            runs = [subprocess.Popen([sys.executable, __file__, name]) for name in EXPERIMENTS]
            assert [run.wait() for run in runs] == [0] * len(runs)
            stamp.write_text(numba)
    finally:
        os.close(lock)


def compile_for(name):
    """Train a small map for a moment, in each type of numbers."""
    sys.path.insert(0, str(ENGINES.parents[1]))
    import yaml

    from topodream.grid import Grid
    from topodream.plan.catalogue import resolve
    from topodream.training.loop import train

    root = ENGINES.parents[2]
    files = [(root / name).read_text() for name in ("config.yaml", "findings.yaml")]
    settings = {key: value for text in files for key, value in yaml.safe_load(text).items()}
    small = replace(
        resolve(settings).experiments[name], grid=Grid(2, 3), epochs=1, steps_per_epoch=10
    )
    for dtype in ("float32", "float64"):
        pixels = np.random.default_rng(0).integers(0, 256, (5, 8), np.uint8)
        train(replace(small, dtype=dtype), pixels, lambda *_: None, lambda *_: None)


if __name__ == "__main__":
    compile_for(sys.argv[1]) if sys.argv[1:] else keep()
