"""Check that a GPU computes what the reference does, and measure how fast it is.

Some minutes on a machine with an NVIDIA GPU and CuPy (docs/gpu.md). Trains small maps of every
variant by both, alone and several in one launch, and a map of 10,000 units; then times maps of
several sizes beside the fast engine on one thread of the CPU. Ends with status 1 if anything
differs by more than rounding explains, or if there is no GPU.
"""

import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

# Beside this script lies what it imports, whatever PYTHONSAFEPATH and PYTHONPATH say.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from tqdm import tqdm

from topodream import gpu_check
from topodream.engines import cupy
from topodream.files import cli
from topodream.files.errors import InputError
from topodream.files.storage import check_writable, write_json, write_text
from topodream.origin import notes, provenance


def main() -> None:
    """Compare, time, and write what was found."""
    parser = cli.parser(__doc__)
    parser.add_argument("--output", type=Path, required=True, help="the .json file to write")
    parser.add_argument("--report", type=Path, required=True, help="the .md file to write")
    parser.add_argument(
        "--seconds", type=cli.real(0.001, 60), default=1, help="least time for each rate, default 1"
    )
    args = cli.parse(parser)

    check_writable(args.report)
    xp = cupy.find()
    started = time.monotonic()
    device = cupy.describe(xp)
    print(f"Computes on {device}", flush=True)
    agreements = _agreements(xp)
    n_failed = sum(not one.holds for one in agreements)
    print(f"{len(agreements) - n_failed} of {len(agreements)} variants hold", flush=True)
    rates = _rates(xp, args.seconds)
    content = {
        "device": device,
        "software": cupy.software(xp),
        "seconds": round(time.monotonic() - started, 1),
        "all_hold": n_failed == 0,
        "agreements": [gpu_check.as_mapping(one) for one in agreements],
        "rates": [gpu_check.as_mapping(one) for one in rates],
    }
    report = gpu_check.report(content, agreements, rates)
    print(f"\n{report}", end="")
    origin = provenance.origin(cli.options(args), gpu_check.MODULES)
    write_json(args.output, {**content, **origin})
    write_text(args.report, notes.comment(".md", origin) + report)
    if n_failed:
        raise InputError(f"{n_failed} of {len(agreements)} variants fail, see {args.report}")


def _agreements(xp: Any) -> list[gpu_check.Agreement]:
    """Compare all cases, and say at once what fails; all CPUs compute what they are compared with."""
    cases = gpu_check.agreements()
    found = []
    # New processes: a copy of this one could not use the device.
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        trues = pool.map(gpu_check.by_reference, cases)
        for case, true in zip(_shown("compare", cases), trues, strict=True):
            found.append(gpu_check.compare(case, xp, true))
            if not found[-1].holds:
                print(gpu_check.agreement_table(found[-1:]), flush=True)
    return found


def _rates(xp: Any, seconds: float) -> list[gpu_check.Rate]:
    """Time all cases; each is told at once, so a check that is cut off has told that."""
    found = []
    for case in _shown("time", gpu_check.sizes()):
        found.append(gpu_check.rate(case, xp, seconds))
        tqdm.write(f"{found[-1].steps_per_second:,.0f} steps/s")
    return found


def _shown(what: str, cases: list[gpu_check.Case]) -> Any:
    """Show progress: a bar on a terminal, a line for each case elsewhere."""
    bar = tqdm(cases, desc=what, disable=None)
    for case in bar:
        if bar.disable:
            print(f"{what}: {case.name}, {case.n_maps} x {case.rows * case.cols} units", flush=True)
        else:
            bar.set_postfix_str(case.name)
        yield case


if __name__ == "__main__":
    cli.run(main)
