"""Whole trainings as the workflow runs them: ``python src/train.py``, its seconds and memory."""

import dataclasses
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from topodream.files.errors import InputError
from topodream.files.storage import Content, write_hdf5, write_text
from topodream.settings import config
from topodream.settings.config import Experiment

ROOT = Path(__file__).resolve().parents[1]
LAUNCH = Path(__file__).with_name("launch.py")
ORIGIN = {"made_by": "benchmarks/bench.py"}
# The embedded digits, so many times, are as many as MNIST has to train on.
COPIES = 15


@dataclass(frozen=True)
class Job:
    """A training, ``runs`` times; ``compiled`` says whether it finds its loops compiled."""

    name: str
    experiment: Experiment
    data: Path
    runs: int
    compiled: bool = True


def jobs(
    experiments: dict[str, Experiment], digits: Content, folder: Path, quick: bool
) -> list[Job]:
    """Return the jobs to measure, and write the data sets that they learn."""
    competition, dream = experiments["digits-competition"], experiments["dream-symmetric"]
    one_step = dataclasses.replace(competition, epochs=1, steps_per_epoch=1)
    small = folder / "digits.h5"
    write_hdf5(small, digits, ORIGIN)
    if quick:
        return [Job("a single step", one_step, small, 1)]
    large = folder / "repeated.h5"
    write_hdf5(large, repeated(digits, COPIES), ORIGIN)
    return [
        Job("a single step", one_step, small, 3),
        Job("a single step, compiling first", one_step, small, 1, compiled=False),
        Job("digits-competition", competition, small, 3),
        Job("digits-competition, 60,000 digits", competition, large, 3),
        Job("dream-symmetric", dream, small, 3),
    ]


def repeated(digits: Content, copies: int) -> Content:
    """Return a data set in which every training digit stands several times."""
    arrays = {
        name: np.concatenate([array] * copies) if name.startswith("train/") else array
        for name, array in digits.arrays.items()
    }
    return dataclasses.replace(digits, arrays=arrays)


def measure(job: Job, folder: Path) -> dict[str, Any]:
    """Run a job; return the median of its seconds and the most memory that it took, MiB."""
    settings, output = folder / "settings.yaml", folder / "model.h5"
    write_text(settings, yaml.safe_dump(config.to_mapping(job.experiment), sort_keys=False))
    script = ROOT / "src" / "train.py"
    options = ["--data", job.data, "--config", settings, "--output", output]
    command = [sys.executable, LAUNCH, sys.executable, script, *options]
    environment = dict(os.environ)
    if not job.compiled:
        environment["NUMBA_CACHE_DIR"] = str(folder / "nothing compiled")
    runs = [_run(command, environment) for _ in range(job.runs)]
    return {
        "job": job.name,
        "steps": job.experiment.epochs * job.experiment.steps_per_epoch,
        "seconds": statistics.median(run["seconds"] for run in runs),
        "peak_mib": max(run["peak_mib"] for run in runs),
    }


def _run(command: list[str | Path], environment: dict[str, str]) -> dict[str, float]:
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise InputError(f"a training failed with status {done.returncode}, see above")
    measured: dict[str, float] = json.loads(done.stdout)
    return measured
