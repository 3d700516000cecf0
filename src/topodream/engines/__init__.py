"""What runs a training loop: engines behind one interface, chosen by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from topodream.config import Experiment, Mwta, SparseDream
from topodream.grid import Floats
from topodream.models import State, mwta, sparse_dream

# A step's mean squared error beyond which a map has diverged. Samples are in [0, 1]; maps
# that find their way are known to begin with errors of some thousands.
LARGEST_ERROR = 1e12

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Tally:
    """What is counted over a stretch of steps.

    Attributes
    ----------
    steps : int
        Steps done: fewer than asked for where the map diverged.
    measured : int
        Steps whose error was measured: all for MWTA; for SparseDream, unless it was to be
        thorough, one in MEASURE_EVERY.
    squared_error : float
        Sum over those steps of the mean squared reconstruction error before each update.
    wins : (n_units,) int64
        Steps that the unit won: where it was among the winners (SparseDream: the most active
        one) and its answer was not 0.
    activity : (n_units,) float64
        Sum of the unit's activity over steps.
    last_error : float
        Mean squared error of the last step, the one that was not done where the map diverged.
    """

    steps: int
    measured: int
    squared_error: float
    wins: Integers
    activity: Floats
    last_error: float


class Engine(Protocol):
    """A training loop. It may round differently from another, never learn otherwise."""

    @property
    def state(self) -> State:
        """The state after the last epoch."""

    def advance(
        self, order: Integers, tick: Callable[[int], object], thorough: bool = False
    ) -> Tally:
        """Show an epoch's samples, numbered in ``order``, one by one, and learn from each.

        ``tick`` is called now and then with the number of steps done since the last call.
        If ``thorough``, the error of every step is measured.
        Before a step whose error is beyond LARGEST_ERROR, or no number, it stops; the state
        is of no use then.
        """


def create(experiment: Experiment, state: State, pixels: Bytes) -> Engine:
    """Return the engine that an experiment names.

    Parameters
    ----------
    experiment : Experiment
    state : State
        Where training starts; the engine takes it over.
    pixels : (n_samples, n_inputs) uint8
        All samples; a pixel's value is byte / 255.
    """
    # Each engine is imported when it is asked for: Numba takes a third of a second.
    settings, fast = experiment.settings, experiment.engine == "fast"
    if isinstance(settings, Mwta) and isinstance(state, mwta.State):
        if fast:
            from topodream.engines.fast_mwta import FastMwta

            return FastMwta(experiment, settings, state, pixels)
        from topodream.engines.reference import ReferenceMwta

        return ReferenceMwta(experiment, settings, state, pixels)
    if isinstance(settings, SparseDream) and isinstance(state, sparse_dream.State):
        if fast:
            from topodream.engines.fast_sparse_dream import FastSparseDream

            return FastSparseDream(experiment, settings, state, pixels)
        from topodream.engines.reference import ReferenceSparseDream

        return ReferenceSparseDream(experiment, settings, state, pixels)
    raise TypeError(f"the state of another model than {experiment.model}")


def levels(dtype: str) -> Floats:
    """Return the value of each byte of a pixel: (256,)."""
    values: Floats = np.arange(256, dtype=np.uint8).astype(dtype) / 255
    return values
