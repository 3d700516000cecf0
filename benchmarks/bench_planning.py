"""How long Snakemake takes to plan a sweep: `snakemake --dry-run` by the number of trainings.

    python benchmarks/bench_planning.py                  this checkout
    python benchmarks/bench_planning.py . ../old         two checkouts, taking turns

Nothing is trained. A training is three jobs: settings, map, measures.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

SIZES = (100, 1000, 2000, 5000)
SEEDS = 10


def main() -> None:
    """Time dry runs in turn, print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    root = Path(__file__).resolve().parents[1]
    parser.add_argument("checkouts", type=Path, nargs="*", default=[root], help="folders (this)")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of trainings")
    parser.add_argument("--runs", type=int, default=3, help="of each; the median is printed (3)")
    args = parser.parse_args()
    print("| trainings | " + " | ".join(f"{path}, s" for path in args.checkouts) + " |")
    print("|---|" + "---|" * len(args.checkouts))
    for size in args.sizes:
        taken: dict[Path, list[float]] = {path: [] for path in args.checkouts}
        for _ in range(args.runs):
            for path, seconds in taken.items():
                seconds.append(plan(path, size))
        medians = [f"{statistics.median(seconds):.1f}" for seconds in taken.values()]
        print(f"| {size:,} | {' | '.join(medians)} |", flush=True)


def plan(checkout: Path, size: int) -> float:
    """Return the seconds of a dry run of a sweep over so many trainings."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as overlay:
        yaml.safe_dump(sweep(size), overlay)
        overlay.flush()
        command = [sys.executable, "-m", "snakemake", "--configfile", overlay.name]
        started = time.perf_counter()
        done = subprocess.run(
            [*command, "--dry-run", "--quiet", "rules"],
            cwd=checkout,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - started
    said = (done.stdout + done.stderr).split()
    if done.returncode or said[said.index("train") + 1] != str(size):
        sys.exit(f"{checkout}: {done.stdout}{done.stderr}")
    return seconds


def sweep(size: int) -> dict[str, object]:
    """Return a config with a sweep of so many trainings, a multiple of SEEDS."""
    strengths = [round(0.01 + 0.0001 * step, 4) for step in range(size // SEEDS)]
    over = {"lateral.strength": strengths, "seed": list(range(SEEDS))}
    about = {"extends": "excited-20", "over": over, "measures": ["held_out_mse"]}
    return {"run": "many", "sweeps": {"many": about}}


if __name__ == "__main__":
    main()
