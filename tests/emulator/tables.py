"""Write the tables of docs/gpu-evidence.md: agreement under emulation, and planted faults (ten minutes).

And that of docs/model.md: agreement of the fast engines.
"""

import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parent
sys.path[:0] = [str(TESTS), str(ROOT / "src")]

from emulator import faults  # noqa: E402
from emulator.stand_in import StandIn  # noqa: E402
from topodream import gpu_check  # noqa: E402
from topodream.gpu_check import Case  # noqa: E402

DOCS = ROOT / "docs"
# Learning rates that no experiment may have.
BEYOND_THE_SCHEMA = ("SparseDream, pruned", "SparseDream, one of two maps diverges")


def variants() -> list[Case]:
    """Return every variant, small and larger, and what images may be like."""
    return [
        *gpu_check.variants(5, 7, 400, 40),
        *gpu_check.of_images(5, 7, 40),
        *gpu_check.variants(20, 20, 400, 100, "float32"),
        *gpu_check.of_images(20, 20, 100, "float32"),
        # In float64: of so many units two can be nearer to each other than a float can say.
        *gpu_check.of_images(40, 40, 40),
    ]


def cases() -> list[Case]:
    """Return what is compared under emulation: all of them, and the largest of each kind."""
    of_1600 = {"MWTA": 200, "MWTA, four maps": 64, "trace": 60, "SparseDream": 40}
    return [
        *variants(),
        *(
            case
            for name, n_steps in of_1600.items()
            for case in gpu_check.variants(40, 40, 784, n_steps)
            if case.name == name
        ),
        Case("MWTA", (gpu_check.MWTA,), 100, 100, 3072, "float32", 8),
    ]


def agreement() -> str:
    """Return the table of agreement, computed in orders of threads and blocks that vary."""
    found = []
    for number, case in enumerate(cases()):
        print(f"{case.name}, {case.rows * case.cols} units", flush=True)
        found.append(gpu_check.compare(case, StandIn(order=number)))
    return gpu_check.agreement_table(found)


def agreement_of_fast() -> str:
    """Return the table of agreement of the fast engines with the reference."""
    some = [case for case in variants() if case.name not in BEYOND_THE_SCHEMA]
    return gpu_check.agreement_table([gpu_check.compare_fast(case) for case in some])


def planted() -> str:
    """Return the table of faults: which check sees each."""
    lines = [
        f"| fault | {' | '.join(faults.CHECKS)} |",
        "|---|" + "---|" * len(faults.CHECKS),
    ]
    for fault in faults.all_faults():
        print(fault.name, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            seen = faults.look(fault.plant(Path(folder)), fault.case)
        words = {faults.EMULATOR: "error", faults.RACES: "race"}
        marks = [words.get(check, "differs") if check in seen else "" for check in faults.CHECKS]
        lines.append(f"| {fault.name} | {' | '.join(marks)} |")
    return "\n".join(lines)


def main() -> None:
    """Compute all, and put them into the pages."""
    put("model.md", "fast", agreement_of_fast())
    put("gpu-evidence.md", "agreement", agreement())
    put("gpu-evidence.md", "faults", planted())


def put(page: str, name: str, table: str) -> None:
    """Put a table between its markers in a page."""
    path = DOCS / page
    before, begin, rest = path.read_text().partition(f"<!-- {name} -->")
    _, end, after = rest.partition(f"<!-- end of {name} -->")
    path.write_text(f"{before}{begin}\n\n{table}\n\n{end}{after}")


if __name__ == "__main__":
    main()
