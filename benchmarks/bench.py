"""Measure how fast training is, and what it needs; renew docs/performance.* with it.

Steps per second of both engines and of the notebooks' arithmetic on one thread, two trainings at
once, whole trainings with their memory, the whole catalogue, and libraries for self-organising
maps where they are installed. The data are the digits that come with the package. Takes some ten minutes, during which
the machine should do nothing else; --quick takes less than one, and is to see that all works.

Written to the folder: performance.json (all numbers), performance.png, and the tables in
performance.md, between its markers; what else that page says stays.
"""

import argparse
import dataclasses
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import threadpoolctl

# The package is beside, not installed.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import bench_catalogue
import bench_jobs
import bench_report
import som_libraries
from bench_steps import (
    DENSITIES,
    NOTEBOOK,
    Effort,
    compare,
    density,
    ratios,
    spread,
    two_at_once,
    warm,
)

from topodream.arrays import Bytes
from topodream.data import mnist
from topodream.data.eye import Eye
from topodream.data.pan import Walk, pan_content
from topodream.data.tapestry import tapestry_content
from topodream.files import cli
from topodream.files.storage import (
    Content,
    check_writable,
    read_json,
    write_hdf5,
    write_json,
    write_text,
)
from topodream.files.strict import read_yaml
from topodream.origin import provenance
from topodream.pictures import saving
from topodream.plan import catalogue
from topodream.settings.config import Experiment

ROOT = bench_jobs.ROOT
FULL, QUICK = Effort(rounds=7, turn=0.5), Effort(rounds=2, turn=0.05, warm_up=500)
QUICK_EXPERIMENTS = ("excited-20", "dream-symmetric")
TWO_AT_ONCE = ("digits-competition", "dream-symmetric")
LIBRARY_ROUNDS = 3
LIBRARY_STEPS = 40_000  # of our engine, in each of these rounds
FILES = {kind: f"performance.{kind}" for kind in ("json", "md", "png")}
EMPTY_PAGE = f"# Performance\n\n{bench_report.BEGIN}\n{bench_report.END}\n"


def main() -> None:
    """Measure, write the three files."""
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="few, short rounds; no catalogue, no libraries"
    )
    parser.add_argument(
        "--only-catalogue", action="store_true", help="keep all other numbers as they are"
    )
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs", help="the folder to write to (docs)"
    )
    args = parser.parse_args()
    check(args)
    with tempfile.TemporaryDirectory() as folder, threadpoolctl.threadpool_limits(1):
        if args.only_catalogue:
            found = say(bench_catalogue.measure(Path(folder)))
            measured = read_json(args.output / FILES["json"]) | {"catalogue": found}
        else:
            measured = measure(args.quick, Path(folder))
    write(measured, args.output)


def check(args: argparse.Namespace) -> None:
    """Make sure that all can be written, before minutes are spent."""
    for name in FILES.values():
        check_writable(args.output / name)
    bench_report.put_between(page(args.output), "")


def page(folder: Path) -> str:
    """Return the page whose tables are to be renewed."""
    path = folder / FILES["md"]
    return path.read_text(encoding="utf-8") if path.exists() else EMPTY_PAGE


def write(measured: dict[str, Any], folder: Path) -> None:
    """Write the numbers, the picture, the page."""
    write_json(folder / FILES["json"], rounded(measured))
    note = f"made by benchmarks/bench.py; {bench_report.machine_text(measured['machine'])}"
    saving.save(bench_report.picture(measured), folder / FILES["png"], note)
    text = bench_report.put_between(page(folder), bench_report.report(measured))
    write_text(folder / FILES["md"], text)


def rounded(value: Any) -> Any:
    """Return what was measured with four digits of every number: there are no more in it."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


# ------------------------------------------------------------------ measuring


def measure(quick: bool, folder: Path) -> dict[str, Any]:
    """Measure everything; ``folder`` is for data sets and models."""
    effort, names = (QUICK, QUICK_EXPERIMENTS) if quick else (FULL, tuple(NOTEBOOK))
    densities = DENSITIES[:2] if quick else DENSITIES
    shipped = catalogue.resolve(read_yaml(ROOT / "config.yaml"))
    experiments = dict(shipped.experiments)
    digits = mnist.mnist_content("embedded", mnist.read_embedded())
    pixels = {
        "digits": training_pixels(digits),
        "pan": training_pixels(pan(shipped.datasets, digits, folder)),
    }

    def of(name: str) -> tuple[Experiment, Bytes]:
        return experiments[name], pixels[experiments[name].dataset]

    return {
        "quick": quick,
        "machine": machine(),
        "steps": [say(compare(*of(name), effort)) for name in names],
        "densities": [
            say(density(experiments["digits-competition"], case, effort)) for case in densities
        ],
        "threads": [say(two_at_once(*of(name), effort)) for name in TWO_AT_ONCE],
        "jobs": [
            say(bench_jobs.measure(job, folder))
            for job in bench_jobs.jobs(experiments, digits, folder, quick)
        ],
        "catalogue": None if quick else say(bench_catalogue.measure(folder)),
        # Last, as it tells PyTorch for good to use one thread.
        "libraries": None if quick else say(libraries(*of("digits-competition"), effort)),
    }


def say(result: dict[str, Any]) -> dict[str, Any]:
    """Print a result, as the next one takes a while."""
    print(rounded(result), flush=True)
    return result


def training_pixels(content: Content) -> Bytes:
    """Return the samples to train on: (n_samples, n_inputs)."""
    pixels = content.arrays["train/pixels"]
    return pixels.reshape(len(pixels), -1)


def pan(sections: Any, digits: Content, folder: Path) -> Content:
    """Make the windows that pan over a tapestry of digits, as the workflow does."""
    files = {name: folder / f"{name}.h5" for name in ("digits", "tapestry")}
    write_hdf5(files["digits"], digits, bench_jobs.ORIGIN)
    tapestry = tapestry_content(files["digits"], sections["tapestry"]["side"])
    write_hdf5(files["tapestry"], tapestry, bench_jobs.ORIGIN)
    section = sections["pan"]
    walk = Walk(**{key.name: section[key.name] for key in dataclasses.fields(Walk)})
    n_frames = {"train": section["frames"], "held_out": section["held_out_frames"]}
    return pan_content(files["tapestry"], walk, Eye.of(section), n_frames)


def libraries(experiment: Experiment, pixels: Bytes, effort: Effort) -> dict[str, Any]:
    """Measure libraries for self-organising maps, and our engine in the same rounds."""
    training = warm(experiment, pixels, "float32", effort)
    samples = (pixels / 255).astype(np.float32)
    ours, found, missing = [], {}, []
    rates: dict[str, list[float]] = {}
    for _ in range(LIBRARY_ROUNDS):
        train = training.prepare(LIBRARY_STEPS)
        started = time.process_time()
        train()
        ours.append(LIBRARY_STEPS / (time.process_time() - started))
        results, missing = som_libraries.measure(samples, experiment.grid.rows, 1)
        for result in results:
            found[result.name] = result
            rates.setdefault(result.name, []).append(result.samples_per_cpu_second)
    return {
        "ours": dataclasses.asdict(spread(ours)),
        "libraries": [
            {
                "name": name,
                "version": result.version,
                "note": result.note,
                "samples_per_cpu_second": dataclasses.asdict(spread(rates[name])),
                "ours_over_it": dataclasses.asdict(ratios(ours, rates[name])),
            }
            for name, result in found.items()
        ],
        "missing": missing,
    }


def machine() -> dict[str, Any]:
    """Return what was measured on: processor, cores that may be used, versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    versions = json.loads(provenance.versions("train.py"))
    return {"processor": processor(), "cores": cores, **versions}


def processor() -> str:
    """Return the processor's name, where Linux tells it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    cli.run(main)
