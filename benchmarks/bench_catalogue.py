"""The whole catalogue as `make` makes it, from data to page: how long it takes, and what with."""

import os
import shutil
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from topodream.files.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ("Snakefile", "config.yaml", "findings.yaml", "workflow", "profiles", "src")
CORES = 2
# What a script does, by the beginning of its name; the first that fits.
PARTS = {
    "__main__": "Snakemake itself",
    "train": "training (of it, compiling once: see above)",
    "measure": "measures",
    "plot_": "figures",
    "render_": "GIFs",
    "": "data, settings, findings, page",
}
# Every Python process tells its seconds of processor when it ends; found on PYTHONPATH.
HOOK = """
import atexit, os, sys, time
def tell():
    with open(os.environ["STEP_SECONDS"], "a") as file:
        file.write(f"{os.path.basename(sys.argv[0])} {time.process_time()}\\n")
atexit.register(tell)
"""


def measure(folder: Path) -> dict[str, Any]:
    """Make everything that `run:` selects in a fresh copy of the project, twice.

    Returns
    -------
    dict
        ``seconds`` by the clock, of the first run and of one that finds all made; ``parts``:
        how many processes each part took and their seconds of processor.
    """
    project = folder / "catalogue"
    project.mkdir()
    for name in PROJECT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, project / name, ignore=_compiled)
        else:
            shutil.copy2(ROOT / name, project)
    (folder / "sitecustomize.py").write_text(HOOK)
    told = folder / "seconds"
    seconds = _make(project, {"PYTHONPATH": str(folder), "STEP_SECONDS": str(told)})
    again = _make(project, {})
    processes, processor = Counter[str](), defaultdict[str, float](float)
    for line in told.read_text().splitlines():
        script, spent = line.split()
        part = next(part for start, part in PARTS.items() if script.startswith(start))
        processes[part] += 1
        processor[part] += float(spent)
    return {
        "cores": CORES,
        "seconds": seconds,
        "seconds_again": again,
        "parts": [
            {"part": part, "processes": processes[part], "cpu_seconds": processor[part]}
            for part in PARTS.values()
        ],
    }


def _compiled(folder: str, names: list[str]) -> list[str]:  # noqa: ARG001
    return [name for name in names if name == "__pycache__"]


def _make(project: Path, environment: dict[str, str]) -> float:
    command = [sys.executable, "-m", "snakemake", "--cores", str(CORES), "--quiet", "all"]
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=project, env=kept | environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InputError(f"the catalogue could not be made: {done.stderr[-500:]}")
    return time.perf_counter() - started
