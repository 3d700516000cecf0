"""Write the tables of docs/gpu.md: agreement under emulation, and planted faults (ten minutes)."""

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

PAGE = ROOT / "docs" / "gpu.md"


def cases() -> list[Case]:
    """Return what is compared: every variant, small and larger, and the largest of each kind."""
    of_1600 = {"MWTA": 200, "MWTA, four maps": 64, "trace": 60, "SparseDream": 40}
    return [
        *gpu_check.variants(5, 7, 400, 40),
        *gpu_check.variants(20, 20, 400, 100, "float32"),
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
    """Compute both, and put them into the page."""
    text = PAGE.read_text()
    for name, table in {"agreement": agreement(), "faults": planted()}.items():
        before, begin, rest = text.partition(f"<!-- {name} -->")
        _, end, after = rest.partition(f"<!-- end of {name} -->")
        text = f"{before}{begin}\n\n{table}\n\n{end}{after}"
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
