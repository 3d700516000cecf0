"""Run a command; print how long it took and its peak memory, as JSON.

On Linux a process starts with the peak memory of the process that starts it. Commands are
therefore measured from this small process, not from the benchmark, whose matrices are large.
"""

import json
import os
import subprocess
import sys
import time


def main() -> None:
    """Run the command that the arguments are; end with its status."""
    started = time.perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    per_mib = 2**20 if sys.platform == "darwin" else 2**10  # macOS counts bytes, Linux KiB
    print(json.dumps({"seconds": seconds, "peak_mib": usage.ru_maxrss / per_mib}))
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
