"""Lets scripts and the workflow find the emulator as ``cupy``: with this folder on PYTHONPATH."""

import sys

from emulator.stand_in import StandIn

sys.modules[__name__] = StandIn()  # type: ignore[assignment]
