"""What a point of a sweep takes: seconds of processor, Snakemake included, by maps per job.

    python benchmarks/bench_sweep.py

Points of ``excited-20`` are trained and measured in a folder of their own, on one core.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from bench_planning import sweep

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Run a sweep with each number of maps per job, print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--points", type=int, default=40, help="points, a multiple of 10 (40)")
    parser.add_argument("--maps-per-job", type=int, nargs="+", default=[1, 20], help="(1 20)")
    args = parser.parse_args()
    print("| maps per job | seconds for each map |\n|---|---|")
    for size in args.maps_per_job:
        with tempfile.TemporaryDirectory() as folder:
            print(f"| {size} | {seconds(Path(folder), args.points, size):.2f} |", flush=True)


def seconds(folder: Path, n_points: int, maps_per_job: int) -> float:
    """Return the seconds of processor that each point takes; its data are there already."""
    overlay = folder / "sweep.yaml"
    overlay.write_text(yaml.safe_dump(sweep(n_points) | {"maps_per_job": maps_per_job}))
    make(folder, "results/data/pan.h5")
    before = spent()
    make(folder, "results/sweeps/many.json")
    return (spent() - before) / n_points


def make(folder: Path, target: str) -> None:
    """Run Snakemake in a folder, with the config that lies there."""
    command = [sys.executable, "-m", "snakemake", target, "--cores", "1", "--quiet", "all"]
    places = ["--snakefile", ROOT / "Snakefile", "--directory", folder]
    subprocess.run([*command, *places, "--configfile", folder / "sweep.yaml"], check=True)


def spent() -> float:
    """Return the seconds of processor of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
