"""Snakemake, but it asks after its jobs every second.

The executor for SLURM waits ten seconds longer each time that nothing has ended, up to three
minutes. That spares a scheduler of thousands of jobs, and would be most of what these tests take.
"""

import asyncio
import sys

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor


async def a_second(executor: RemoteExecutor) -> None:
    """Wait until it is time to ask again."""
    await asyncio.sleep(1)


if __name__ == "__main__":
    RemoteExecutor.sleep = a_second
    sys.exit(main())
