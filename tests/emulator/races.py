"""Looks for races: runs a script in a copy of a Python with ThreadSanitizer loaded."""

import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import forking

from emulator import building

TESTS = Path(__file__).parents[1]
END = "the end of the script"
# A report begins with a line that says so; its frames name functions and lines of kernels.
REPORT = re.compile(
    r"(?:WARNING|ERROR): ThreadSanitizer: (?P<what>data race|\w+).*?(?:\n=====|\n==\d+==ABORTING)",
    re.DOTALL,
)
FRAME = re.compile(r"#0 (?P<function>\w+).*? (?:\S*/)?(?P<place>\w+\.cu:\d+)")


# What a script imports, of which nothing is the project's.
PACKAGES = "import h5py, jsonschema, numpy, yaml"
TO_FOLDER = "import ctypes\nctypes.CDLL(None).__sanitizer_set_report_path({path!r}.encode())\n"


class StoppedError(RuntimeError):
    """The script ended by an error, before it showed a race."""


def missing() -> str | None:
    """Return why races can't be looked for, or None."""
    if reason := building.missing():
        return reason
    return None if _library() else "g++ has no libtsan"


def _library() -> Path | None:
    """Return ThreadSanitizer's library, which has to be loaded before anything else."""
    command = [building.COMPILER, "-print-file-name=libtsan.so"]
    found = Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    return found.resolve() if found.is_absolute() and found.exists() else None


def find(script: str, sources: Path = TESTS.parent / "src") -> list[str]:
    """Run a script, whose stand-ins have ``races=True``; return what was found, in order.

    Parameters
    ----------
    script : str
        What Python runs; it imports the project from ``sources``.
    sources : Path

    Returns
    -------
    list of str
        What happened (a race, or an access to memory that isn't there), and the lines of a kernel at which: "data race at cupy.cu:40, cupy.cu:43".
    """
    with tempfile.TemporaryDirectory() as folder:
        code = TO_FOLDER.format(path=f"{folder}/report") + f"{script}\nprint({END!r})"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(sources)])}
        done = forking.ask(_watched(), folder, ["-c", code], environment, "")
        logs = [path.read_text() for path in sorted(Path(folder).iterdir())]
    found = [report for log in logs for report in _reports(log)]
    # ThreadSanitizer can end a process without a word, and with status 0.
    if not found and not done.stdout.endswith(f"{END}\n"):
        raise StoppedError(done.stderr)
    return found


@functools.cache
def _watched() -> str:
    """Return the socket of a process whose copies ThreadSanitizer watches."""
    environment = {
        **os.environ,
        "LD_PRELOAD": str(_library()),
        # Of memory that is used again every race is told, not only the first.
        "TSAN_OPTIONS": "exitcode=0 report_thread_leaks=0 suppress_equal_addresses=0",
        "OPENBLAS_NUM_THREADS": "1",  # or there would be no copies
    }
    # ThreadSanitizer wants memory at places that random addresses may take.
    fixed = ["setarch", "-R"] if shutil.which("setarch") else []
    return forking.listening("races", PACKAGES, forking.RUN_SCRIPT, fixed, environment)


def _reports(log: str) -> Iterator[str]:
    for found in REPORT.finditer(log):
        places = dict.fromkeys(frame["place"] for frame in FRAME.finditer(found[0]))
        yield f"{found['what'].strip()} at {', '.join(places)}"
