"""What planning a sweep takes: `snakemake --dry-run` by the number of trainings.

    python benchmarks/bench_planning.py                  this checkout
    python benchmarks/bench_planning.py . ../old         two checkouts, taking turns

Nothing is trained. Seconds of processor, and the most memory.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import yaml

SIZES = (100, 1000, 5000, 20_000, 100_000)
SEEDS = 10


class Spent(NamedTuple):
    """What a dry run took."""

    seconds: float
    mib: float


def main() -> None:
    """Plan in turn, print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    root = Path(__file__).resolve().parents[1]
    parser.add_argument("checkouts", type=Path, nargs="*", default=[root], help="folders (this)")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of trainings")
    parser.add_argument("--runs", type=int, default=3, help="of each; the median is printed (3)")
    parser.add_argument("--maps-per-job", type=int, help="instead of what config.yaml says")
    args = parser.parse_args()
    print("| trainings | " + " | ".join(f"{path}: s | MiB" for path in args.checkouts) + " |")
    print("|---|" + "---|---|" * len(args.checkouts))
    for size in args.sizes:
        taken: dict[Path, list[Spent]] = {path: [] for path in args.checkouts}
        for _ in range(args.runs):
            for path, spent in taken.items():
                spent.append(plan(path, size, args.maps_per_job))
        medians = [
            [statistics.median(each) for each in zip(*runs, strict=True)] for runs in taken.values()
        ]
        cells = " | ".join(f"{seconds:.1f} | {mib:.0f}" for seconds, mib in medians)
        print(f"| {size:,} | {cells} |", flush=True)


def plan(checkout: Path, size: int, maps_per_job: int | None) -> Spent:
    """Return what a dry run of a sweep over so many trainings takes."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as overlay:
        settings = sweep(size)
        yaml.safe_dump(
            settings if maps_per_job is None else settings | {"maps_per_job": maps_per_job}, overlay
        )
        overlay.flush()
        command = [sys.executable, "-m", "snakemake", "--configfile", overlay.name]
        process = subprocess.Popen(
            [*command, "--dry-run", "--quiet", "rules"],
            cwd=checkout,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
    planned = re.findall(r"^(?:train|measure)(?:_batch_\d+)? +\d+$", said, re.MULTILINE)
    if status or not planned:
        sys.exit(f"{checkout}: {said}")
    return Spent(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def sweep(size: int) -> dict[str, object]:
    """Return a config with a sweep of so many trainings, a multiple of SEEDS."""
    strengths = [round(0.01 + 0.0001 * step, 4) for step in range(size // SEEDS)]
    over = {"lateral.strength": strengths, "seed": list(range(SEEDS))}
    about = {"extends": "excited-20", "over": over, "measures": ["held_out_mse"]}
    return {"run": "many", "sweeps": {"many": about}}


if __name__ == "__main__":
    main()
